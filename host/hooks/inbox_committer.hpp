#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "hooks/counters.hpp"
#include "hooks/inbox_row.hpp"
#include "log/log.hpp"
#include "store/bulk_insert.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

// What became of a row: durable now, durable before (its dedupe key is there), not durable (the store said
// no), or not even tried since too much waits already.
enum class Stored { stored, known, failed, full };

// Group commit: one thread writes what has queued up while the previous commit was under way, as one insert
// of arrays; it never lingers. When a batch fails for another reason than the store being away it is repeated
// row by row once, so that only the bad row fails.
class InboxCommitter {
 public:
  struct Options {
    Options() = default;
    std::size_t max_rows = 10'000;  // waiting; more are refused at once
    std::size_t max_bytes = 16u << 20;
    std::size_t batch_rows = 256;
    std::size_t batch_bytes = 1u << 20;
  };
  // New rows after their commit, in order. On the committer's thread; must not block.
  using OnStored = std::function<void(std::vector<InboxRow> rows)>;

  // `io` resumes those who wait, one post a batch. All references outlive the committer.
  InboxCommitter(store::Store& store, IdMint& mint, boost::asio::any_io_executor io, Counters& counters,
                 log::Logger logger, Options options);
  InboxCommitter(store::Store& store, IdMint& mint, boost::asio::any_io_executor io, Counters& counters,
                 log::Logger logger);
  // As stop().
  ~InboxCommitter();

  // Before the first put().
  void on_stored(OnStored on_stored) { on_stored_ = std::move(on_stored); }
  // Called on the committer's thread when a batch failed, before its waiters hear of it: some of it may be in
  // the store all the same (the connection broke while it was committed). Before the first put().
  void on_unsure(std::function<void()> on_unsure) { on_unsure_ = std::move(on_unsure); }

  // Waits until the row is durable or known not to be. Not cancelled by its caller's end: what is queued is
  // written.
  boost::asio::awaitable<Stored> put(InboxRow row);
  // Several, in order; none is tried when they do not all fit.
  boost::asio::awaitable<std::vector<Stored>> put_all(std::vector<InboxRow> rows);

  // Refuses what comes, writes what waits, joins the thread.
  void stop();
  std::size_t waiting() const;

 private:
  struct Waiter;
  struct Pending {
    Pending(InboxRow r, Waiter* w, std::size_t p) : row(std::move(r)), waiter(w), position(p) {}
    InboxRow row;
    Waiter* waiter;  // stands in the frame of who waits
    std::size_t position;
  };
  using Batch = std::vector<Pending>;

  // Fills `results`; both outlive the wait.
  boost::asio::awaitable<void> store(std::span<InboxRow> rows, std::span<Stored> results);
  void push(std::span<InboxRow> rows, Waiter& waiter);
  void run();
  bool take(Batch& batch);
  void commit(Batch& batch);
  void insert(Batch& batch, std::size_t from, std::size_t to);
  void tell(const Batch& batch, const std::exception& error) const;
  void insert_or_fail(Batch& batch, std::size_t row);
  void finish(Batch& batch);
  void resume(std::vector<Waiter*> waiters);

  store::Store& store_;
  IdMint& mint_;
  boost::asio::any_io_executor io_;
  Counters& counters_;
  log::Logger logger_;
  const Options options_;
  OnStored on_stored_;
  std::function<void()> on_unsure_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::deque<Pending> queue_;
  std::size_t bytes_ = 0;
  bool stopping_ = false;

  // On the thread alone; what must not fail has room for a batch.
  store::BulkInsert rows_;  // those that are being inserted
  Batch batch_;
  std::vector<Waiter*> done_;
  std::size_t missed_ =
      0;  // rows since the store is away: told once, and when it is back; on the thread alone
  std::thread thread_;
};

}  // namespace patchbay::hooks
