#include "base/async_lock.hpp"

#include <mutex>

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace patchbay {
namespace {

namespace asio = boost::asio;
using Channel = asio::experimental::concurrent_channel<void(boost::system::error_code)>;

// A lock is a channel that holds one token.
struct Lock {
  explicit Lock(const asio::any_io_executor& executor) : token(executor, 1) {
    token.try_send(boost::system::error_code());
  }
  Channel token;
  int users = 0;
};

}  // namespace

struct AsyncLocks::State {
  explicit State(asio::any_io_executor e) : executor(std::move(e)) {}

  std::shared_ptr<Lock> enter(Id key) {
    const std::lock_guard guard(mutex);
    auto& lock = locks[key];
    if (!lock) lock = std::make_shared<Lock>(executor);
    ++lock->users;
    return lock;
  }

  void leave(Id key) {
    const std::lock_guard guard(mutex);
    const auto lock = locks.find(key);
    if (--lock->second->users == 0) locks.erase(lock);
  }

  asio::any_io_executor executor;
  std::mutex mutex;
  std::map<Id, std::shared_ptr<Lock>> locks;
};

AsyncLocks::AsyncLocks(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}
AsyncLocks::~AsyncLocks() = default;

asio::awaitable<AsyncLocks::Held> AsyncLocks::lock(Id key) {
  auto lock = state_->enter(key);
  // Leaves the table when the last user goes, also when the wait is cancelled.
  std::shared_ptr<void> user(nullptr, [state = state_, key](void*) { state->leave(key); });
  co_await lock->token.async_receive(asio::use_awaitable);
  std::shared_ptr<void> held(nullptr,
                             [lock, user](void*) { lock->token.try_send(boost::system::error_code()); });
  Held result(std::move(held));
  co_return result;
}

}  // namespace patchbay
