#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "port/message.hpp"

namespace patchbay::port {

// Takes what concerns a library or a process rather than one instance (standard error of a worker, contract
// breaches). `level` as PB_TRACE..PB_ERROR. Called from any thread; must not throw or block.
using Journal = std::function<void(int level, const std::string& text)>;

// What a library says about itself once it is open.
class Hello {
 public:
  int wire = 0;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::string built_with;
  std::string descriptor;  // JSON: id, version, sdk
};

// How the process of a port ended.
class Death {
 public:
  enum class Kind {
    asked,     // after stop(): nobody's fault
    plugin,    // a crash, an exit that nobody asked for, garbage, a kill by us for time or by the kernel for
               // memory: counts against the plugin
    accident,  // a SIGKILL that neither sent: somebody else's doing
  };
  Kind kind = Kind::plugin;
  int signal = 0;  // 0: it exited
  int exit_code = 0;
  std::string cause;  // one line of English for log and reason
};

// One integration's instance of a plugin. Calls may be made from any thread and are delivered in order on the
// instance's strand. Beyond the limits of the port (per instance and per port) calls wait here, not in the
// plugin.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  using Done = std::function<void(Result)>;

  explicit Instance(Clock& clock) : clock_(clock) {}
  virtual ~Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Starts a call. `done` runs exactly once, on any thread, possibly before begin() has returned to its
  // caller. Returns the number for cancel().
  virtual std::uint64_t begin(Call call, Done done) = 0;
  // Advice to the plugin that nobody waits any more; the answer still comes. Unknown numbers are ignored.
  virtual void cancel(std::uint64_t number) = 0;

  // The same as a coroutine. Cancellation and the end of the call's time are passed on to the plugin; the
  // coroutine then ends with the answer, or after a grace of half a second with Code::cancelled or
  // Code::deadline.
  boost::asio::awaitable<Result> call(Call call);

  // Ends the instance: no new calls; its host calls are answered CANCELLED and those replies run; pending
  // posts and timers run; calls still open are answered; then it is destroyed. Repeating it is harmless.
  virtual boost::asio::awaitable<void> close() = 0;

 protected:
  Clock& clock_;
};

// One loaded plugin library, in this process or in a worker. Any thread.
class Port {
 public:
  virtual ~Port() = default;
  Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  virtual const Hello& hello() const = 0;
  // Makes an instance. Throws Error: create() refused, or the worker is gone. `host` is kept until the
  // instance is closed and everything that it asked has been answered.
  virtual boost::asio::awaitable<std::shared_ptr<Instance>> open(std::string plugin_id,
                                                                 std::shared_ptr<HostSide> host) = 0;

  // Told once, when the process is gone and every open call has been answered. Set before the first open(). A
  // port in this process never calls it.
  virtual void on_death(std::function<void(Death)> told) = 0;
  // Ends the process at once, because of `why` (a call outlived its limit). In this process: not possible,
  // false.
  virtual bool kill(std::string why) = 0;
  // 0: in this process.
  virtual int pid() const = 0;
  // Asks the process to leave, after `grace` makes it. Instances should be closed before.
  virtual boost::asio::awaitable<void> stop(Duration grace) = 0;
};

}  // namespace patchbay::port
