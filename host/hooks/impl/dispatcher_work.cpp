// The way of one row: read back if need be, called, settled.
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "hooks/events.hpp"
#include "hooks/impl/dispatcher_state.hpp"
#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

port::Call process_call(const InboxRow& row, Duration timeout) {
  // What came is JSON already; ids of routes and times need no escapes.
  std::string text = R"({"id":")" + to_string_id(row.id) + R"(","route":")" + row.route +
                     R"(","received_at":")" + to_rfc3339(TimePoint(Duration(row.received_at))) + '"';
  if (row.request.size() > 2) text += ',';
  text.append(row.request, 1);
  return port::Call("pb.webhook/1:process", port::Message(std::move(text), {row.body}), row.trace, timeout);
}

bool concerns_integration(Code code) {
  return code == Code::unavailable || code == Code::rate_limited || code == Code::unauthenticated ||
         code == Code::cancelled;
}

// Whom they concern, nobody else knows.
void require_identities(const std::vector<Event>& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].identity.empty())
      throw Error(Code::invalid,
                  Text("hooks.event_field", {{"index", std::to_string(i)}, {"field", "identity"}}));
  }
}

std::string reason_of(Code code, const std::string& kept) {
  return Text("hooks.failed", {{"code", std::string(code_name(code))}, {"reason", kept}}).kept();
}

std::string reason_of(const port::Result& result) {
  return result.text.empty() ? std::string(code_name(result.code)) : reason_of(result.code, result.reason());
}

}  // namespace

asio::awaitable<void> Dispatcher::State::step(LanePtr lane) {
  Verdict verdict = Verdict::wait_lane;
  try {
    auto working = work(lane);
    verdict = co_await std::move(working);
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;  // stopping: the row stays open in the store
    // As a rule the store is away: the row is still open there and in here.
    logger.warn("inbox: lane waits",
                {{"integration", to_string_id(lane->key.first)}, {"error", error.what()}});
  }
  give_back(lane, verdict);
}

asio::awaitable<Dispatcher::State::Verdict> Dispatcher::State::work(LanePtr lane) {
  if (lane->rows.empty()) {
    auto reading = refill(lane);
    co_await std::move(reading);
    if (lane->rows.empty()) co_return Verdict::next;
  }
  if (!owns(lane->key.first)) {  // it has gone to another host
    while (!lane->rows.empty()) lanes.pop(*lane);
    lane->behind = false;
    co_return Verdict::next;
  }
  InboxRow row = lane->rows.front();
  if (row.not_before > parts.clock.now().time_since_epoch().count()) {
    lane->due = row.not_before;
    co_return Verdict::wait_lane;
  }
  port::Result result;
  if (row.verdict == kEmitted) {
    result.message.json = row.body;
  } else {
    auto call = process_call(row, options.call_timeout);
    auto& caller = row.of_profile && parts.profiles ? *parts.profiles : parts.caller;
    auto calling = caller.call(row.integration, std::move(call));
    result = co_await std::move(calling);
  }
  if (concerns_integration(result.code)) {
    ++parts.counters.retried;
    pause(row.integration, result.retry_after);
    co_return Verdict::wait_integration;
  }
  if (result.ok() && row.verdict != kEmitted) resume(row.integration);
  release_slot(lane);  // the next call need not wait for this one's commit
  auto settling = settle(lane, std::move(row), std::move(result));
  co_return co_await std::move(settling);
}

asio::awaitable<void> Dispatcher::State::refill(LanePtr lane) {
  const auto limit = static_cast<std::int64_t>(lanes.begin_refill(*lane));
  const std::int64_t now = lane->ordered() ? INT64_MAX : parts.clock.now().time_since_epoch().count();
  Oldest oldest;
  auto query = [key = lane->key, now, limit](store::Session& session) {
    return oldest_open(session, key, now, limit);
  };
  std::exception_ptr failed;
  try {
    auto reading = parts.store.read(std::move(query));
    oldest = co_await std::move(reading);
  } catch (...) {
    failed = std::current_exception();
  }
  lanes.refill(*lane, std::move(oldest.rows), oldest.all);
  if (failed) std::rethrow_exception(failed);
}

asio::awaitable<Dispatcher::State::Verdict> Dispatcher::State::settle(LanePtr lane, InboxRow row,
                                                                      port::Result result) {
  std::string reason = reason_of(result);
  if (result.ok()) {
    std::vector<Event> events;
    bool good = true;
    try {
      events = parse_events(result.message.json);
      if (row.of_profile) require_identities(events);
      for (auto& event : events) event.trace = row.trace;
      reason.clear();
    } catch (const Error& error) {
      reason = reason_of(Code::invalid, error.kept());
      good = false;
    }
    if (good) {
      ++parts.counters.processed;
      auto applying = apply(std::move(row), std::move(events), lane);
      co_return co_await std::move(applying);
    }
  }
  const auto code = result.poison ? Code::invalid : result.code;  // poison: not once more
  switch (code) {
    case Code::deadline: {
      auto again = try_again(lane, std::move(row), std::move(reason), options.tries_overdue);
      co_return co_await std::move(again);
    }
    case Code::internal:
    case Code::outcome_unknown: {
      auto again = try_again(lane, std::move(row), std::move(reason), options.tries);
      co_return co_await std::move(again);
    }
    default:
      break;
  }
  auto burying = bury(std::move(row), std::move(reason));
  co_await std::move(burying);
  lanes.pop(*lane);
  co_return Verdict::next;
}

asio::awaitable<Dispatcher::State::Verdict> Dispatcher::State::apply(InboxRow row, std::vector<Event> events,
                                                                     LanePtr lane) {
  Effect effect(row.id, row.integration, std::move(events));
  if (row.of_profile) effect.profile_of = row.plugin;
  auto applying = parts.effects.apply(std::move(effect));
  auto applied = co_await std::move(applying);
  switch (applied.outcome) {
    case Applied::Outcome::done:
      tell_done(row, applied);
      if (applied.unknown > 0) tell_unknown(row, applied);
      break;
    case Applied::Outcome::gone:
      break;
    case Applied::Outcome::unavailable:
      co_return Verdict::wait_lane;
    case Applied::Outcome::broken: {
      auto again = try_again(lane, std::move(row), std::move(applied.reason), options.tries);
      co_return co_await std::move(again);
    }
    case Applied::Outcome::refused: {
      auto burying = bury(std::move(row), std::move(applied.reason));
      co_await std::move(burying);
      break;
    }
  }
  lanes.pop(*lane);
  co_return Verdict::next;
}

// The one line that a webhook leaves when all is well (HOOK-5).
void Dispatcher::State::tell_done(const InboxRow& row, const Applied& applied) const {
  const auto age = parts.clock.now().time_since_epoch().count() - row.received_at;
  logger.info("webhook processed", {{owner_word(row.of_profile), to_string_id(row.integration)},
                                    {"route", row.route},
                                    {"inbox", to_string_id(row.id)},
                                    {"events", std::to_string(applied.stored)},
                                    {"age_ms", std::to_string(age)},
                                    {"trace", row.trace}});
}

void Dispatcher::State::tell_unknown(const InboxRow& row, const Applied& applied) const {
  ++parts.counters.dead;
  parts.counters.unknown_identity += applied.unknown;
  logger.warn("inbox: dead letter", {{"profile", to_string_id(row.integration)},
                                     {"inbox", to_string_id(row.id)},
                                     {"reason", Text::from_kept(applied.reason).english()},
                                     {"trace", row.trace}});
}

asio::awaitable<Dispatcher::State::Verdict> Dispatcher::State::try_again(LanePtr lane, InboxRow row,
                                                                         std::string reason,
                                                                         std::int64_t most) {
  lane->rows.front().attempts = row.attempts + 1;
  if (row.attempts + 1 >= most) {
    auto burying = bury(std::move(row), std::move(reason));
    co_await std::move(burying);
    lanes.pop(*lane);
    co_return Verdict::next;
  }
  ++row.attempts;
  ++parts.counters.retried;
  auto aside = set_aside(lane, std::move(row), std::move(reason));
  co_return co_await std::move(aside);
}

// Waits, after a note in the store that outlives this process; without a declared order the others pass.
asio::awaitable<Dispatcher::State::Verdict> Dispatcher::State::set_aside(LanePtr lane, InboxRow row,
                                                                         std::string reason) {
  const Duration wait = wait_for(lane->ordered() ? lane->waits + 1 : static_cast<int>(row.attempts) + 1);
  const std::int64_t until = (parts.clock.now() + wait).time_since_epoch().count();
  auto note = [id = row.id, attempts = row.attempts, until,
               reason = std::move(reason)](store::Session& session) {
    session.exec("update inbox set attempts = :attempts, not_before = :until, reason = :reason " +
                     std::string(kIfOpen),
                 {attempts, until, reason, id});
  };
  auto writing = parts.store.write(std::move(note));
  co_await std::move(writing);
  if (lane->ordered()) {
    ++lane->waits;
    lane->due = until;
    lane->rows.front().not_before = until;
    co_return Verdict::wait_lane;
  }
  lanes.pop(*lane);
  co_return Verdict::next;
}

asio::awaitable<void> Dispatcher::State::bury(InboxRow row, std::string reason) {
  ++parts.counters.dead;
  logger.warn("inbox: dead letter", {{owner_word(row.of_profile), to_string_id(row.integration)},
                                     {"inbox", to_string_id(row.id)},
                                     {"reason", Text::from_kept(reason).english()},
                                     {"trace", row.trace}});
  const std::int64_t now = parts.clock.now().time_since_epoch().count();
  auto end = [id = row.id, attempts = row.attempts + 1, now,
              reason = std::move(reason)](store::Session& session) {
    session.exec(
        "update inbox set state = 'dead', attempts = :attempts, finished_at = :now, reason = :reason " +
            std::string(kIfOpen),
        {attempts, now, reason, id});
  };
  auto writing = parts.store.write(std::move(end));
  co_await std::move(writing);
}

}  // namespace patchbay::hooks
