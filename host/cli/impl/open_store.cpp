#include "cli/impl/open_store.hpp"

#include <filesystem>
#include <optional>

#include "log/log.hpp"
#include "store/host_lock.hpp"
#include "store/migrate.hpp"

namespace patchbay::cli {

namespace {

// Never beneath a host that runs: it would go on with tables that it does not know. (Hosts that share a
// PostgreSQL may have two versions for a while; whoever starts the newer one brings it up to date.)
void bring_up_to_date(const config::Config& config, store::Store& store) {
  if (store::schema_version(store) == store::migrations().back().version) return;
  std::optional<store::HostLock> lock;
  try {
    lock.emplace(store::HostLock::path_for(config.store_url, config.state_dir), std::chrono::milliseconds(0));
  } catch (const Error& error) {
    if (error.code() != Code::conflict) throw;
  }
  if (lock) return store::migrate(store);
  store::require_current(store);
}

}  // namespace

std::unique_ptr<store::Store> open_store(const config::Config& config, Schema schema) {
  if (std::filesystem::create_directories(config.state_dir))
    std::filesystem::permissions(config.state_dir, std::filesystem::perms::owner_all);
  store::Store::Options options;
  options.url = config.store_url;
  options.sessions = 1;
  auto store = store::Store::open(std::move(options), log::Logger::none());
  if (schema == Schema::up_to_date) bring_up_to_date(config, *store);
  return store;
}

}  // namespace patchbay::cli
