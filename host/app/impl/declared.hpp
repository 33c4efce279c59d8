#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "lifecycle/portable.hpp"
#include "log/log.hpp"

namespace patchbay::app {

// Integrations that files of the configuration declare (SETUP-6, setup.folder): made, changed and connected
// as they say, at the start and when it is told to look again.
class Declared {
 public:
  // Everything outlives it. An empty `folder`: there are none. `host`: what this host is called over its
  // restarts.
  Declared(lifecycle::Portable& portable, Clock& clock, log::Logger logger, std::filesystem::path folder,
           std::string host)
      : portable_(portable),
        clock_(clock),
        logger_(std::move(logger)),
        folder_(std::move(folder)),
        host_(std::move(host)) {}

  // Until cancelled; what fails since something is away is tried again. A file that cannot be used changes
  // nothing, and nothing is disconnected then, nor when the folder is empty.
  boost::asio::awaitable<void> run();
  // The files may have changed. Any thread.
  void look_again() { ++wanted_; }

 private:
  // False: something may work later.
  boost::asio::awaitable<bool> apply();
  static std::vector<std::string> names_in(const nlohmann::json& document);
  bool tell(const std::string& file, const lifecycle::Applied& applied) const;

  lifecycle::Portable& portable_;
  Clock& clock_;
  const log::Logger logger_;
  const std::filesystem::path folder_;
  const std::string host_;
  std::atomic<int> wanted_{0};
};

}  // namespace patchbay::app
