#include "store/impl/connection_pool.hpp"

namespace patchbay::store {

ConnectionPool::ConnectionPool(std::size_t size, const std::function<std::unique_ptr<Connection>()>& make) {
  for (std::size_t i = 0; i < size; ++i) {
    all_.push_back(make());
    free_.push_back(all_.back().get());
  }
}

Connection* ConnectionPool::take() {
  std::unique_lock lock(mutex_);
  if (!free_.empty()) {
    auto* connection = free_.back();  // the one used last: its caches are warm
    free_.pop_back();
    return connection;
  }
  Waiter me;
  waiting_.push_back(&me);
  me.ready.wait(lock, [&me] { return me.given != nullptr; });
  return me.given;
}

void ConnectionPool::give_back(Connection* connection) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    free_.push_back(connection);
    return;
  }
  auto* next = waiting_.front();
  waiting_.pop_front();
  next->given = connection;
  next->ready.notify_one();
}

}  // namespace patchbay::store
