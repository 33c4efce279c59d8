#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "plugin/caller.hpp"
#include "plugin/manifest.hpp"
#include "plugin/services.hpp"
#include "port/port.hpp"
#include "port/remote.hpp"
#include "supervisor/health.hpp"

namespace patchbay::supervisor {

// Sends what makes a fresh instance ready (configure, and start if it is to run). Called after every start of
// its process; a result that is not ok means that it is not ready.
using Prepare = std::function<boost::asio::awaitable<port::Result>(std::shared_ptr<port::Instance>)>;

// What an instance is run with.
class Spec {
 public:
  Spec(Id integration_, std::shared_ptr<const plugin::Manifest> manifest_,
       std::shared_ptr<port::HostSide> host_, Prepare prepare_)
      : integration(integration_),
        manifest(std::move(manifest_)),
        host(std::move(host_)),
        prepare(std::move(prepare_)) {}

  Id integration;
  std::shared_ptr<const plugin::Manifest> manifest;
  std::shared_ptr<port::HostSide> host;
  Prepare prepare;
  bool keep = true;         // tried again when it fails; false: forgotten then
  bool in_process = false;  // inside the host instead of a worker
};

// Keeps the wanted instances running: one worker for each plugin version (or several, by
// instances_per_worker), started when the first instance is wanted and ended after the last. Deaths are
// counted, restarts back off, a plugin that dies again and again is quarantined; calls that a death
// interrupted are repeated where nothing can have happened. Any thread.
class Fleet final : public plugin::Caller {
 public:
  class Options {
   public:
    Options(boost::asio::any_io_executor executor_, Clock& clock_, port::Spawner& spawner_,
            log::Logger logger_)
        : executor(std::move(executor_)), clock(clock_), spawner(spawner_), logger(std::move(logger_)) {}

    boost::asio::any_io_executor executor;
    Clock& clock;  // these two outlive the fleet
    port::Spawner& spawner;
    log::Logger logger;
    std::filesystem::path worker;             // the executable patchbay-worker
    port::Rights rights;                      // of the workers
    const log::Redactor* redactor = nullptr;  // outlives the fleet; for what a worker said last
    metrics::Registry* metrics = nullptr;     // outlives the fleet; none: nothing is counted
    std::string host_version = "0";
    // Told on the fleet's own strand; return at once. May be empty.
    std::function<void(Id)> on_ready;
    std::function<void(Id, std::string reason)> on_quarantined;
    std::function<void(Change)> on_change;
    const plugin::VerbChecker* checker = nullptr;  // outlives the fleet; none: unchecked
    Duration prepare_limit{60'000};
    Duration overdue_grace{2'000};    // between a call's time limit and the end of its worker
    Duration unlimited_wait{30'000};  // how long a call without a limit waits for its instance
    Duration drain{10'000};
  };

  explicit Fleet(Options options);
  // stop() must have been awaited.
  ~Fleet() override;

  // Runs the instance, or runs it anew with what changed; returns when it is ready. Throws Error with what
  // the plugin or its process said; with `keep` it is tried again all the same, and what is nobody's fault
  // (somebody killed the worker) is not thrown. Cancelling ends the wait only.
  boost::asio::awaitable<void> run(Spec spec);
  // Drains, stops and closes; returns when it is gone. Unknown ones are ignored.
  boost::asio::awaitable<void> halt(Id integration);
  // Ends everything.
  boost::asio::awaitable<void> stop();

  boost::asio::awaitable<port::Result> call(Id integration, port::Call call) override;

  // Lets a quarantined plugin try again. By its integration.
  void release(Id integration);

  boost::asio::awaitable<std::vector<Health>> health();

 private:
  class Engine;
  std::shared_ptr<Engine> engine_;
};

}  // namespace patchbay::supervisor
