#include "hooks/inbox_committer.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "hooks/impl/inbox_sql.hpp"
#include "hooks/impl/memory.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

template <class T>
T reserved(std::size_t room) {
  T made;
  made.reserve(room);
  return made;
}

}  // namespace

struct InboxCommitter::Waiter {
  using Handler = asio::any_completion_handler<void()>;

  explicit Waiter(std::span<Stored> results_) : results(results_), open(results_.size()) {}

  // Once it has been called this is no more. Optional, since moving one into another recurses for ever (Boost
  // 1.81).
  std::optional<Handler> handler;
  std::span<Stored> results;
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
      rows_(inbox_insert()),
      batch_(reserved<Batch>(options_.batch_rows)),
      done_(reserved<std::vector<Waiter*>>(options_.batch_rows)),
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

asio::awaitable<void> InboxCommitter::store(std::span<InboxRow> rows, std::span<Stored> results) {
  Waiter waiter(results);
  auto start = [this, rows, &waiter](auto handler) {
    waiter.handler.emplace(std::move(handler));
    push(rows, waiter);
  };
  auto stored = asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
  co_await std::move(stored);
}

asio::awaitable<std::vector<Stored>> InboxCommitter::put_all(std::vector<InboxRow> rows) {
  std::vector<Stored> results(rows.size(), Stored::failed);
  if (rows.empty()) co_return results;
  auto storing = store(rows, results);
  co_await std::move(storing);
  co_return results;
}

asio::awaitable<Stored> InboxCommitter::put(InboxRow row) {
  Stored result = Stored::failed;
  auto storing = store(std::span(&row, 1), std::span(&result, 1));
  co_await std::move(storing);
  co_return result;
}

void InboxCommitter::push(std::span<InboxRow> rows, Waiter& waiter) {
  std::size_t bytes = 0;
  for (const auto& row : rows) bytes += row.bytes();
  bool was_empty = false;
  bool fits = false;
  {
    const std::lock_guard lock(mutex_);
    fits = !stopping_ && queue_.size() + rows.size() <= options_.max_rows &&
           bytes_ + bytes <= options_.max_bytes;
    if (fits) {
      was_empty = queue_.empty();
      bytes_ += bytes;
      for (std::size_t i = 0; i < rows.size(); ++i) queue_.emplace_back(std::move(rows[i]), &waiter, i);
    }
  }
  if (was_empty) wake_.notify_one();
  if (fits) return;
  std::fill(waiter.results.begin(), waiter.results.end(), Stored::full);
  counters_.queue_full += waiter.results.size();
  resume({&waiter});
}

void InboxCommitter::run() {
  for (; take(batch_); batch_.clear()) {
    as_memory_allows([this] { commit(batch_); });  // else it is not stored, as far as it says nothing else
    finish(batch_);
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
  rows_.clear();
  const auto take_all_back = [&] {
    for (std::size_t i = 0; i < rows_.rows(); ++i) take_back(rows_, i, batch[from + i].row);
  };
  std::vector<std::int64_t> fresh;
  try {
    rows_.reserve(to - from);
    for (std::size_t i = from; i < to; ++i) lend_row(rows_, batch[i].row);
    fresh = store_.insert_new_now(rows_);
  } catch (...) {
    take_all_back();
    throw;
  }
  take_all_back();
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
    if (const auto missed = std::exchange(missed_, 0); missed > 0)
      logger_.info("inbox: the store takes requests again", {{"refused", std::to_string(missed)}});
    return;
  } catch (const Error& error) {
    if (on_unsure_) insist(on_unsure_);
    const bool away = error.code() == Code::unavailable;
    const bool known = away && missed_ > 0;
    if (away) missed_ += batch.size();
    if (!known) tell(batch, error);
    if (away) return;
  } catch (const std::exception& error) {
    tell(batch, error);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) insert_or_fail(batch, i);
}

void InboxCommitter::tell(const Batch& batch, const std::exception& error) const {
  logger_.warn("inbox: batch not stored", {{"rows", std::to_string(batch.size())}, {"error", error.what()}});
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

void InboxCommitter::finish(Batch& batch) {
  std::vector<InboxRow> fresh;
  bool handed_on = as_memory_allows([&] { fresh.reserve(batch.size()); });
  done_.clear();
  for (auto& pending : batch) {
    const Stored result = pending.waiter->results[pending.position];
    if (result == Stored::stored && handed_on) fresh.push_back(std::move(pending.row));
    ++(result == Stored::stored  ? counters_.stored
       : result == Stored::known ? counters_.known
                                 : counters_.store_failed);
    if (--pending.waiter->open == 0) done_.push_back(pending.waiter);
  }
  insist([this] { resume(done_); });
  if (on_stored_ && !fresh.empty()) handed_on = as_memory_allows([&] { on_stored_(std::move(fresh)); });
  if (!handed_on && on_unsure_) insist(on_unsure_);
}

// Whoever is not resumed since this throws is still as it was.
void InboxCommitter::resume(std::vector<Waiter*> waiters) {
  asio::post(io_, [waiters = std::move(waiters)] {
    for (auto* waiter : waiters) {
      auto handler = std::move(*waiter->handler);
      const auto executor = asio::get_associated_executor(handler);
      asio::dispatch(executor, std::move(handler));
    }
  });
}

}  // namespace patchbay::hooks
