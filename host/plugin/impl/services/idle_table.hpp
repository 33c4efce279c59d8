#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.hpp"

namespace patchbay::plugin {

// What one instance has open, by name: so many at most, and one that nobody uses for a while goes. Any
// thread.
template <class Thing>
class IdleTable : public std::enable_shared_from_this<IdleTable<Thing>> {
 public:
  // `clock` outlives it.
  IdleTable(Clock& clock, boost::asio::any_io_executor executor, std::size_t most, Duration idle)
      : clock_(clock), executor_(std::move(executor)), most_(most), idle_(idle) {}

  // In use as long as the result lives. Null when there is none.
  std::shared_ptr<Thing> use(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = things_.find(name);
    return found == things_.end() ? nullptr : hold(found->second);
  }
  // The same, made when there is none. Null when there are too many.
  template <class Make>
  std::shared_ptr<Thing> use_or_make(const std::string& name, Make make) {
    const std::lock_guard lock(mutex_);
    auto found = things_.find(name);
    if (found == things_.end()) {
      if (things_.size() >= most_) return nullptr;
      found = things_.emplace(name, std::make_shared<Entry>(name, make())).first;
    }
    return hold(found->second);
  }
  // Each ends with its last user.
  void remove(const std::string& name) {
    auto gone = std::shared_ptr<Entry>();
    const std::lock_guard lock(mutex_);
    const auto found = things_.find(name);
    if (found == things_.end()) return;
    gone = std::move(found->second);
    things_.erase(found);
  }
  void clear() {
    Things gone;
    const std::lock_guard lock(mutex_);
    gone.swap(things_);
  }

 private:
  struct Entry {
    Entry(std::string name_, std::shared_ptr<Thing> thing_)
        : name(std::move(name_)), thing(std::move(thing_)) {}
    const std::string name;
    const std::shared_ptr<Thing> thing;
    int users = 0;
    std::chrono::nanoseconds left{0};  // when the last user went
    std::unique_ptr<Clock::Timer> timer;
  };
  using Things = std::map<std::string, std::shared_ptr<Entry>, std::less<>>;

  std::shared_ptr<Thing> hold(const std::shared_ptr<Entry>& entry) {
    ++entry->users;
    entry->timer.reset();
    return std::shared_ptr<Thing>(entry->thing.get(), [weak = this->weak_from_this(), entry](Thing*) {
      if (const auto table = weak.lock()) table->release(entry);
    });
  }
  void release(const std::shared_ptr<Entry>& entry) {
    const std::lock_guard lock(mutex_);
    if (--entry->users > 0) return;
    entry->left = clock_.monotonic();
    std::weak_ptr<Entry> unused = entry;
    entry->timer = clock_.after(executor_, idle_, [weak = this->weak_from_this(), unused] {
      const auto table = weak.lock();
      const auto idle = unused.lock();
      if (table && idle) table->expire(idle);
    });
  }
  // A timer that was too late to be stopped finds it used again.
  void expire(const std::shared_ptr<Entry>& entry) {
    auto gone = std::shared_ptr<Entry>();
    const std::lock_guard lock(mutex_);
    if (entry->users > 0 || entry->left + idle_ > clock_.monotonic()) return;
    const auto found = things_.find(entry->name);
    if (found == things_.end() || found->second != entry) return;
    gone = std::move(found->second);
    things_.erase(found);
  }

  Clock& clock_;
  const boost::asio::any_io_executor executor_;
  const std::size_t most_;
  const Duration idle_;
  std::mutex mutex_;
  Things things_;
};

}  // namespace patchbay::plugin
