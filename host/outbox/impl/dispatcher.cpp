#include "outbox/dispatcher.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <unordered_set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "base/task_scope.hpp"
#include "net/rate_buckets.hpp"
#include "outbox/impl/breaker.hpp"
#include "outbox/impl/item_table.hpp"
#include "outbox/impl/lanes.hpp"
#include "outbox/impl/policy.hpp"

namespace patchbay::outbox {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Time = std::chrono::nanoseconds;
using Next = Decision::Next;

namespace {

constexpr Time kNever = Time::max();
constexpr Time kChannelFresh = 1s;   // how long what Channels said is believed
constexpr Time kSignedOut = 5s;      // until the integration's state says so too
constexpr Duration kStoreAway{1000};

struct Queue {
  explicit Queue(Id id) : integration(id) {}

  const Id integration;
  Lanes lanes;
  Breaker breaker;
  Policy policy;
  bool open = false;
  bool asking = false;      // Channels is being asked
  Time asked_at = -kNever;  // when it was
  Time held_until{0};
  int running = 0;
  std::unique_ptr<Clock::Timer> timer;
};

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

std::string conversation_key(Id integration, const std::string& lane, const std::string& kind) {
  return to_string_id(integration) + "/" + kind + "/" + lane;
}

}  // namespace

// Everything but construction, wake and the store's work runs on one strand.
class Dispatcher::Impl : public std::enable_shared_from_this<Dispatcher::Impl> {
 public:
  Impl(const asio::any_io_executor& executor, Options options, log::Logger logger)
      : options_(std::move(options)),
        logger_(std::move(logger)),
        strand_(asio::make_strand(executor)),
        buckets_(options_.clock),
        scope_(executor, [this](const std::string& name, std::exception_ptr error) { report(name, error); }) {}

  template <class F>
  void on_strand(F fn) {
    asio::post(strand_, [self = weak_from_this(), fn = std::move(fn)]() mutable {
      if (const auto impl = self.lock()) fn(*impl);
    });
  }

  void start() { sweep_soon(); }
  void offer(const Head& head) {
    auto& queue = queue_of(head.integration);
    queue.lanes.offer(head.lane, head.item, head.kind);
    pump(queue);
  }
  void refresh(Id integration) {
    auto& queue = queue_of(integration);
    queue.breaker.succeeded();
    queue.held_until = Time{0};
    queue.asked_at = -kNever;
    queue.lanes.forgive();
    pump(queue);
  }
  asio::awaitable<void> stop(Duration grace);

 private:
  asio::awaitable<void> drain(Duration grace);
  Queue& queue_of(Id integration) {
    auto& queue = queues_[integration];
    if (!queue) queue = std::make_unique<Queue>(integration);
    return *queue;
  }
  Time now() const { return options_.clock.monotonic(); }
  std::int64_t wall() const { return options_.clock.now().time_since_epoch().count(); }
  double jitter() { return options_.jitter ? options_.jitter() : std::uniform_real_distribution<double>(0, 1)(random_); }
  void report(const std::string& name, std::exception_ptr error);

  void sweep_soon();
  asio::awaitable<void> sweep();
  void pump(Queue& queue);
  Time blocked(Queue& queue);
  Time take_rate(Queue& queue, const std::string& lane);
  void arm(Queue& queue, Time at);
  asio::awaitable<void> ask(Queue& queue);

  asio::awaitable<void> run(Queue& queue, std::string lane);
  asio::awaitable<void> attempt(Queue& queue, std::string lane);
  asio::awaitable<void> send(Queue& queue, Claim claim);
  asio::awaitable<void> look_up(Queue& queue, Claim claim, Decision unknown);
  asio::awaitable<void> finish(Queue& queue, Item item, Decision decision);
  void after(Queue& queue, const Item& item, const Decision& decision, std::optional<Id> next);

  const Options options_;
  const log::Logger logger_;
  asio::strand<asio::any_io_executor> strand_;
  net::RateBuckets buckets_;
  std::map<Id, std::unique_ptr<Queue>> queues_;
  std::unordered_set<Id> on_the_way_;  // items between claim and settle
  bool stopping_ = false;
  std::unique_ptr<Clock::Timer> sweep_timer_;
  std::mt19937_64 random_{std::random_device{}()};
  TaskScope scope_;
};

void Dispatcher::Impl::report(const std::string& name, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    logger_.error("outbox: a task failed", {{"task", name}, {"error", failure.what()}});
  }
}

void Dispatcher::Impl::sweep_soon() {
  if (!stopping_) scope_.spawn_on(strand_, "outbox sweep", sweep());
}

asio::awaitable<void> Dispatcher::Impl::sweep() {
  std::vector<Head> found;
  try {
    auto work = [](store::Session& session) { return heads(session); };
    found = co_await options_.store.read(std::move(work));
  } catch (const Error& error) {
    logger_.warn("outbox: the store cannot be read", {{"error", error.what()}});
  }
  for (const auto& head : found) offer(head);
  if (stopping_) co_return;
  sweep_timer_ = options_.clock.after(strand_, options_.sweep, [self = weak_from_this()] {
    if (const auto impl = self.lock()) impl->sweep_soon();
  });
}

// Starts what may go out now, and sets the alarm for what may go out later.
void Dispatcher::Impl::pump(Queue& queue) {
  if (stopping_) return;
  queue.lanes.promote(now());
  Time alarm = kNever;
  while (queue.running < options_.in_flight) {
    const auto lane = queue.lanes.first();
    if (!lane) break;
    if (const auto wait = blocked(queue); wait > Time{0}) {
      alarm = wait == kNever ? kNever : now() + wait;
      break;
    }
    if (const auto wait = take_rate(queue, *lane); wait > Time{0}) {
      queue.lanes.postpone(*lane, now() + wait, Lanes::Wait::limit);
      continue;
    }
    queue.lanes.begin(*lane);
    ++queue.running;
    scope_.spawn_on(strand_, "outbox", run(queue, *lane));
  }
  if (const auto due = queue.lanes.next_due()) alarm = std::min(alarm, *due);
  arm(queue, alarm);
}

// How long nothing of the integration may go out; kNever: until something that runs now ends.
Time Dispatcher::Impl::blocked(Queue& queue) {
  if (queue.asking) return kNever;
  if (now() < queue.held_until) return queue.held_until - now();
  if (now() - kChannelFresh >= queue.asked_at) {
    queue.asking = true;
    scope_.spawn_on(strand_, "outbox channel", ask(queue));
    return kNever;
  }
  if (const auto wait = queue.breaker.wait(now(), queue.running); wait > Time{0}) return wait;
  if (!queue.policy.integration) return Time{0};
  const net::RateBuckets::Want want(to_string_id(queue.integration), *queue.policy.integration);
  return buckets_.wait(want);
}

Time Dispatcher::Impl::take_rate(Queue& queue, const std::string& lane) {
  std::vector<net::RateBuckets::Want> wants;
  if (queue.policy.integration) wants.emplace_back(to_string_id(queue.integration), *queue.policy.integration);
  const auto kind = queue.lanes.kind(lane);
  for (const auto& [only, rate] : queue.policy.conversation) {
    if (only.empty() || only == kind) wants.emplace_back(conversation_key(queue.integration, lane, only), rate);
  }
  return wants.empty() ? Time{0} : Time(buckets_.take(wants));
}

void Dispatcher::Impl::arm(Queue& queue, Time at) {
  queue.timer.reset();
  if (at == kNever) return;
  const auto delay = std::max(std::chrono::ceil<Duration>(at - now()), Duration{1});
  queue.timer = options_.clock.after(strand_, delay, [self = weak_from_this(), &queue] {
    if (const auto impl = self.lock()) impl->pump(queue);
  });
}

asio::awaitable<void> Dispatcher::Impl::ask(Queue& queue) {
  std::optional<Channel> channel;
  try {
    channel = co_await options_.channels.find(queue.integration);
  } catch (const Error& error) {
    logger_.warn("outbox: the channel is not known", {{"integration", to_string_id(queue.integration)}, {"error", error.what()}});
  }
  queue.asking = false;
  queue.asked_at = now();
  queue.open = channel && channel->open;
  if (channel) queue.policy = read_policy(channel->manifest);
  if (!queue.open) queue.held_until = now() + kChannelFresh;
  pump(queue);
}

asio::awaitable<void> Dispatcher::Impl::run(Queue& queue, std::string lane) {
  bool store_away = false;
  try {
    co_await attempt(queue, lane);
  } catch (const boost::system::system_error&) {
    throw;  // cancelled
  } catch (const std::exception& error) {
    logger_.warn("outbox: an item could not be dealt with", {{"lane", lane}, {"error", error.what()}});
    store_away = true;
  }
  if (store_away) queue.lanes.postpone(lane, now() + kStoreAway, Lanes::Wait::limit);
  --queue.running;
  pump(queue);
}

asio::awaitable<void> Dispatcher::Impl::attempt(Queue& queue, std::string lane) {
  Head head;
  head.integration = queue.integration;
  head.lane = lane;
  auto work = [head, time = wall(), this](store::Session& session) { return claim(session, options_.effects, head, time); };
  auto claimed = co_await options_.store.write(std::move(work));
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
      port::Result gone(Code::outcome_unknown, Text("outbox.host_ended").english());
      auto unknown = decide(queue.policy, gone, queue.lanes.failures(lane));
      unknown.provider_down = false;
      co_await look_up(queue, std::move(claimed), std::move(unknown));
    }
  }
}

asio::awaitable<void> Dispatcher::Impl::send(Queue& queue, Claim claimed) {
  if (stopping_) {
    Decision not_begun(Next::retry, {});
    co_await finish(queue, std::move(claimed.item), std::move(not_begun));
    co_return;
  }
  port::Message message(claimed.request);
  port::Call call("pb.channel/1:" + claimed.item.verb, std::move(message), claimed.item.trace, options_.call_timeout);
  const auto result = co_await options_.caller.call(queue.integration, std::move(call));
  auto decision = decide(queue.policy, result, queue.lanes.failures(claimed.item.lane));
  if (decision.next == Next::signed_out) options_.effects.signed_out(queue.integration, result);
  if (!result.ok()) {
    logger_.info("outbox: not sent", {{"item", to_string_id(claimed.item.id)},
                                      {"code", std::string(code_name(result.code))},
                                      {"text", result.text},
                                      {"trace", claimed.item.trace}});
  }
  co_await look_up(queue, std::move(claimed), std::move(decision));
}

// Asks the provider where the decision is to do so, then writes what came of it.
asio::awaitable<void> Dispatcher::Impl::look_up(Queue& queue, Claim claimed, Decision decision) {
  if (decision.next == Next::look_up && claimed.item.verb == "send") {
    auto question = nlohmann::json::object();
    question["idempotency_key"] = claimed.item.idempotency_key;
    question["conversation"]["id"] = claimed.conversation;
    port::Message message(question.dump());
    port::Call call("pb.channel/1:lookup", std::move(message), claimed.item.trace, options_.call_timeout);
    const auto result = co_await options_.caller.call(queue.integration, std::move(call));
    decision = decide_lookup(result, queue.lanes.failures(claimed.item.lane));
  }
  co_await finish(queue, std::move(claimed.item), std::move(decision));
}

// The answer is known only here, so writing it down is repeated until the store takes it.
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
      logger_.error("outbox: an answer could not be written", {{"item", to_string_id(item.id)}, {"error", error.what()}});
    }
    if (written) {
      after(queue, item, decision, next);
      co_return;
    }
    co_await options_.clock.sleep(kStoreAway);
  }
}

void Dispatcher::Impl::after(Queue& queue, const Item& item, const Decision& decision, std::optional<Id> next) {
  auto& lanes = queue.lanes;
  if (decision.provider_down) {
    queue.breaker.failed(now());
  } else if (queue.breaker.succeeded()) {
    lanes.forgive();
  }
  switch (item.verb == "send" ? decision.next : Next::sent) {
    case Next::sent:
    case Next::failed:
    case Next::uncertain:
      lanes.end(item.lane, next);
      break;
    case Next::wait_conversation:
      lanes.postpone(item.lane, now() + Time(decision.delay), Lanes::Wait::limit);
      break;
    case Next::wait_integration:
      queue.held_until = std::max(queue.held_until, now() + Time(decision.delay));
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

asio::awaitable<void> Dispatcher::Impl::stop(Duration grace) {
  auto draining = asio::co_spawn(strand_, drain(grace), asio::use_awaitable);
  co_await std::move(draining);
  co_await scope_.stop();
}

asio::awaitable<void> Dispatcher::Impl::drain(Duration grace) {
  stopping_ = true;
  sweep_timer_.reset();
  for (auto& [id, queue] : queues_) queue->timer.reset();
  const auto until = now() + Time(grace);
  while (!on_the_way_.empty() && now() < until) co_await options_.clock.sleep(Duration(10));
}

Dispatcher::Dispatcher(asio::any_io_executor executor, Options options, log::Logger logger)
    : impl_(std::make_shared<Impl>(executor, std::move(options), std::move(logger))) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
  impl_->on_strand([](Impl& impl) { impl.start(); });
}

void Dispatcher::wake(const Item& item) {
  Head first;
  first.integration = item.integration;
  first.lane = item.lane;
  first.kind = item.kind;
  first.item = item.id;
  impl_->on_strand([first = std::move(first)](Impl& impl) { impl.offer(first); });
}

void Dispatcher::wake(Id integration) {
  impl_->on_strand([integration](Impl& impl) { impl.refresh(integration); });
}

asio::awaitable<void> Dispatcher::stop(Duration grace) {
  co_await impl_->stop(grace);
}

}  // namespace patchbay::outbox
