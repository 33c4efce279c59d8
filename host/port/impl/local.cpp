#include "port/local.hpp"

#include <atomic>
#include <optional>
#include <thread>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "port/impl/gated.hpp"
#include "port/impl/library.hpp"
#include "port/impl/seat.hpp"

namespace patchbay::port {

namespace asio = boost::asio;

namespace {

// The thread of a blocking instance.
class OwnThread {
 public:
  OwnThread() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
  ~OwnThread() {
    work_.reset();
    thread_.join();
  }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
  asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

class LocalInstance final : public GatedInstance {
 public:
  LocalInstance(const LocalOptions& options, std::shared_ptr<Window> window, std::uint32_t number,
                std::shared_ptr<HostSide> host)
      : GatedInstance(options.clock, std::move(window), number), executor_(options.executor) {
    if (options.expected.blocking) thread_ = std::make_shared<OwnThread>();
    Seat::Parts parts(thread_ ? thread_->executor() : executor_, options.clock, std::move(host));
    parts.notices = options.notices;
    parts.watch_time = !options.expected.blocking;
    // Apart from its counters: these stay as long as the cell, which is for ever.
    seat_ = std::shared_ptr<Seat>(new Seat(std::move(parts)));
  }
  ~LocalInstance() override {
    end([] {});
  }

  asio::awaitable<void> create(const pb_entry& entry, std::string plugin_id) {
    const auto executor = co_await asio::this_coro::executor;
    auto start = [this, executor, &entry, plugin_id = std::move(plugin_id)](auto handler) mutable {
      auto shared =
          std::make_shared<asio::any_completion_handler<void(std::exception_ptr)>>(std::move(handler));
      auto made = [executor, shared](std::exception_ptr error) {
        asio::post(executor, [shared, error] { std::move (*shared)(error); });
      };
      seat_->create(entry, std::move(plugin_id), std::move(made));
    };
    auto created = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        std::move(start), asio::use_awaitable);
    co_await std::move(created);
  }

  asio::awaitable<void> close() override {
    const auto executor = co_await asio::this_coro::executor;
    auto start = [this, executor](auto handler) {
      auto shared = std::make_shared<asio::any_completion_handler<void()>>(std::move(handler));
      end([executor, shared] { asio::post(executor, [shared] { std::move (*shared)(); }); });
    };
    auto closed =
        asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
    co_await std::move(closed);
  }

 private:
  void start(std::uint64_t number, Call call, Done done) override {
    seat_->deliver(number, std::move(call), std::move(done));
  }
  void forward_cancel(std::uint64_t number) override { seat_->cancel(number); }

  void end(std::function<void()> told) {
    refuse_waiting(failure(Code::unavailable, Text("port.instance_closed")));
    // A thread is not joined by itself: its last owner is a task elsewhere.
    seat_->close([told = std::move(told), thread = thread_, executor = executor_]() mutable {
      told();
      if (thread) asio::post(executor, [thread = std::move(thread)]() mutable { thread.reset(); });
    });
  }

  asio::any_io_executor executor_;
  std::shared_ptr<OwnThread> thread_;
  std::shared_ptr<Seat> seat_;
};

// The C++ runtime of this process sets up its unwinder when it first throws. An exception that leaves a
// plugin comes from another runtime and would find ours not set up, which ends the process instead of
// reaching our catch.
void prime_unwinder() {
  try {
    throw Error(Code::internal, Text());
  } catch (const Error&) {
    return;
  }
}

class LocalPort final : public Port {
 public:
  explicit LocalPort(LocalOptions options)
      : options_(std::move(options)),
        library_(open_library(options_)),
        window_(std::make_shared<Window>(options_.in_flight)) {}

  const Hello& hello() const override { return library_.hello; }

  asio::awaitable<std::shared_ptr<Instance>> open(std::string plugin_id,
                                                  std::shared_ptr<HostSide> host) override {
    auto instance = std::make_shared<LocalInstance>(options_, window_, ++last_, std::move(host));
    auto created = instance->create(library_.entry, std::move(plugin_id));
    co_await std::move(created);
    co_return instance;
  }

  void on_death(std::function<void(Death)>) override {}
  bool kill(std::string) override { return false; }
  int pid() const override { return 0; }
  asio::awaitable<void> stop(Duration) override { co_return; }

 private:
  const LocalOptions options_;
  const Library library_;
  const std::shared_ptr<Window> window_;
  std::atomic<std::uint32_t> last_{0};
};

}  // namespace

std::shared_ptr<Port> open_local(LocalOptions options) {
  prime_unwinder();
  return std::make_shared<LocalPort>(std::move(options));
}

}  // namespace patchbay::port
