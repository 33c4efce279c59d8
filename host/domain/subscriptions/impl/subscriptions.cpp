#include "domain/subscriptions/subscriptions.hpp"

#include <limits>

#include "base/error.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/subscriptions/impl/delivery_table.hpp"
#include "domain/subscriptions/impl/state.hpp"
#include "domain/subscriptions/impl/subscription_table.hpp"
#include "domain/version.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::subscriptions {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kMost = 100;  // each look asks for each

vault::SecretName secret_of(Id subscription) {
  return vault::SecretName("subscription", subscription, "secret");
}

Delivery require_delivery(store::Session& session, Id id) {
  if (auto found = DeliveryTable(session).find(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.subscriptions.no_delivery", {{"id", to_string_id(id)}}));
}

}  // namespace

Subscription Subscriptions::State::require(store::Session& session, Id id, bool hold) {
  SubscriptionTable table(session);
  if (auto found = hold ? table.hold(id) : table.find(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.subscriptions.none", {{"id", to_string_id(id)}}));
}

void Subscriptions::State::audit(store::Session& session, const store::Actor& who, const std::string& what,
                                 Id subscription, const json& detail) {
  store::write_audit(session, store::AuditEntry(parts.ids.next(), now(), who, what,
                                                "subscription:" + to_string_id(subscription), detail.dump()));
}

Subscriptions::Subscriptions(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

Subscriptions::~Subscriptions() = default;

asio::awaitable<void> Subscriptions::start() {
  // There is one host on SQLite: what is under way is what it left when it died.
  if (state_->parts.store.dialect() == store::Dialect::sqlite) {
    auto work = [](store::Session& session) {
      DeliveryTable(session).take_back(std::numeric_limits<std::int64_t>::max());
    };
    co_await state_->parts.store.write(std::move(work));
  }
  state_->wake();
  state_->scope.spawn("sweep deliveries", state_->tidy_loop());
}

asio::awaitable<void> Subscriptions::stop() {
  co_await state_->scope.stop();
  if (!state_->under_way.empty()) co_await state_->give_back();
}

void Subscriptions::wake() {
  state_->wake();
}

asio::awaitable<void> Subscriptions::look() {
  co_await state_->look();
}

asio::awaitable<void> Subscriptions::tidy() {
  co_await state_->tidy();
}

const Counters& Subscriptions::counters() const {
  return state_->counters;
}

asio::awaitable<std::vector<Subscription>> Subscriptions::list() {
  auto work = [](store::Session& session) { return SubscriptionTable(session).all(); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Subscription> Subscriptions::get(Id id) {
  auto work = [=, this](store::Session& session) { return state_->require(session, id); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<MadeSubscription> Subscriptions::create(json document, store::Actor who) {
  auto& parts = state_->parts;
  MadeSubscription made;
  auto& one = made.subscription;
  one = read_subscription(document, parts.opened());
  one.id = parts.ids.next();
  one.version = 1;
  one.created_at = one.updated_at = state_->now();
  made.secret = calls::make_secret();
  auto work = [=, this](store::Session& session) mutable {
    auto& p = state_->parts;
    SubscriptionTable table(session);
    if (table.all().size() >= kMost)
      throw Error(Code::conflict, Text("domain.subscriptions.too_many", {{"max", std::to_string(kMost)}}));
    made.subscription.since = journal::mark(session, journal::kPlaced);
    table.insert(made.subscription);
    p.vault->put(session, secret_of(made.subscription.id), made.secret);
    state_->audit(session, who, "subscription.create", made.subscription.id,
                  {{"new", to_json(made.subscription)}});
    return made;
  };
  co_return co_await parts.store.write(std::move(work));
}

asio::awaitable<Subscription> Subscriptions::change(Id id, json change, std::optional<std::int64_t> version,
                                                    store::Actor who) {
  auto work = [=, this](store::Session& session) {
    const auto before = state_->require(session, id, true);
    require_version(before.version, version);
    auto document = to_json(before);
    document.update(change);
    const auto wanted = read_subscription(document, state_->parts.opened());
    if (to_json(before) == to_json(wanted)) return before;
    auto after = before;
    after.url = wanted.url;
    after.description = wanted.description;
    after.types = wanted.types;
    after.active = wanted.active;
    ++after.version;
    after.updated_at = state_->now();
    if (after.active && !before.active) {
      after.since = journal::mark(session, journal::kPlaced);
      after.off_reason.clear();
      after.failures = 0;
      after.failing_since.reset();
    }
    SubscriptionTable(session).update(after);
    state_->audit(session, who, "subscription.change", id,
                  {{"old", to_json(before)}, {"new", to_json(after)}});
    return after;
  };
  auto changed = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return changed;
}

asio::awaitable<void> Subscriptions::remove(Id id, std::optional<std::int64_t> version, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    const auto before = state_->require(session, id, true);
    require_version(before.version, version);
    SubscriptionTable(session).remove(id);
    state_->parts.vault->remove_all(session, "subscription", id);
    state_->audit(session, who, "subscription.remove", id, {{"old", to_json(before)}});
  };
  co_await state_->parts.store.write(std::move(work));
}

asio::awaitable<MadeSubscription> Subscriptions::renew_secret(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    MadeSubscription made;
    made.subscription = state_->require(session, id, true);
    made.secret = calls::make_secret();
    state_->parts.vault->replace(session, secret_of(id), made.secret,
                                 state_->now() + calls::kFormerSecret.count());
    state_->audit(session, who, "subscription.renew_secret", id);
    return made;
  };
  co_return co_await state_->parts.store.write(std::move(work));
}

asio::awaitable<Delivery> Subscriptions::test(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    if (!state_->require(session, id).active) throw Error(Code::conflict, Text("domain.subscriptions.off"));
    Delivery delivery;
    delivery.event = parts.ids.next();
    delivery.id = parts.ids.next();
    delivery.subscription = id;
    delivery.type = "subscription.test";
    delivery.at = delivery.not_before = state_->now();
    const json body = {{"type", delivery.type},
                       {"timestamp", to_rfc3339(parts.clock.now())},
                       {"data", {{"id", to_string_id(id)}, {"started_by", who.name}}}};
    DeliveryTable table(session);
    table.insert_event(delivery.event, delivery.type, delivery.at, body.dump());
    table.insert(delivery);
    return delivery;
  };
  auto made = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return made;
}

asio::awaitable<std::vector<Delivery>> Subscriptions::deliveries(Id subscription, std::string state,
                                                                 Id before, std::size_t limit) {
  auto work = [=, this](store::Session& session) {
    state_->require(session, subscription);
    return DeliveryTable(session).list(subscription, state, before, limit);
  };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<ShownDelivery> Subscriptions::delivery(Id id) {
  auto work = [=](store::Session& session) {
    ShownDelivery shown;
    shown.delivery = require_delivery(session, id);
    shown.body = DeliveryTable(session).body(shown.delivery.event).value_or("");
    return shown;
  };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Delivery> Subscriptions::replay(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    const auto before = require_delivery(session, id);
    if (!DeliveryTable(session).queue_again(id, state_->now()))
      throw Error(Code::conflict, Text("domain.subscriptions.under_way"));
    state_->audit(session, who, "subscription.replay", before.subscription, {{"delivery", to_string_id(id)}});
    return require_delivery(session, id);
  };
  auto queued = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return queued;
}

asio::awaitable<std::int64_t> Subscriptions::replay_all(Id subscription, Replay which, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    state_->require(session, subscription);
    const auto count = DeliveryTable(session).queue_again(subscription, which, state_->now());
    state_->audit(session, who, "subscription.replay", subscription,
                  {{"delivered", which.delivered},
                   {"from", which.from},
                   {"until", which.until},
                   {"deliveries", count}});
    return count;
  };
  const auto queued = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return queued;
}

}  // namespace patchbay::domain::subscriptions
