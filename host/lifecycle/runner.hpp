#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "plugin/manifest.hpp"

namespace patchbay::lifecycle {

// What an instance is to be run with.
struct RunSpec {
  Id integration = 0;
  std::shared_ptr<const plugin::Manifest> manifest;
  std::string settings;  // JSON, without secrets
  std::optional<Id> profile;
  std::string profile_settings = "{}";
  std::map<std::string, std::vector<Id>, std::less<>> grants;  // by name, as they are tried
  std::string configure;  // the request of pb.lifecycle/1:configure, sent after every start of its process;
                          // empty: none
  bool trial = false;     // beside what runs, called and halted as -integration; never started
  bool started = false;   // whether pb.lifecycle/1:start follows; a check only configures
};

// Keeps instances running, restarts included. Implemented over supervisor::Fleet by the composition root.
class Runner {
 public:
  virtual ~Runner() = default;
  // Runs (or runs anew, with other settings) the integration's instance; returns when it is configured.
  // Throws Error with what the plugin or its process said; the instance is then still wanted, and tried
  // again, when `spec.started`.
  virtual boost::asio::awaitable<void> run(RunSpec spec) = 0;
  // Drains, stops and forgets it.
  virtual boost::asio::awaitable<void> halt(Id integration) = 0;
  // Whether the plugin runs inside the host, where one version cannot take another's place before the next
  // start.
  virtual bool runs_inside(const std::string& plugin) const = 0;
};

}  // namespace patchbay::lifecycle
