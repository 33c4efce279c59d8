#include "domain/subscriptions/impl/subscription_table.hpp"

#include "store/dialect.hpp"

namespace patchbay::domain::subscriptions {

using nlohmann::json;

namespace {

#define PB_SUBSCRIPTION                                                                               \
  "select id, version, url, description, types, active, since, off_reason, failures, failing_since, " \
  "created_at, updated_at from subscriptions "

Subscription subscription_of(const store::Row& row) {
  Subscription one;
  one.id = row.integer(0);
  one.version = row.integer(1);
  one.url = row.text(2);
  one.description = row.text(3);
  one.types = json::parse(row.text(4)).get<std::vector<std::string>>();
  one.active = row.integer(5) != 0;
  one.since = row.integer(6);
  one.off_reason = row.maybe_text(7).value_or("");
  one.failures = row.integer(8);
  one.failing_since = row.maybe_integer(9);
  one.created_at = row.integer(10);
  one.updated_at = row.integer(11);
  return one;
}

std::vector<Subscription> subscriptions_of(const std::vector<store::Row>& rows) {
  std::vector<Subscription> all;
  for (const auto& row : rows) all.push_back(subscription_of(row));
  return all;
}

store::Value reason_of(const Subscription& one) {
  return one.off_reason.empty() ? store::Value() : store::Value(one.off_reason);
}

}  // namespace

std::vector<Subscription> SubscriptionTable::all() {
  return subscriptions_of(session_.query(PB_SUBSCRIPTION "order by id"));
}

std::vector<Subscription> SubscriptionTable::active() {
  return subscriptions_of(session_.query(PB_SUBSCRIPTION "where active = 1 order by id"));
}

std::optional<Subscription> SubscriptionTable::find(Id id) {
  const auto row = session_.query_one(PB_SUBSCRIPTION "where id = :id", {id});
  return row ? std::optional(subscription_of(*row)) : std::nullopt;
}

std::optional<Subscription> SubscriptionTable::hold(Id id) {
  const auto row = session_.query_one(
      std::string(PB_SUBSCRIPTION "where id = :id").append(store::for_update(session_.dialect())), {id});
  return row ? std::optional(subscription_of(*row)) : std::nullopt;
}

void SubscriptionTable::insert(const Subscription& one) {
  session_.exec(
      "insert into subscriptions(id, version, url, description, types, active, since, off_reason, failures, "
      "failing_since, created_at, updated_at) values (:id, :version, :url, :description, :types, :active, "
      ":since, :off_reason, :failures, :failing_since, :created_at, :updated_at)",
      {one.id, one.version, one.url, one.description, json(one.types).dump(),
       static_cast<std::int64_t>(one.active), one.since, reason_of(one), one.failures,
       store::nullable(one.failing_since), one.created_at, one.updated_at});
}

void SubscriptionTable::update(const Subscription& one) {
  session_.exec(
      "update subscriptions set version = :version, url = :url, description = :description, types = :types, "
      "active = :active, since = :since, off_reason = :off_reason, failures = :failures, failing_since = "
      ":failing_since, updated_at = :updated_at where id = :id",
      {one.version, one.url, one.description, json(one.types).dump(), static_cast<std::int64_t>(one.active),
       one.since, reason_of(one), one.failures, store::nullable(one.failing_since), one.updated_at, one.id});
}

void SubscriptionTable::remove(Id id) {
  session_.exec("delete from subscription_deliveries where subscription = :id", {id});
  session_.exec("delete from subscriptions where id = :id", {id});
}

void SubscriptionTable::succeeded(Id id) {
  session_.exec("update subscriptions set failures = 0, failing_since = null where id = :id and failures > 0",
                {id});
}

}  // namespace patchbay::domain::subscriptions
