#include "store/impl/write_group.hpp"

#include <algorithm>
#include <iterator>

namespace patchbay::store {

namespace {

// Bounds how long the first of a group waits for the last.
constexpr std::size_t kMaxGroup = 64;

}  // namespace

WriteGroup::WriteGroup(std::unique_ptr<Connection> connection, Alone alone, Told told, std::size_t max_queued)
    : connection_(std::move(connection)),
      alone_(std::move(alone)),
      told_(std::move(told)),
      max_queued_(max_queued),
      group_([] {
        Group group;
        group.reserve(kMaxGroup);
        return group;
      }()),
      watcher_([this] { watch(); }) {}

WriteGroup::~WriteGroup() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  watcher_.join();
}

void WriteGroup::run(Work work) {
  bool finished = false;
  std::exception_ptr error;
  // Called under no lock, read under the lock that the leader takes afterwards.
  auto done = [&](std::exception_ptr e) {
    const std::lock_guard lock(mutex_);
    error = std::move(e);
    finished = true;
  };
  std::unique_lock lock(mutex_);
  queue_.emplace_back(std::move(work), std::move(done));
  while (!finished) {
    if (leading_) {
      changed_.wait(lock);
    } else {
      lead(lock);
    }
  }
  if (error) std::rethrow_exception(error);
}

bool WriteGroup::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= max_queued_) return false;
    queue_.emplace_back(std::move(work), std::move(done));
    if (leading_) return true;  // whoever leads wakes the watcher
  }
  changed_.notify_all();
  return true;
}

void WriteGroup::watch() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !leading_ && (stopping_ || !queue_.empty()); });
    if (queue_.empty()) return;
    lead(lock);
  }
}

void WriteGroup::lead(std::unique_lock<std::mutex>& lock) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxGroup));
  auto& group = group_;
  group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  leading_ = true;
  lock.unlock();
  commit(group);
  for (auto& item : group) {
    item.work = nullptr;  // what it holds ends before its caller goes on
    item.done(std::move(item.error));
  }
  group.clear();
  lock.lock();
  leading_ = false;
  changed_.notify_all();
}

void WriteGroup::commit(Group& group) {
  if (group.size() > 1 && commit_together(group)) return;
  for (auto& item : group) {
    try {
      item.error = nullptr;
      alone_(*connection_, item.work);
    } catch (...) {
      item.error = std::current_exception();
    }
  }
}

// False when the transaction as a whole was lost: nothing of it took place.
bool WriteGroup::commit_together(Group& group) {
  try {
    try {
      connection_->announced();
      connection_->begin(Connection::Mode::write);
    } catch (const Repeat& repeat) {
      // Another process writes and writes. Alone none of them would do better, and each would wait as long.
      connection_->rollback();
      for (auto& item : group) item.error = std::make_exception_ptr(unavailable(repeat.reason));
      return true;
    }
    for (auto& item : group) item.error = connection_->within_savepoint(item.work);
    connection_->commit();
  } catch (...) {
    connection_->rollback();
    return false;
  }
  told_(connection_->announced());
  return true;
}

}  // namespace patchbay::store
