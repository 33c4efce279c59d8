#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/impl/connection.hpp"

namespace patchbay::store {

// Commits several pieces of work that wait for the one writer in one transaction, each in a savepoint of its
// own: they share the price of fsync, which is nearly all of the price. What is alone never waits for others.
// Any thread.
class WriteGroup {
 public:
  using Work = std::function<void(Session&)>;
  using Done = std::function<void(std::exception_ptr)>;
  // Runs one piece of work in a transaction of its own, as often as is worth it.
  using Alone = std::function<void(Connection&, Work&)>;

  // Hears after each commit of a group what its transactions announced.
  using Told = std::function<void(const std::vector<std::string_view>&)>;

  WriteGroup(std::unique_ptr<Connection> connection, Alone alone, Told told, std::size_t max_queued);
  // Does what is queued, then ends.
  ~WriteGroup();
  WriteGroup(const WriteGroup&) = delete;
  WriteGroup& operator=(const WriteGroup&) = delete;

  // Blocks until `work` is committed; throws why it is not. A thread that finds the writer idle works itself.
  void run(Work work);
  // `done` is called on some thread of the store or of run(), must be quick and must not throw. False when
  // the queue is full.
  [[nodiscard]] bool submit(Work work, Done done);

 private:
  struct Item {
    Item(Work w, Done d) : work(std::move(w)), done(std::move(d)) {}
    Work work;
    Done done;
    std::exception_ptr error;
  };
  using Group = std::vector<Item>;

  void lead(std::unique_lock<std::mutex>& lock);
  void commit(Group& group);
  bool commit_together(Group& group);
  void watch();

  const std::unique_ptr<Connection> connection_;
  const Alone alone_;
  const Told told_;
  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool leading_ = false;
  bool stopping_ = false;
  std::deque<Item> queue_;
  Group group_;  // of who leads; has room for all, so that leading cannot fail
  std::thread watcher_;
};

}  // namespace patchbay::store
