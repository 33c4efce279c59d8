#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

#include "patchbay/abi.h"
#include "port/impl/stream.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// One instance of a plugin in this process: everything that crosses the C seam, in both directions. Functions
// of the plugin run on the strand and never overlap; its calls into the host come from any thread, also late
// and wrongly.
class Seat : public std::enable_shared_from_this<Seat> {
 public:
  // What the C side holds as `ctx`. Never freed, so that a thread that a plugin left behind finds nothing
  // instead of freed memory.
  struct Cell {
    pb_host table{};
    std::weak_ptr<Seat> seat;
  };

  class Parts {
   public:
    Parts(boost::asio::any_io_executor executor_, Clock& clock_, std::shared_ptr<HostSide> host_)
        : executor(std::move(executor_)), notices(executor), clock(clock_), host(std::move(host_)) {}
    boost::asio::any_io_executor executor;
    boost::asio::any_io_executor notices;  // tells of cancellations: not what a plugin may block
    Clock& clock;
    std::shared_ptr<HostSide> host;
    bool watch_time = true;  // says when a function on the strand takes long
  };

  explicit Seat(Parts parts);

  // Makes the plugin's side, on the strand. `made` hears an Error, or nothing when it worked.
  void create(const pb_entry& entry, std::string plugin_id, std::function<void(std::exception_ptr)> made);
  void deliver(std::uint64_t id, Call call, Instance::Done done);
  void cancel(std::uint64_t id);
  // `closed` runs once it is destroyed. Repeating it waits for the same end.
  void close(std::function<void()> closed);

  // The C side. Any thread; never throw.
  pb_code take_call(const pb_call* call, pb_reply_fn reply, void* user, std::uint64_t* out_id) noexcept;
  void take_cancel(std::uint64_t id) noexcept;
  void take_answer(std::uint64_t id, const pb_result* result) noexcept;
  std::int32_t is_cancelled(std::uint64_t id) noexcept;
  pb_code take_post(void (*fn)(void*), void* user) noexcept;
  void take_log(std::int32_t level, pb_view text, pb_view fields) noexcept;
  std::uint64_t start_timer(std::int64_t delay_ms, void (*fn)(void*), void* user) noexcept;
  void hurry_timer(std::uint64_t id) noexcept;
  pb_code open_stream(const pb_net_target* target, pb_reply_fn reply, void* user,
                      std::uint64_t* out_stream) noexcept;
  pb_code secure_stream(std::uint64_t id, std::int64_t timeout_ms, pb_reply_fn reply, void* user) noexcept;
  pb_code read_stream(std::uint64_t id, std::uint64_t most, std::int64_t timeout_ms, pb_reply_fn reply,
                      void* user) noexcept;
  pb_code write_stream(std::uint64_t id, pb_view bytes, std::int64_t timeout_ms, pb_reply_fn reply,
                       void* user) noexcept;
  void cancel_stream(std::uint64_t id) noexcept;
  void close_stream(std::uint64_t id) noexcept;
  std::uint64_t define_metric(std::int32_t kind, pb_view name, pb_view help, pb_view labels) noexcept;
  void record_metric(std::uint64_t handle, double value, pb_view labels) noexcept;
  Clock& clock() { return clock_; }

 private:
  enum class Life { fresh, creating, running, closing, destroyed };
  struct Open {  // a call inside the plugin
    Instance::Done done;
    std::string trace;
    std::chrono::nanoseconds began{0};
    std::chrono::nanoseconds limit{0};  // on the monotonic clock; 0: none
    bool cancelled = false;
    bool delivered = false;
  };
  struct OpenStream {
    std::uint64_t asked = 0;         // the call that makes the host connect
    std::shared_ptr<Stream> stream;  // once it has
    std::string authorities;
  };
  struct Connecting {
    std::uint64_t stream = 0;
    std::string host;
    bool is_tls = false;
    std::string authorities;
    std::chrono::nanoseconds until{0};  // on the monotonic clock
    Stream::Done done;
  };
  struct Alarm {
    void (*fn)(void*) = nullptr;
    void* user = nullptr;
    std::unique_ptr<Clock::Timer> timer;
  };

  bool refuses_host_calls(const char* what) noexcept;
  void notify(std::uint64_t id);
  void hand_over(std::uint64_t id, Call call);
  // Takes a call to the host, or says why not. `answered` runs on the strand, once.
  pb_code ask_host(std::uint64_t id, Call call, Stream::Done answered);
  void run_reply(std::uint64_t id, Result result);
  void give(pb_reply_fn reply, void* user, const Result& result);
  Stream::Done reply_to(pb_reply_fn reply, void* user);
  void connected(Connecting connecting, Result result);
  static std::shared_ptr<const tls::Trust> trust_of(const std::string& authorities);
  pb_code on_stream(std::uint64_t id, const char* what, pb_reply_fn reply, void* user,
                    std::function<void(Stream&, Stream::Done)> act) noexcept;
  std::shared_ptr<Stream> find_stream(std::uint64_t id);
  void forget_stream(std::uint64_t id);
  void end_stream(std::uint64_t id, const Result& why);
  void end_streams();
  void run_alarm(std::uint64_t id);
  void begin_close();
  void fail_host_calls();
  void answer_open_calls();
  void destroy();
  // Runs one function of the plugin, on the strand: catches what must not cross, and measures.
  void enter(const char* what, const std::function<void()>& fn) noexcept;
  void enter_anywhere(const char* what, const std::function<void()>& fn) noexcept;
  void watch(const char* what, std::chrono::nanoseconds now);
  void look_after(Duration delay);
  void look_for_stall();
  void complain(std::string text) noexcept;

  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  const boost::asio::any_io_executor notices_;
  Clock& clock_;
  const std::shared_ptr<HostSide> host_;
  const bool watch_time_;
  Cell* const cell_;
  pb_plugin plugin_{};

  // What is on the strand, and since when (0: nothing); looked at by a timer that is set while it is used.
  std::atomic<const char*> inside_{""};
  std::atomic<std::chrono::nanoseconds::rep> since_{0};
  std::atomic<bool> watched_{false};

  std::mutex telling_;  // held while the plugin hears of a cancellation
  std::mutex mutex_;    // guards what follows; never held while foreign code runs
  Life life_ = Life::fresh;
  std::unordered_map<std::uint64_t, Open> open_;
  std::unordered_map<std::uint64_t, Stream::Done> asked_;  // calls of the plugin that the host works on
  std::unordered_map<std::uint64_t, OpenStream> streams_;
  std::unordered_map<std::uint64_t, Alarm> alarms_;
  std::vector<std::function<void()>> closed_;
  std::unique_ptr<Clock::Timer> stall_timer_;
  std::uint64_t last_alarm_ = 0;
  std::uint64_t last_metric_ = 0;
  int complaints_ = 0;
};

// The table of functions that a plugin gets, with `cell` as its context.
void fill_host_table(Seat::Cell& cell);

}  // namespace patchbay::port
