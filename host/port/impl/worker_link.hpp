#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/strand.hpp>

#include "port/connection.hpp"
#include "port/impl/line_reader.hpp"
#include "port/impl/spawn.hpp"
#include "port/impl/window.hpp"
#include "port/remote.hpp"

namespace patchbay::port {

// One worker process and the talk with it. Keeps itself alive until the process is gone and reaped.
class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
 public:
  using Told = std::function<void(std::exception_ptr)>;

  WorkerLink(RemoteOptions options, Child child);

  // `told` hears when the library is open, or why not.
  void run(Told told);
  void on_death(std::function<void(Death)> told);
  void open(std::uint32_t number, std::string plugin_id, std::shared_ptr<HostSide> host, Told told);
  void call(std::uint32_t instance, std::uint64_t id, Call call, Instance::Done done);
  void cancel(std::uint64_t id);
  void close(std::uint32_t instance, std::function<void()> closed);
  void kill(std::string why);
  void leave(Duration grace, std::function<void()> gone);
  // Nobody holds the port any more.
  void abandon();

  const Hello& hello() const { return hello_; }  // after run() has told
  int pid() const { return child_.pid; }
  Clock& clock() const { return options_.clock; }
  std::uint32_t next_instance() { return ++last_instance_; }
  const std::shared_ptr<Window>& window() const { return window_; }

 private:
  struct Seat {  // an instance in the worker
    std::shared_ptr<HostSide> host;
    std::set<std::uint64_t> asked;
  };
  struct Open {  // a call in the worker
    std::uint32_t instance = 0;
    Instance::Done done;
    std::string trace;
    std::chrono::nanoseconds began{0};
  };

  void on_frame(wire::Frame frame);
  void on_hello(const wire::Frame& frame);
  void on_opened(const wire::Frame& frame);
  void on_closed(std::uint32_t instance);
  void on_answer(wire::Frame frame);
  void on_ask(wire::Frame frame);
  void on_noise(wire::Frame frame);
  std::shared_ptr<HostSide> host_of(const wire::Frame& frame);
  void reply(std::uint32_t instance, std::uint64_t id, Result result);
  void started(std::exception_ptr error);

  void watch_process();
  void read_errors();
  void tick();
  void on_pong(std::uint64_t ping);
  std::uint64_t oom_kills() const;
  // Why it may not go on; empty when it may, and when that cannot be seen.
  std::string takes_too_much();
  void on_wire_end(std::string reason);
  void on_exit();
  void signal_kill();
  void end_if_over();
  Death describe_end();
  void end(const Death& death);
  void say(int level, const std::string& text) const;

  const RemoteOptions options_;
  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  Child child_;
  const std::shared_ptr<Window> window_;
  std::shared_ptr<Connection> wire_;
  boost::asio::posix::stream_descriptor process_;
  boost::asio::posix::stream_descriptor errors_;

  // On the strand.
  Told started_;
  std::unique_ptr<Clock::Timer> start_timer_;
  std::unique_ptr<Clock::Timer> ping_timer_;
  std::unique_ptr<Clock::Timer> end_timer_;
  std::unique_ptr<Clock::Timer> leave_timer_;
  std::array<char, 4096> error_bytes_{};
  LineReader lines_;
  Hello hello_;
  std::uint64_t oom_kills_ = 0;  // at the last tick
  std::uint64_t pings_ = 0;
  std::uint64_t ponged_ = 0;  // the last that was answered
  std::chrono::nanoseconds heard_{0};
  std::chrono::nanoseconds ticked_{0};
  std::chrono::nanoseconds window_began_{0};  // in which its processor time is measured
  std::chrono::milliseconds window_cpu_{0};   // what it had taken then
  bool exited_ = false;
  bool wire_ended_ = false;
  int status_code_ = 0;
  int status_ = 0;

  std::atomic<std::uint32_t> last_instance_{0};
  std::mutex mutex_;  // guards what follows
  bool dead_ = false;
  bool asked_to_leave_ = false;
  std::string killed_for_;
  std::map<std::uint32_t, Seat> seats_;
  std::map<std::uint32_t, Told> opening_;
  std::map<std::uint32_t, std::vector<std::function<void()>>> closing_;
  std::unordered_map<std::uint64_t, Open> open_;
  std::vector<std::function<void()>> gone_;
  std::function<void(Death)> on_death_;
  std::optional<Death> death_;
};

}  // namespace patchbay::port
