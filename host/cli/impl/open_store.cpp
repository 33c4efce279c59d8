#include "cli/impl/open_store.hpp"

#include <filesystem>

#include "log/log.hpp"
#include "store/migrate.hpp"

namespace patchbay::cli {

std::unique_ptr<store::Store> open_store(const config::Config& config) {
  std::filesystem::create_directories(config.state_dir);
  store::Store::Options options;
  options.url = config.store_url;
  options.sessions = 1;
  auto store = store::Store::open(std::move(options), log::Logger::none());
  store::migrate(*store);
  return store;
}

}  // namespace patchbay::cli
