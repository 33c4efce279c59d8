#include "net/impl/session.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "net/impl/multi.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;

HttpClient::Options single(HttpClient::Options options) {
  options.connections = 1;
  options.connections_per_host = 1;
  return options;
}

}  // namespace

struct Turns::Waiter {
  Waiter(const asio::any_io_executor& executor, std::chrono::steady_clock::time_point until)
      : alarm(executor, until) {}
  asio::steady_timer alarm;  // on the waiter's executor; cancelled when its turn has come
  bool has_turn = false;     // guarded by the mutex of the turns
};

asio::awaitable<Turns::Turn> Turns::next(std::chrono::steady_clock::time_point until) {
  const auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor, until);
  // However this ends, the next one gets the turn.
  Turn turn(waiter.get(), [self = shared_from_this(), waiter](void*) { self->leave(waiter); });
  {
    const std::lock_guard guard(mutex_);
    waiter->has_turn = !std::exchange(taken_, true);
    if (waiter->has_turn) co_return turn;
    waiting_.push_back(waiter);
  }
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await waiter->alarm.async_wait(std::move(token));
  {
    const std::lock_guard guard(mutex_);
    if (waiter->has_turn) co_return turn;
  }
  if (error) throw boost::system::system_error(asio::error::operation_aborted);
  co_return nullptr;
}

void Turns::leave(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard guard(mutex_);
  if (waiter->has_turn) return pass_on();
  std::erase(waiting_, waiter);
}

void Turns::pass_on() {
  taken_ = !waiting_.empty();
  if (!taken_) return;
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next->has_turn = true;
  asio::post(next->alarm.get_executor(), [next] { next->alarm.cancel(); });
}

CurlSession::CurlSession(const asio::any_io_executor& executor, const HttpClient::Options& options)
    : cookies_(curl_share_init()),
      multi_(std::make_shared<Multi>(executor, single(options))),
      turns_(std::make_shared<Turns>()) {
  if (cookies_ == nullptr) throw std::bad_alloc();
  curl_share_setopt(cookies_, CURLSHOPT_LOCKFUNC, &CurlSession::lock);
  curl_share_setopt(cookies_, CURLSHOPT_UNLOCKFUNC, &CurlSession::unlock);
  curl_share_setopt(cookies_, CURLSHOPT_USERDATA, this);
  curl_share_setopt(cookies_, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
}

CurlSession::~CurlSession() {
  curl_share_cleanup(cookies_);
}

void CurlSession::lock(CURL*, curl_lock_data, curl_lock_access, void* self) {
  static_cast<CurlSession*>(self)->mutex_.lock();
}

void CurlSession::unlock(CURL*, curl_lock_data, void* self) {
  static_cast<CurlSession*>(self)->mutex_.unlock();
}

}  // namespace patchbay::net
