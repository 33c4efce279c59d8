#include "outbox/dispatcher.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/failure.hpp"
#include "outbox/impl/dispatcher_impl.hpp"

namespace patchbay::outbox {

using namespace std::chrono_literals;
using Time = std::chrono::nanoseconds;

namespace {

constexpr Time kNever = Time::max();
constexpr Time kChannelFresh = 1s;  // how long what Channels said is believed
constexpr Duration kDrainStep{10};

std::string conversation_key(Id integration, const std::string& lane, const std::string& kind) {
  return to_string_id(integration) + "/" + kind + "/" + lane;
}

}  // namespace

void Dispatcher::Impl::report(const std::string& name, std::exception_ptr error) {
  logger_.error("outbox: a task failed", {{"task", name}, {"error", words_of(error)}});
}

void Dispatcher::Impl::sweep_soon() {
  if (!stopping_) scope_.spawn_on(strand_, "outbox sweep", sweep());
}

asio::awaitable<void> Dispatcher::Impl::sweep() {
  std::vector<Head> found;
  try {
    auto work = [](store::Session& session) { return heads(session); };
    found = co_await options_.store.read(std::move(work));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
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
  if (!owns(queue.integration)) {  // it has gone to another host
    if (queue.running == 0) queue.lanes = Lanes();
    return queue.timer.reset();
  }
  queue.lanes.promote(now());
  Time alarm = kNever;
  while (queue.running < std::min(options_.in_flight, queue.policy.integration_at_once.value_or(INT_MAX))) {
    const auto lane = queue.lanes.first();
    if (!lane) break;
    if (const auto wait = blocked(queue); wait > Time{0}) {
      alarm = wait == kNever ? kNever : now() + wait;
      break;
    }
    const auto slots = shared_slots(queue);
    if (!slots_.fit(slots, queue.integration)) break;
    if (const auto wait = take_rate(queue, *lane); wait > Time{0}) {
      queue.lanes.postpone(*lane, now() + wait, Lanes::Wait::limit);
      continue;
    }
    queue.lanes.begin(*lane);
    ++queue.running;
    slots_.take(slots);
    scope_.spawn_on(strand_, "outbox", run(queue, *lane, slots));
  }
  if (const auto due = queue.lanes.next_due()) alarm = std::min(alarm, *due);
  arm(queue, alarm);
}

// How long nothing of the integration may go out; kNever: until something that runs now ends.
Time Dispatcher::Impl::blocked(Queue& queue) {
  if (queue.asking) return kNever;
  if (const auto until = std::max(queue.held_until, queue.paused_until); now() < until) return until - now();
  if (now() - kChannelFresh >= queue.asked_at) {
    queue.asking = true;
    scope_.spawn_on(strand_, "outbox channel", ask(queue));
    return kNever;
  }
  if (const auto wait = queue.breaker.wait(now(), queue.running); wait > Time{0}) return wait;
  Duration wait{0};
  for (const auto& want : shared_wants(queue)) wait = std::max(wait, buckets_.wait(want));
  for (const auto* shared : {&queue.grant, &queue.profile}) {
    if (!shared->empty()) wait = std::max(wait, buckets_.paused(*shared));
  }
  return wait;
}

// What several integrations share is shared by all hosts: each takes the part of a limit that it has of the
// work, so that together they keep it.
double Dispatcher::Impl::part() const {
  if (options_.owned == nullptr) return 1;
  return static_cast<double>(options_.owned->get().count()) / cluster::kPartitions;
}

net::Rate Dispatcher::Impl::part_of(net::Rate rate) const {
  return net::Rate(rate.tokens * part(), rate.per, rate.burst * part());
}

// Never none: a host that waits for the others' slots would wait for ever.
int Dispatcher::Impl::part_of(int at_once) const {
  return std::max(1, static_cast<int>(at_once * part()));
}

// What concerns more than one conversation.
std::vector<net::RateBuckets::Want> Dispatcher::Impl::shared_wants(const Queue& queue) const {
  std::vector<net::RateBuckets::Want> wants;
  const auto& policy = queue.policy;
  if (policy.integration) wants.emplace_back(to_string_id(queue.integration), *policy.integration);
  if (policy.grant && !queue.grant.empty()) wants.emplace_back(queue.grant, part_of(*policy.grant));
  if (policy.profile && !queue.profile.empty()) wants.emplace_back(queue.profile, part_of(*policy.profile));
  return wants;
}

std::vector<Slots::Want> Dispatcher::Impl::shared_slots(const Queue& queue) const {
  std::vector<Slots::Want> wants;
  const auto& policy = queue.policy;
  if (policy.grant_at_once && !queue.grant.empty())
    wants.push_back({queue.grant, part_of(*policy.grant_at_once)});
  if (policy.profile_at_once && !queue.profile.empty())
    wants.push_back({queue.profile, part_of(*policy.profile_at_once)});
  return wants;
}

// Whoever has waited longest comes first, then this one again.
void Dispatcher::Impl::give_back(Queue& queue, const std::vector<Slots::Want>& slots) {
  --queue.running;
  for (const auto& slot : slots) slots_.give_back(slot.key);
  for (const auto& slot : slots) {
    while (const auto next = slots_.next(slot.key)) pump(queue_of(*next));
  }
  pump(queue);
}

Time Dispatcher::Impl::take_rate(Queue& queue, const std::string& lane) {
  auto wants = shared_wants(queue);
  const auto kind = queue.lanes.kind(lane);
  for (const auto& [only, rate] : queue.policy.conversation) {
    if (only.empty() || only == kind)
      wants.emplace_back(conversation_key(queue.integration, lane, only), rate);
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
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    logger_.warn("outbox: the channel is not known",
                 {{"integration", to_string_id(queue.integration)}, {"error", error.what()}});
  }
  queue.asking = false;
  queue.asked_at = now();
  queue.open = channel && channel->open;
  if (channel) {
    queue.policy = read_policy(channel->manifest);
    queue.grant = channel->grant ? "grant/" + to_string_id(*channel->grant) : std::string();
    queue.profile = channel->profile ? "profile/" + to_string_id(*channel->profile) : std::string();
  }
  if (channel && channel->paused_until)
    queue.paused_until =
        std::max(queue.paused_until, now() + Time(Duration(*channel->paused_until - wall())));
  if (!queue.open) queue.held_until = now() + kChannelFresh;
  pump(queue);
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
  while (!on_the_way_.empty() && now() < until) co_await options_.clock.sleep(kDrainStep);
}

Dispatcher::Dispatcher(asio::any_io_executor executor, Options options, log::Logger logger)
    : impl_(std::make_shared<Impl>(executor, std::move(options), std::move(logger))) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
  impl_->on_strand([](Impl& impl) { impl.sweep_soon(); });
}

void Dispatcher::wake(const Item& item) {
  Head first;
  first.integration = item.integration;
  first.lane = item.lane;
  first.kind = item.kind;
  first.item = item.id;
  impl_->on_strand([first = std::move(first)](Impl& impl) { impl.offer(first); });
}

void Dispatcher::look() {
  impl_->on_strand([](Impl& impl) { impl.sweep_soon(); });
}

void Dispatcher::wake(Id integration) {
  impl_->on_strand([integration](Impl& impl) { impl.refresh(integration); });
}

asio::awaitable<void> Dispatcher::stop(Duration grace) {
  co_await impl_->stop(grace);
}

}  // namespace patchbay::outbox
