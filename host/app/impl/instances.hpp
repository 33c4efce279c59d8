#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lifecycle/runner.hpp"
#include "log/log.hpp"
#include "plugin/services.hpp"
#include "supervisor/fleet.hpp"

namespace patchbay::app {

// Runs integrations in the supervisor's fleet: brings together what lifecycle says, what the supervisor keeps
// alive and what services offer to it.
class Instances final : public lifecycle::Runner {
 public:
  // All references outlive it. `in_process`: ids of plugins that run inside the host.
  Instances(supervisor::Fleet& fleet, plugin::Services& services, std::vector<std::string> in_process,
            log::Logger logger)
      : fleet_(fleet), services_(services), in_process_(std::move(in_process)), logger_(std::move(logger)) {}

  boost::asio::awaitable<void> run(lifecycle::RunSpec spec) override;
  boost::asio::awaitable<void> halt(Id integration) override;
  bool runs_inside(const std::string& plugin) const override;

 private:
  supervisor::Fleet& fleet_;
  plugin::Services& services_;
  const std::vector<std::string> in_process_;
  const log::Logger logger_;
};

// The worker's executable, beside this one.
std::filesystem::path worker_executable();

}  // namespace patchbay::app
