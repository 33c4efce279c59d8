#pragma once

#include <filesystem>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "lifecycle/portable.hpp"
#include "log/log.hpp"

namespace patchbay::app {

// Integrations that files of the configuration declare (SETUP-6, setup.folder): made, changed and connected
// as they say, at the start and when the configuration is read again.
class Declared {
 public:
  // Everything outlives it. An empty `folder`: there are none.
  Declared(lifecycle::Portable& portable, Clock& clock, log::Logger logger, std::filesystem::path folder)
      : portable_(portable), clock_(clock), logger_(std::move(logger)), folder_(std::move(folder)) {}

  // Until everything is as the files say; what fails since something is away is tried again. A file that
  // cannot be used changes nothing, and nothing is disconnected then.
  boost::asio::awaitable<void> run();

 private:
  // False: something may work later.
  boost::asio::awaitable<bool> apply();
  bool tell(const std::string& file, const lifecycle::Applied& applied) const;

  lifecycle::Portable& portable_;
  Clock& clock_;
  const log::Logger logger_;
  const std::filesystem::path folder_;
};

}  // namespace patchbay::app
