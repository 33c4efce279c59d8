#include "net/impl/multi.hpp"

#include <new>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace patchbay::net {

namespace asio = boost::asio;
using boost::system::error_code;

struct Multi::Socket {
  Socket(const asio::any_io_executor& executor, curl_socket_t socket)
      : descriptor(executor, socket), number(socket) {}
  ~Socket() { descriptor.release(); }  // curl owns it
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  asio::posix::stream_descriptor descriptor;
  curl_socket_t number;
  int wanted = 0;   // CURL_POLL_*
  int waiting = 0;  // the same, for the waits that are under way
  bool alive = true;
};

Multi::Multi(const asio::any_io_executor& executor, const HttpClient::Options& options)
    : strand_(asio::make_strand(executor)), timer_(strand_), multi_(curl_multi_init()) {
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  // The default, four times the running transfers, keeps closing connections that are about to be needed.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections));
  if (options.connections_per_host > 0)
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections_per_host));
  for (const auto& entry : options.resolve) resolve_ = curl_slist_append(resolve_, entry.c_str());
}

Multi::~Multi() {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
  for (const auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  transfers_.clear();
  // Before curl closes them: their numbers are soon those of others.
  while (!sockets_.empty()) forget(sockets_.begin()->first);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(resolve_);
}

void Multi::start(std::shared_ptr<Transfer> transfer) {
  asio::post(strand_, [self = shared_from_this(), transfer = std::move(transfer)] { self->add(transfer); });
}

void Multi::feed(std::shared_ptr<Transfer> transfer, std::size_t part, std::string piece) {
  asio::post(strand_, [self = shared_from_this(), transfer = std::move(transfer), part,
                       piece = std::move(piece)]() mutable {
    if (self->transfers_.contains(transfer->handle())) transfer->feed(part, std::move(piece));
  });
}

void Multi::cancel(std::shared_ptr<Transfer> transfer) {
  asio::post(strand_, [self = shared_from_this(), transfer = std::move(transfer)] { self->abort(transfer); });
}

asio::awaitable<Step> Multi::next(std::shared_ptr<Transfer> transfer) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [self = shared_from_this(), executor, transfer](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    using Handler = asio::any_completion_handler<void(error_code, Step)>;
    auto held = std::make_shared<Handler>(std::move(handler));
    // After that move: it puts a handler of its own into the slot.
    if (slot.is_connected()) {
      slot.assign([weak = self->weak_from_this(), transfer](asio::cancellation_type) {
        if (const auto multi = weak.lock()) multi->cancel(transfer);
      });
    }
    Transfer::Waiter waiter = [executor, held](error_code error, Step step) {
      asio::post(executor, [held, error, step = std::move(step)]() mutable {
        std::move (*held)(error, std::move(step));
      });
    };
    asio::post(self->strand_,
               [transfer, waiter = std::move(waiter)]() mutable { transfer->wait(std::move(waiter)); });
  };
  auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void(error_code, Step)>(
      std::move(start), asio::use_awaitable);
  co_return co_await std::move(waiting);
}

void Multi::add(const std::shared_ptr<Transfer>& transfer) {
  auto* const easy = transfer->handle();
  if (resolve_ != nullptr) curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve_);
  transfers_.emplace(easy, transfer);
  const auto code = curl_multi_add_handle(multi_, easy);
  if (code != CURLM_OK) finish(transfer, CURLE_FAILED_INIT);
}

void Multi::abort(const std::shared_ptr<Transfer>& transfer) {
  if (transfers_.erase(transfer->handle()) == 0) return;
  curl_multi_remove_handle(multi_, transfer->handle());
  transfer->stop(asio::error::operation_aborted);
}

void Multi::finish(const std::shared_ptr<Transfer>& transfer, CURLcode code) {
  curl_multi_remove_handle(multi_, transfer->handle());
  transfers_.erase(transfer->handle());
  transfer->finish(code);
}

void Multi::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  collect();
}

void Multi::collect() {
  int left = 0;
  while (const auto* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;  // `message` dies with the handle's removal
    const auto entry = transfers_.find(message->easy_handle);
    if (entry != transfers_.end()) finish(std::shared_ptr(entry->second), code);
  }
}

int Multi::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<Multi*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.forget(socket);
  } else {
    multi.watch(socket, what);
  }
  return 0;
}

void Multi::watch(curl_socket_t number, int what) {
  auto& socket = sockets_[number];
  if (!socket) socket = std::make_shared<Socket>(strand_, number);
  socket->wanted = what;
  wait(socket);
}

void Multi::forget(curl_socket_t number) {
  const auto entry = sockets_.find(number);
  if (entry == sockets_.end()) return;
  entry->second->alive = false;
  entry->second->descriptor.release();
  sockets_.erase(entry);
}

void Multi::wait(const std::shared_ptr<Socket>& socket) {
  for (const int direction : {CURL_POLL_IN, CURL_POLL_OUT}) {
    if ((socket->wanted & direction) != 0 && (socket->waiting & direction) == 0) wait_for(socket, direction);
  }
}

void Multi::wait_for(const std::shared_ptr<Socket>& socket, int direction) {
  socket->waiting |= direction;
  const auto type = direction == CURL_POLL_IN ? asio::posix::descriptor_base::wait_read
                                              : asio::posix::descriptor_base::wait_write;
  socket->descriptor.async_wait(type, [weak = weak_from_this(), socket, direction](error_code error) {
    const auto multi = weak.lock();
    socket->waiting &= ~direction;
    if (!multi || !socket->alive || error == asio::error::operation_aborted) return;
    if ((socket->wanted & direction) != 0) {
      const int ready = direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
      multi->act(socket->number, error ? ready | CURL_CSELECT_ERR : ready);
    }
    if (socket->alive) multi->wait(socket);
  });
}

int Multi::on_timer(CURLM*, long delay_ms, void* self) {
  static_cast<Multi*>(self)->set_timer(delay_ms);
  return 0;
}

void Multi::set_timer(long delay_ms) {
  timer_.cancel();
  if (delay_ms < 0) return;
  timer_.expires_after(std::chrono::milliseconds(delay_ms));
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto multi = weak.lock();
    if (multi && !error) multi->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

}  // namespace patchbay::net
