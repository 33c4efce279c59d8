#include "hooks/inbox_committer.hpp"

#include <algorithm>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

struct InboxCommitter::Waiter {
  using Handler = asio::any_completion_handler<void(std::vector<Stored>)>;

  Waiter(Handler h, const asio::any_io_executor& io, std::size_t count)
      : handler(std::move(h)), work(io), results(count, Stored::failed), open(count) {}

  Handler handler;
  asio::executor_work_guard<asio::any_io_executor> work;  // io runs on while an answer is due
  std::vector<Stored> results;
  std::size_t open;
};

InboxCommitter::InboxCommitter(store::Store& store, IdMint& mint, asio::any_io_executor io,
                               Counters& counters, log::Logger logger, Options options)
    : store_(store),
      mint_(mint),
      io_(std::move(io)),
      counters_(counters),
      logger_(std::move(logger)),
      options_(options),
      thread_([this] { run(); }) {}

InboxCommitter::InboxCommitter(store::Store& store, IdMint& mint, asio::any_io_executor io,
                               Counters& counters, log::Logger logger)
    : InboxCommitter(store, mint, std::move(io), counters, std::move(logger), Options()) {}

InboxCommitter::~InboxCommitter() {
  stop();
}

void InboxCommitter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::size_t InboxCommitter::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

asio::awaitable<std::vector<Stored>> InboxCommitter::put_all(std::vector<InboxRow> rows) {
  if (rows.empty()) co_return std::vector<Stored>();
  auto start = [this, rows = std::move(rows)](auto handler) mutable {
    const std::size_t count = rows.size();
    push(std::move(rows), std::make_shared<Waiter>(std::move(handler), io_, count));
  };
  auto stored = asio::async_initiate<const asio::use_awaitable_t<>, void(std::vector<Stored>)>(
      std::move(start), asio::use_awaitable);
  co_return co_await std::move(stored);
}

asio::awaitable<Stored> InboxCommitter::put(InboxRow row) {
  std::vector<InboxRow> one;
  one.push_back(std::move(row));
  auto stored = put_all(std::move(one));
  const auto results = co_await std::move(stored);
  co_return results.front();
}

void InboxCommitter::push(std::vector<InboxRow> rows, std::shared_ptr<Waiter> waiter) {
  std::size_t bytes = 0;
  for (const auto& row : rows) bytes += row.bytes();
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && queue_.size() + rows.size() <= options_.max_rows &&
        bytes_ + bytes <= options_.max_bytes) {
      was_empty = queue_.empty();
      bytes_ += bytes;
      for (std::size_t i = 0; i < rows.size(); ++i) queue_.emplace_back(std::move(rows[i]), waiter, i);
      waiter = nullptr;
    }
  }
  if (was_empty) wake_.notify_one();
  if (!waiter) return;
  std::fill(waiter->results.begin(), waiter->results.end(), Stored::full);
  counters_.queue_full += waiter->results.size();
  resume({std::move(waiter)});
}

void InboxCommitter::run() {
  Batch batch;
  while (take(batch)) {
    commit(batch);
    finish(std::move(batch));
    batch = Batch();
  }
}

bool InboxCommitter::take(Batch& batch) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < options_.batch_rows &&
         (batch.empty() || bytes < options_.batch_bytes)) {
    bytes += queue_.front().row.bytes();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  bytes_ -= bytes;
  lock.unlock();
  for (auto& pending : batch) pending.row.id = mint_.next();
  return !batch.empty();
}

void InboxCommitter::insert(Batch& batch, std::size_t from, std::size_t to) {
  auto rows = inbox_insert();
  rows.reserve(to - from);
  for (std::size_t i = from; i < to; ++i) add_row(rows, batch[i].row);
  auto fresh = store_.insert_new_now(rows);
  ++counters_.batches;
  std::sort(fresh.begin(), fresh.end());
  for (std::size_t i = from; i < to; ++i) {
    const bool is_new = std::binary_search(fresh.begin(), fresh.end(), batch[i].row.id);
    batch[i].waiter->results[batch[i].position] = is_new ? Stored::stored : Stored::known;
  }
}

void InboxCommitter::commit(Batch& batch) {
  try {
    insert(batch, 0, batch.size());
    return;
  } catch (const Error& error) {
    logger_.warn("inbox: batch not stored",
                 {{"rows", std::to_string(batch.size())}, {"error", error.what()}});
    if (on_unsure_) on_unsure_();
    if (error.code() == Code::unavailable) return;
  } catch (const std::exception& error) {
    logger_.warn("inbox: batch not stored",
                 {{"rows", std::to_string(batch.size())}, {"error", error.what()}});
  }
  for (std::size_t i = 0; i < batch.size(); ++i) insert_or_fail(batch, i);
}

void InboxCommitter::insert_or_fail(Batch& batch, std::size_t row) try {
  insert(batch, row, row + 1);
} catch (const std::exception& error) {
  const InboxRow& bad = batch[row].row;
  logger_.error("inbox: request not stored", {{"integration", to_string_id(bad.integration)},
                                              {"route", bad.route},
                                              {"trace", bad.trace},
                                              {"error", error.what()}});
}

void InboxCommitter::finish(Batch batch) {
  std::vector<InboxRow> fresh;
  std::vector<std::shared_ptr<Waiter>> done;
  for (auto& pending : batch) {
    const Stored result = pending.waiter->results[pending.position];
    if (result == Stored::stored) fresh.push_back(std::move(pending.row));
    ++(result == Stored::stored  ? counters_.stored
       : result == Stored::known ? counters_.known
                                 : counters_.store_failed);
    if (--pending.waiter->open == 0) done.push_back(std::move(pending.waiter));
  }
  resume(std::move(done));
  if (on_stored_ && !fresh.empty()) on_stored_(std::move(fresh));
}

void InboxCommitter::resume(std::vector<std::shared_ptr<Waiter>> waiters) {
  asio::post(io_, [waiters = std::move(waiters)] {
    for (const auto& waiter : waiters) {
      auto results = std::move(waiter->results);
      auto executor = asio::get_associated_executor(waiter->handler);
      asio::dispatch(executor,
                     [handler = std::move(waiter->handler), results = std::move(results)]() mutable {
                       std::move(handler)(std::move(results));
                     });
      waiter->work.reset();
    }
  });
}

}  // namespace patchbay::hooks
