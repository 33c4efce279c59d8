// Finds open rows that nobody in this process has in hand.
#include "base/failure.hpp"
#include "hooks/impl/dispatcher_state.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPage = 1000;
constexpr int kPagesPerSweep = 20;
constexpr int kRest = 4;  // times what a sweep took, until somebody else's word starts the next
constexpr std::int64_t kTidied = 500;
constexpr Duration kTidyPause{100};

struct Found {
  Place place;
  std::string lane;
};

}  // namespace

void Dispatcher::State::look() {
  if (look_planned) return;
  const auto rest = next_look - parts.clock.monotonic();
  if (rest.count() <= 0) return scope.spawn_on(strand, "inbox sweep", sweep());
  look_planned = true;
  look_timer = parts.clock.after(strand, std::chrono::ceil<Duration>(rest), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->look_planned = false;
    self->scope.spawn_on(self->strand, "inbox sweep", self->sweep());
  });
}

asio::awaitable<void> Dispatcher::State::sweep_for_ever() {
  for (;;) {
    auto sweeping_now = sweep();
    co_await std::move(sweeping_now);
    auto sleeping = parts.clock.sleep(options.sweep_every);
    co_await std::move(sleeping);
  }
}

asio::awaitable<void> Dispatcher::State::sweep() {
  sweep_again = sweeping;
  if (sweeping) co_return;
  sweeping = true;
  const auto began_at = parts.clock.monotonic();
  do {
    sweep_again = false;
    bool more = true;
    for (int page = 0; more && page < kPagesPerSweep; ++page) {
      const auto began = lanes.begin_read();
      bool failed = false;
      try {
        auto reading = sweep_page();
        more = co_await std::move(reading);
      } catch (const std::exception& error) {
        if (is_cancellation(error)) throw;  // nobody sweeps again
        logger.warn("inbox: sweep failed", {{"error", error.what()}});
        failed = true;
      }
      lanes.end_read(began);
      if (failed) break;
    }
  } while (sweep_again);
  const auto ended_at = parts.clock.monotonic();
  next_look = ended_at + kRest * (ended_at - began_at);
  sweeping = false;
}

asio::awaitable<bool> Dispatcher::State::sweep_page() {
  const std::int64_t now = parts.clock.now().time_since_epoch().count();
  if (cursor == Place(0, 0) && !skip_integration) lanes.begin_listing();
  const auto some = parts.owned == nullptr ? std::nullopt : parts.owned->some();
  auto query = [from = cursor, skip = skip_integration, now, some](store::Session& session) {
    // In a lane with an order nobody passes, so those who wait are listed too.
    const std::string sql =
        "select integration, id, lane from inbox where state = 'new' "
        "and (lane <> '' or not_before <= :now) and " +
        std::string(skip ? "integration > :integration" : "(integration, id) > (:integration, :id)") +
        (some ? " and " + std::string(cluster::kPartitionSql) + " = any(cast(:partitions as bigint[]))"
              : "") +
        " order by integration, id limit 1000";
    store::Values values{now, from.first};
    if (!skip) values.emplace_back(from.second);
    if (some) values.emplace_back(*some);
    std::vector<Found> found;
    for (const auto& row : session.query(sql, std::move(values)))
      found.push_back(Found{Place(row.integer(0), row.integer(1)), row.text(2)});
    return found;
  };
  auto reading = parts.store.read(std::move(query));
  const auto found = co_await std::move(reading);
  for (const auto& row : found) {
    const Lanes::Key key(row.place.first, row.lane);
    if (const auto lane = lanes.missed(row.place.second, key)) activate(lane);
  }
  const bool more = found.size() == static_cast<std::size_t>(kPage);
  cursor = more ? found.back().place : Place(0, 0);
  // The rest of an integration that has no room left waits for its turn; the others do not.
  skip_integration = more && lanes.overflows(cursor.first);
  if (!more) lanes.end_listing();
  co_return more;
}

asio::awaitable<void> Dispatcher::State::tidy_for_ever() {
  for (;;) {
    auto sleeping = parts.clock.sleep(options.tidy_every);
    co_await std::move(sleeping);
    try {
      auto tidying = tidy();
      co_await std::move(tidying);
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      logger.warn("inbox: old rows not removed", {{"error", error.what()}});
    }
  }
}

// In small pieces, so that SQLite's one writer is free for others in between.
asio::awaitable<void> Dispatcher::State::tidy() {
  const TimePoint before = parts.clock.now() - options.keep_done;
  for (;;) {
    auto removing = inbox.remove_done(before, kTidied);
    const auto removed = co_await std::move(removing);
    if (removed < kTidied) co_return;
    auto pausing = parts.clock.sleep(kTidyPause);
    co_await std::move(pausing);
  }
}

}  // namespace patchbay::hooks
