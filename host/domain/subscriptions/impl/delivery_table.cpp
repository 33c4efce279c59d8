#include "domain/subscriptions/impl/delivery_table.hpp"

#include <limits>

namespace patchbay::domain::subscriptions {

namespace {

#define PB_DELIVERY                                                                                         \
  "select deliveries.id, deliveries.subscription, deliveries.event, coalesce(outgoing_events.type, ''), "   \
  "deliveries.at, deliveries.state, deliveries.attempts, deliveries.not_before, deliveries.lease, "         \
  "deliveries.status, deliveries.error, deliveries.finished_at from subscription_deliveries as deliveries " \
  "left join outgoing_events on outgoing_events.id = deliveries.event "
#define PB_DUE                                                                          \
  PB_DELIVERY                                                                           \
  "where deliveries.subscription = :subscription and deliveries.state = 'waiting' and " \
  "deliveries.not_before <= :now order by deliveries.not_before, deliveries.id limit :most"

Delivery delivery_of(const store::Row& row) {
  Delivery one;
  one.id = row.integer(0);
  one.subscription = row.integer(1);
  one.event = row.integer(2);
  one.type = row.text(3);
  one.at = row.integer(4);
  one.state = row.text(5);
  one.attempts = row.integer(6);
  one.not_before = row.integer(7);
  one.lease = row.integer(8);
  one.status = row.maybe_integer(9);
  one.error = row.maybe_text(10).value_or("");
  one.finished_at = row.maybe_integer(11);
  return one;
}

std::vector<Delivery> deliveries_of(const std::vector<store::Row>& rows) {
  std::vector<Delivery> all;
  for (const auto& row : rows) all.push_back(delivery_of(row));
  return all;
}

}  // namespace

void DeliveryTable::insert_event(Id id, const std::string& type, std::int64_t at, const std::string& body) {
  session_.later("insert into outgoing_events(id, type, at, body) values (:id, :type, :at, :body)",
                 {id, type, at, body});
}

void DeliveryTable::insert(const Delivery& delivery) {
  session_.later(
      "insert into subscription_deliveries(id, subscription, event, at, state, attempts, not_before, lease, "
      "lease_until) values (:id, :subscription, :event, :at, 'waiting', 0, :not_before, 0, 0)",
      {delivery.id, delivery.subscription, delivery.event, delivery.at, delivery.not_before});
}

std::optional<Delivery> DeliveryTable::find(Id id) {
  const auto row = session_.query_one(PB_DELIVERY "where deliveries.id = :id", {id});
  return row ? std::optional(delivery_of(*row)) : std::nullopt;
}

std::optional<std::string> DeliveryTable::body(Id event) {
  const auto row = session_.query_one("select body from outgoing_events where id = :id", {event});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

std::vector<Delivery> DeliveryTable::list(Id subscription, const std::string& state, Id before,
                                          std::size_t limit) {
  const auto until = before == 0 ? std::numeric_limits<Id>::max() : before;
  const auto most = static_cast<std::int64_t>(limit);
  if (!state.empty())
    return deliveries_of(session_.query(PB_DELIVERY
                                        "where deliveries.subscription = :subscription and deliveries.state "
                                        "= :state and deliveries.id < :until order by deliveries.id desc "
                                        "limit :most",
                                        {subscription, state, until, most}));
  return deliveries_of(
      session_.query(PB_DELIVERY
                     "where deliveries.subscription = :subscription and deliveries.id < :until order by "
                     "deliveries.id desc limit :most",
                     {subscription, until, most}));
}

bool DeliveryTable::is_due(Id subscription, std::int64_t now) {
  return session_
      .query_one(
          "select id from subscription_deliveries where subscription = :subscription and state = 'waiting' "
          "and not_before <= :now limit 1",
          {subscription, now})
      .has_value();
}

std::vector<Delivery> DeliveryTable::hold_due(Id subscription, std::int64_t now, std::size_t most) {
  const auto limit = static_cast<std::int64_t>(most);
  if (session_.dialect() == store::Dialect::postgresql)
    return deliveries_of(
        session_.query(PB_DUE " for update of deliveries skip locked", {subscription, now, limit}));
  return deliveries_of(session_.query(PB_DUE, {subscription, now, limit}));
}

void DeliveryTable::lease(const Delivery& delivery, std::int64_t until) {
  session_.exec(
      "update subscription_deliveries set state = 'sending', attempts = :attempts, lease = :lease, "
      "lease_until = :until where id = :id",
      {delivery.attempts, delivery.lease, until, delivery.id});
}

bool DeliveryTable::has_left(std::int64_t now) {
  return session_
      .query_one(
          "select id from subscription_deliveries where state = 'sending' and lease_until < :now limit 1",
          {now})
      .has_value();
}

void DeliveryTable::take_back(std::int64_t now) {
  session_.exec(
      "update subscription_deliveries set state = 'waiting' where state = 'sending' and lease_until < :now",
      {now});
}

bool DeliveryTable::settle(const Delivery& delivery) {
  return session_.exec(
             "update subscription_deliveries set state = :state, attempts = :attempts, not_before = "
             ":not_before, status = :status, error = :error, finished_at = :finished_at where id = :id and "
             "lease = :lease and state in ('waiting', 'sending')",
             {delivery.state, delivery.attempts, delivery.not_before, store::nullable(delivery.status),
              delivery.error.empty() ? store::Value() : store::Value(delivery.error),
              store::nullable(delivery.finished_at), delivery.id, delivery.lease}) > 0;
}

bool DeliveryTable::queue_again(Id delivery, std::int64_t now) {
  return session_.exec(
             "update subscription_deliveries set state = 'waiting', attempts = 0, not_before = :now, "
             "finished_at = null where id = :id and state <> 'sending'",
             {now, delivery}) > 0;
}

std::int64_t DeliveryTable::queue_again(Id subscription, const Replay& which, std::int64_t now) {
  return session_.exec(
      "update subscription_deliveries set state = 'waiting', attempts = 0, not_before = :now, finished_at = "
      "null where subscription = :subscription and (state = 'dead' or (state = 'delivered' and "
      "cast(:delivered as "
      "bigint) = 1)) and at >= :from and at < :until",
      {now, subscription, static_cast<std::int64_t>(which.delivered), which.from,
       which.until == 0 ? std::numeric_limits<std::int64_t>::max() : which.until});
}

std::int64_t DeliveryTable::sweep(std::int64_t now, std::int64_t most) {
  auto gone = std::int64_t{0};
  const auto drop = [&](const std::string& state, Duration keep) {
    gone += session_.exec(
        "delete from subscription_deliveries where id in (select id from subscription_deliveries where state "
        "= :state and finished_at < :before order by finished_at limit :most)",
        {state, now - keep.count(), most});
  };
  drop("delivered", kKeepDelivered);
  drop("dead", kKeepOther);
  gone += session_.exec(
      "delete from subscription_deliveries where id in (select id from subscription_deliveries where state = "
      "'waiting' and at < :before and subscription not in (select id from subscriptions where active = 1) "
      "limit "
      ":most)",
      {now - kKeepOther.count(), most});
  gone += session_.exec(
      "delete from outgoing_events where id in (select id from outgoing_events where id < :before and not "
      "exists (select 1 from subscription_deliveries where event = outgoing_events.id) order by id limit "
      ":most)",
      {first_id_at(TimePoint(Duration(now) - kKeepDelivered)), most});
  return gone;
}

}  // namespace patchbay::domain::subscriptions
