#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/notifications/notifications.hpp"
#include "domain/subscriptions/impl/delivery_table.hpp"
#include "domain/subscriptions/impl/outgoing.hpp"
#include "domain/subscriptions/impl/state.hpp"
#include "domain/subscriptions/impl/subscription_table.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::subscriptions {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostAtOnce = 64;  // of all subscriptions
constexpr std::size_t kMostOfOne = 4;
constexpr std::size_t kLines = 100;  // of the journal, in one transaction
constexpr Duration kTimeout{15'000};
// Longer than a try may take, by as much as clocks of hosts may differ.
constexpr std::int64_t kLease = kTimeout.count() + 120'000;
constexpr Duration kTidy{3'600'000};
constexpr std::int64_t kPortion = 500;
constexpr int kGone = 410;

}  // namespace

Subscriptions::State::State(Parts p)
    : Lookout("subscriptions", p.executor, p.clock, p.logger), parts(std::move(p)) {}

// Whoever fails is asked one at a time, so that it takes no room from others while it lets them wait.
std::size_t Subscriptions::State::room_of(const Subscription& subscription) const {
  const auto found = under_way_of.find(subscription.id);
  const auto taken = found == under_way_of.end() ? 0 : found->second;
  const auto most = subscription.failures > 0 ? std::size_t{1} : kMostOfOne;
  return most - std::min(taken, most);
}

asio::awaitable<bool> Subscriptions::State::look() {
  co_await tell_all();
  auto claiming = claim();
  const auto claimed = co_await std::move(claiming);
  for (const auto& delivery : claimed) {
    under_way.emplace(delivery.id, delivery);
    ++under_way_of[delivery.subscription];
    scope.spawn_on(strand, "deliver", deliver(delivery));
  }
  // Whoever ends looks again.
  co_return false;
}

asio::awaitable<void> Subscriptions::State::tell_all() {
  auto find = [](store::Session& session) { return has_untold(session); };
  const bool untold = co_await parts.store.read(std::move(find));
  for (bool more = untold; more;) {
    auto work = [this](store::Session& session) { return tell(session, parts.ids, parts.clock, kLines); };
    const auto told = co_await parts.store.write(std::move(work));
    counters.events += told.events;
    more = told.more;
  }
}

asio::awaitable<std::vector<Delivery>> Subscriptions::State::claim() {
  auto room = kMostAtOnce - std::min(under_way.size(), kMostAtOnce);
  auto find = [this, room, at = now()](store::Session& session) {
    std::vector<std::pair<Id, std::size_t>> wanted;  // whose, and how many
    DeliveryTable table(session);
    const bool left = table.has_left(at);
    if (left) wanted.emplace_back(0, 0);  // it is taken back, whosever it is
    if (room == 0) return wanted;
    for (const auto& one : SubscriptionTable(session).active()) {
      const auto most = room_of(one);
      if (most > 0 && (left || table.is_due(one.id, at))) wanted.emplace_back(one.id, most);
    }
    return wanted;
  };
  auto wanted = co_await parts.store.read(std::move(find));
  if (wanted.empty()) co_return std::vector<Delivery>();
  // Each has its turn to be first where there is not room for all.
  std::rotate(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(first++ % wanted.size()),
              wanted.end());
  auto take = [this, room, wanted = std::move(wanted)](store::Session& session) {
    DeliveryTable table(session);
    table.take_back(now());
    std::vector<Delivery> claimed;
    for (const auto& [subscription, most] : wanted) {
      const auto some = std::min(most, room - claimed.size());
      if (some == 0) continue;
      for (auto& delivery : table.hold_due(subscription, now(), some)) {
        ++delivery.attempts;
        ++delivery.lease;
        table.lease(delivery, now() + kLease);
        claimed.push_back(std::move(delivery));
      }
    }
    return claimed;
  };
  co_return co_await parts.store.write(std::move(take));
}

asio::awaitable<void> Subscriptions::State::deliver(Delivery delivery) {
  const auto id = delivery.id;
  const auto subscription = delivery.subscription;
  try {
    co_await deliver_once(std::move(delivery));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) co_return;
    // The lease runs out, and it is tried again.
    logger.warn("subscriptions: the outcome of a delivery is not stored", {{"error", error.what()}});
  }
  under_way.erase(id);
  --under_way_of[subscription];
  look_soon();
}

asio::awaitable<void> Subscriptions::State::deliver_once(Delivery delivery) {
  struct Read {
    std::optional<Subscription> subscription;
    std::optional<std::string> body;
    std::vector<std::string> secrets;
  };
  auto read = [this, delivery](store::Session& session) {
    return Read{SubscriptionTable(session).find(delivery.subscription),
                DeliveryTable(session).body(delivery.event),
                calls::secrets_of(*parts.vault, session, "subscription", delivery.subscription)};
  };
  auto found = co_await parts.store.read(std::move(read));
  if (!found.subscription) co_return;  // removed meanwhile, with its deliveries
  bool gone = false;
  std::optional<Duration> wait;
  delivery.status.reset();
  try {
    auto request = calls::signed_post(found.subscription->url, "evt_" + to_string_id(delivery.event),
                                      found.body.value_or(""), found.secrets, parts.clock.now());
    request.timeout = kTimeout;
    net::EgressRule rule;
    rule.opened = parts.opened();
    auto fetching = parts.http->fetch(std::move(request), std::move(rule));
    const auto response = co_await std::move(fetching);
    delivery.status = response.status;
    delivery.error.clear();
    wait = calls::asked_wait(response);
    gone = response.status == kGone;
    if (response.status >= 200 && response.status < 300) {
      delivery.state = "delivered";
    } else {
      delivery.error = Text("domain.calls.status", {{"status", std::to_string(response.status)}}).kept();
    }
  } catch (const Error& error) {
    delivery.error = kept_of(error);
  }
  co_await end(std::move(delivery), gone, wait);
}

// Writes what came of a try.
asio::awaitable<void> Subscriptions::State::end(Delivery delivery, bool gone, std::optional<Duration> wait) {
  if (delivery.state != "delivered") {
    const bool given_up = gone || delivery.attempts >= kMostAttempts;
    delivery.state = given_up ? "dead" : "waiting";
    const auto pause = calls::back_off(delivery.attempts, kLongestBackOff);
    delivery.not_before = now() + std::max(pause, wait.value_or(pause)).count();
  }
  if (delivery.state != "waiting") delivery.finished_at = now();
  auto settle = [this, delivery, gone](store::Session& session) {
    if (!DeliveryTable(session).settle(delivery)) return;
    if (delivery.state == "delivered") return SubscriptionTable(session).succeeded(delivery.subscription);
    note_failure(session, delivery, gone);
  };
  co_await parts.store.write(std::move(settle));
  if (delivery.state == "delivered") {
    ++counters.delivered;
  } else {
    ++counters.failed;
    if (delivery.state == "dead") ++counters.dead;
  }
}

void Subscriptions::State::note_failure(store::Session& session, const Delivery& delivery, bool gone) {
  SubscriptionTable table(session);
  auto held = table.hold(delivery.subscription);
  if (!held) return;
  ++held->failures;
  if (!held->failing_since) held->failing_since = now();
  const bool failed_for_long =
      held->failures >= kMostFailures && now() - *held->failing_since >= kLongestFailing.count();
  if (held->active && gone) return switch_off(session, *held, Text("domain.subscriptions.gone"));
  if (held->active && failed_for_long)
    return switch_off(session, *held, Text("domain.subscriptions.failed_for_long"));
  table.update(*held);
}

void Subscriptions::State::switch_off(store::Session& session, Subscription subscription,
                                      const Text& reason) {
  subscription.active = false;
  subscription.off_reason = reason.kept();
  ++subscription.version;
  subscription.updated_at = now();
  SubscriptionTable(session).update(subscription);
  audit(session, "host", "subscription.switch_off", subscription.id, {{"reason", reason.english()}});
  const Text words("domain.subscriptions.switched_off",
                   {{"url", subscription.url}, {"reason", subscription.off_reason}});
  notifications::notify_in(session, parts.ids, parts.clock.now(),
                           notifications::who_may(session, "CanManageAdministration"),
                           {"subscription.off", words, "/subscriptions/" + to_string_id(subscription.id)});
}

asio::awaitable<void> Subscriptions::State::give_back() {
  auto work = [cut = std::exchange(under_way, {})](store::Session& session) {
    DeliveryTable table(session);
    for (auto [id, delivery] : cut) {
      delivery.state = "waiting";
      --delivery.attempts;
      table.settle(delivery);
    }
  };
  co_await parts.store.write(std::move(work));
}

asio::awaitable<void> Subscriptions::State::tidy() {
  for (std::int64_t gone = kPortion; gone >= kPortion;) {
    auto work = [this](store::Session& session) { return DeliveryTable(session).sweep(now(), kPortion); };
    gone = co_await parts.store.write(std::move(work));
  }
}

asio::awaitable<void> Subscriptions::State::tidy_loop() {
  for (;;) {
    co_await parts.clock.sleep(kTidy);
    try {
      co_await tidy();
    } catch (const Error& error) {
      logger.warn("subscriptions: old deliveries are swept later", {{"error", error.what()}});
    }
  }
}

}  // namespace patchbay::domain::subscriptions
