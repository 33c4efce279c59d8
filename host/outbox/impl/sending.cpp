// How one item goes out: claim, call, perhaps ask the provider, write down what came of it.
#include <algorithm>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "outbox/impl/dispatcher_impl.hpp"
#include "port/limits.hpp"

namespace patchbay::outbox {

using namespace std::chrono_literals;
using Time = std::chrono::nanoseconds;
using Next = Decision::Next;

namespace {

constexpr Time kSignedOut = 5s;  // until the integration's state says so too
constexpr Duration kStoreAway{1000};

// An item between claim and settle.
class OnTheWay {
 public:
  OnTheWay(std::unordered_set<Id>& items, Id item) : items_(items), item_(item) { items_.insert(item_); }
  ~OnTheWay() { items_.erase(item_); }
  OnTheWay(const OnTheWay&) = delete;
  OnTheWay& operator=(const OnTheWay&) = delete;

 private:
  std::unordered_set<Id>& items_;
  const Id item_;
};

}  // namespace

asio::awaitable<void> Dispatcher::Impl::run(Queue& queue, std::string lane, std::vector<Slots::Want> slots) {
  bool store_away = false;
  try {
    co_await attempt(queue, lane);
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    logger_.warn("outbox: an item could not be dealt with", {{"lane", lane}, {"error", error.what()}});
    store_away = true;
  }
  if (store_away) queue.lanes.postpone(lane, now() + kStoreAway, Lanes::Wait::limit);
  give_back(queue, slots);
}

// Only waiting is cut short by the end of the host: what was claimed is settled.
asio::awaitable<void> Dispatcher::Impl::attempt(Queue& queue, std::string lane) {
  const asio::disable_cancellation to_the_end;
  co_await asio::this_coro::reset_cancellation_state(to_the_end);
  Head head;
  head.integration = queue.integration;
  head.lane = lane;
  auto& token = queue.claims[lane];
  while (token == 0) token = static_cast<std::int64_t>(random_());
  head.claim = token;
  auto work = [head, time = wall(), this](store::Session& session) {
    return claim(session, options_.effects, head, time);
  };
  auto claimed = co_await options_.store.write(std::move(work));
  queue.claims.erase(lane);
  const auto id = claimed.item.id;
  if (claimed.kind == Claim::Kind::none) {
    queue.lanes.end(lane, std::nullopt);
  } else if (claimed.kind == Claim::Kind::later) {
    const Duration wait(claimed.item.not_before - wall());
    queue.lanes.postpone(lane, now() + wait, Lanes::Wait::limit);
  } else if (on_the_way_.count(id) > 0) {
    // Its conversation got another id while it was being sent.
    queue.lanes.postpone(lane, now() + Time(kStoreAway), Lanes::Wait::limit);
  } else {
    const OnTheWay mark(on_the_way_, id);
    if (claimed.kind == Claim::Kind::begin) {
      co_await send(queue, std::move(claimed));
    } else {
      claimed.item.claim = head.claim;
      auto take = [item = claimed.item](store::Session& session) { take_over(session, item, item.claim); };
      co_await options_.store.write(std::move(take));
      const auto gone = port::failure(Code::outcome_unknown, Text("outbox.host_ended"));
      auto unknown = judge(queue, claimed.item, gone);
      unknown.provider_down = false;
      co_await look_up(queue, std::move(claimed), std::move(unknown));
    }
  }
}

asio::awaitable<void> Dispatcher::Impl::send(Queue& queue, Claim claimed) {
  const auto& verb = claimed.item.verb;
  if ((verb == "acknowledge" && !queue.policy.acknowledge) || (verb == "release" && !queue.policy.release)) {
    Decision not_wanted(Next::sent);
    co_await finish(queue, std::move(claimed.item), std::move(not_wanted));
    co_return;
  }
  if (stopping_) {
    Decision not_begun(Next::retry, {});
    co_await finish(queue, std::move(claimed.item), std::move(not_begun));
    co_return;
  }
  port::Message message(claimed.request);
  port::Call call("pb.channel/1:" + claimed.item.verb, std::move(message), claimed.item.trace,
                  options_.call_timeout + upload_time(claimed.request));
  const auto result = co_await ask_plugin(queue.integration, std::move(call));
  auto decision = judge(queue, claimed.item, result);
  if (decision.next == Next::signed_out) options_.effects.signed_out(queue.integration, result);
  if (!result.ok()) {
    logger_.info("outbox: not sent", {{"item", to_string_id(claimed.item.id)},
                                      {"code", std::string(code_name(result.code))},
                                      {"text", result.text},
                                      {"trace", claimed.item.trace}});
  }
  co_await look_up(queue, std::move(claimed), std::move(decision));
}

Decision Dispatcher::Impl::judge(const Queue& queue, const Item& item, const port::Result& result) {
  auto decision = decide(queue.policy, result, queue.lanes.failures(item.lane));
  // It may be said twice.
  if (item.verb == "release" && (decision.next == Next::look_up || decision.next == Next::uncertain))
    decision.next = Next::retry;
  return decision;
}

asio::awaitable<port::Result> Dispatcher::Impl::ask_plugin(Id integration, port::Call call) {
  const asio::enable_terminal_cancellation may_end;
  const asio::disable_cancellation to_the_end;
  co_await asio::this_coro::reset_cancellation_state(may_end);
  auto result = co_await options_.caller.call(integration, std::move(call));
  co_await asio::this_coro::reset_cancellation_state(to_the_end);
  co_return result;
}

// Asks the provider where the decision is to do so, then writes what came of it.
asio::awaitable<void> Dispatcher::Impl::look_up(Queue& queue, Claim claimed, Decision decision) {
  if (decision.next == Next::look_up && claimed.item.verb == "send" && !stopping_) {
    auto question = nlohmann::json::object();
    question["idempotency_key"] = claimed.item.idempotency_key;
    question["conversation"]["id"] = claimed.conversation;
    port::Message message(question.dump());
    port::Call call("pb.channel/1:lookup", std::move(message), claimed.item.trace, options_.call_timeout);
    const auto result = co_await ask_plugin(queue.integration, std::move(call));
    decision = decide_lookup(result, queue.lanes.failures(claimed.item.lane));
  }
  co_await finish(queue, std::move(claimed.item), std::move(decision));
}

// The answer is known only here, so writing it down is repeated until the store takes it or the host ends.
asio::awaitable<void> Dispatcher::Impl::finish(Queue& queue, Item item, Decision decision) {
  decision.delay += back_off(1, jitter()) - back_off(1, 0);
  for (;;) {
    bool written = false;
    std::optional<Id> next;
    try {
      auto work = [&item, &decision, time = wall(), this](store::Session& session) {
        return settle(session, options_.effects, item, decision, time);
      };
      next = co_await options_.store.write(std::move(work));
      written = true;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      logger_.error("outbox: an answer could not be written",
                    {{"item", to_string_id(item.id)}, {"error", error.what()}});
    }
    if (written) {
      after(queue, item, decision, next);
      co_return;
    }
    if (stopping_) co_return;
    co_await options_.clock.sleep(kStoreAway);
  }
}

void Dispatcher::Impl::after(Queue& queue, const Item& item, const Decision& decision,
                             std::optional<Id> next) {
  auto& lanes = queue.lanes;
  if (decision.provider_down) {
    queue.breaker.failed(now());
  } else if (queue.breaker.succeeded()) {
    lanes.forgive();
  }
  switch (item.verb == "acknowledge" ? Next::sent : decision.next) {
    case Next::sent:
    case Next::failed:
    case Next::uncertain:
      lanes.end(item.lane, next);
      break;
    case Next::wait_conversation:
      lanes.postpone(item.lane, now() + Time(decision.delay), Lanes::Wait::limit);
      break;
    case Next::wait_integration:
      // A pause in the buckets holds everybody who shares them.
      if (decision.scope == "grant" && !queue.grant.empty())
        buckets_.pause(queue.grant, decision.delay);
      else if (decision.scope == "profile" && !queue.profile.empty())
        buckets_.pause(queue.profile, decision.delay);
      else
        queue.paused_until = std::max(queue.paused_until, now() + Time(decision.delay));
      lanes.postpone(item.lane, now() + Time(decision.delay), Lanes::Wait::limit);
      break;
    case Next::signed_out:
      queue.held_until = std::max(queue.held_until, now() + kSignedOut);
      lanes.postpone(item.lane, now() + kSignedOut, Lanes::Wait::back_off);
      break;
    case Next::retry:
    case Next::look_up: {
      lanes.count_failure(item.lane);
      const auto wait = std::max(back_off(lanes.failures(item.lane), jitter()), decision.delay);
      lanes.postpone(item.lane, now() + Time(wait), Lanes::Wait::back_off);
      break;
    }
  }
  if (!decision.outcome.moved_to.empty()) sweep_soon();
}

}  // namespace patchbay::outbox
