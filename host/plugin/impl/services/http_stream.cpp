#include "plugin/impl/services/http_stream.hpp"

#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

// Wakes the one that waits, or the next one. Any thread.
class Bell {
 public:
  explicit Bell(const asio::any_io_executor& executor) : rung_(executor, 1) {}

  void ring() { rung_.try_send(boost::system::error_code()); }
  awaitable<void> wait() {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await rung_.async_receive(std::move(token));
    if (error) throw boost::system::system_error(asio::error::operation_aborted);
  }

 private:
  asio::experimental::concurrent_channel<void(boost::system::error_code)> rung_;
};

}  // namespace

struct HttpStream::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& executor, Clock& clock_)
      : strand(asio::make_strand(executor)), clock(clock_), readable(strand), writable(strand) {}

  // Holds the state while the request is on its way.
  static awaitable<void> carry(std::shared_ptr<State> state, net::HttpClient& http,
                               std::shared_ptr<net::HttpRequest> request, net::EgressRule guard);
  awaitable<void> fetch(net::HttpClient& http, std::shared_ptr<net::HttpRequest> request,
                        net::EgressRule guard);
  awaitable<void> take_head(net::HttpResponse head);
  awaitable<void> put(std::string piece);
  void finish(std::exception_ptr error);

  const asio::any_io_executor strand;
  Clock& clock;
  Bell readable;
  Bell writable;
  asio::cancellation_signal signal;  // on the strand
  bool is_given_up = false;          // on the strand

  std::mutex mutex;  // guards what follows
  std::optional<net::HttpResponse> answer;
  std::optional<std::string> piece;
  bool is_read = false;
  bool is_over = false;
  std::exception_ptr failure;
};

awaitable<void> HttpStream::State::carry(std::shared_ptr<State> state, net::HttpClient& http,
                                         std::shared_ptr<net::HttpRequest> request, net::EgressRule guard) {
  if (state->is_given_up) {
    state->finish(std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
    co_return;
  }
  auto work = state->fetch(http, std::move(request), std::move(guard));
  auto token = asio::bind_cancellation_slot(state->signal.slot(), asio::use_awaitable);
  auto running = asio::co_spawn(state->strand, std::move(work), std::move(token));
  co_await std::move(running);
}

awaitable<void> HttpStream::State::fetch(net::HttpClient& http, std::shared_ptr<net::HttpRequest> request,
                                         net::EgressRule guard) {
  try {
    auto response = co_await http.fetch(std::move(*request), std::move(guard));
    {
      const std::lock_guard lock(mutex);
      if (!answer) answer = std::move(response);
    }
    finish(nullptr);
  } catch (...) {
    finish(std::current_exception());
  }
}

awaitable<void> HttpStream::State::take_head(net::HttpResponse head) {
  {
    const std::lock_guard lock(mutex);
    answer = std::move(head);
  }
  readable.ring();
  co_return;
}

awaitable<void> HttpStream::State::put(std::string next) {
  for (;;) {
    {
      const std::lock_guard lock(mutex);
      if (!piece) {
        piece = std::move(next);
        break;
      }
    }
    co_await writable.wait();
  }
  readable.ring();
}

void HttpStream::State::finish(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex);
    is_over = true;
    failure = std::move(error);
  }
  readable.ring();
}

HttpStream::HttpStream(const asio::any_io_executor& executor, Clock& clock)
    : state_(std::make_shared<State>(executor, clock)) {}

HttpStream::~HttpStream() {
  end();
}

void HttpStream::start(TaskScope& tasks, net::HttpClient& http, net::HttpRequest request,
                       net::EgressRule guard) {
  auto kept = std::make_shared<net::HttpRequest>(std::move(request));
  kept->on_head = [state = state_](net::HttpResponse head) { return state->take_head(std::move(head)); };
  kept->on_body = [state = state_](std::string piece) { return state->put(std::move(piece)); };
  auto task = State::carry(state_, http, std::move(kept), std::move(guard));
  tasks.spawn_on(state_->strand, "an answer that is read while it comes", std::move(task));
}

awaitable<net::HttpResponse> HttpStream::opened() {
  const auto state = state_;
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      if (state->answer) co_return *state->answer;
      if (state->is_over) std::rethrow_exception(state->failure);
    }
    co_await state->readable.wait();
  }
}

awaitable<HttpStream::Piece> HttpStream::next(Duration wait) {
  const auto state = state_;
  {
    const std::lock_guard lock(state->mutex);
    if (std::exchange(state->is_read, true)) throw Error(Code::conflict, Text("plugin.stream_read_twice"));
  }
  const std::shared_ptr<void> reading(nullptr, [state](void*) {
    const std::lock_guard lock(state->mutex);
    state->is_read = false;
  });
  const auto until = state->clock.monotonic() + wait;
  const auto timer = state->clock.after(state->strand, wait, [state] { state->readable.ring(); });
  Piece next;
  for (;;) {
    {
      const std::lock_guard lock(state->mutex);
      if (state->piece) {
        next.data = *std::exchange(state->piece, std::nullopt);
        break;
      }
      if (state->failure) std::rethrow_exception(state->failure);
      next.is_last = state->is_over;
      if (next.is_last || state->clock.monotonic() >= until) break;
    }
    co_await state->readable.wait();
  }
  state->writable.ring();
  co_return next;
}

void HttpStream::end() {
  asio::post(state_->strand, [state = state_] {
    state->is_given_up = true;
    state->signal.emit(asio::cancellation_type::terminal);
  });
}

}  // namespace patchbay::plugin
