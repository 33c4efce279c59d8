#include "outbox/impl/item_table.hpp"

#include <nlohmann/json.hpp>

#include "plugin/pauses.hpp"

namespace patchbay::outbox {
namespace {

using Next = Decision::Next;

// Nobody waits longer than this for the answer to a press.
constexpr std::int64_t kAcknowledgeMs = 60'000;

Item item_of(const store::Row& row) {
  Item item;
  item.id = row.integer(0);
  item.integration = row.integer(1);
  item.lane = row.text(2);
  item.verb = row.text(3);
  item.message = row.maybe_integer(4);
  item.part = static_cast<int>(row.integer(5));
  item.parts = static_cast<int>(row.integer(6));
  item.idempotency_key = row.text(7);
  item.payload = row.text(8);
  item.state = row.text(9);
  item.attempts = row.integer(10);
  item.not_before = row.integer(11);
  item.trace = row.maybe_text(12).value_or("");
  item.created_at = row.integer(13);
  return item;
}

// A claim whose commit was not heard of.
bool is_ours(store::Session& session, const Item& item, std::int64_t claim) {
  const auto row = session.query_one("select claim from outbox where id = :id", {item.id});
  return row && row->maybe_integer(0) == claim;
}

std::optional<Item> first_of(store::Session& session, const Head& lane) {
  const auto row = session.query_one(
      "select id, integration, lane, verb, message, part, parts, idempotency_key, payload, state, attempts, "
      "not_before, "
      "trace, created_at from outbox where integration = :integration and lane = :lane and done = 0 order by "
      "id limit 1",
      {lane.integration, lane.lane});
  if (!row) return std::nullopt;
  return item_of(*row);
}

void remove(store::Session& session, const Item& item) {
  session.exec("delete from outbox where id = :id", {item.id});
}

bool is_final(Next next) {
  return next == Next::sent || next == Next::failed || next == Next::uncertain;
}

std::string state_after(Next next) {
  switch (next) {
    case Next::sent:
      return "sent";
    case Next::failed:
      return "failed";
    case Next::uncertain:
      return "uncertain";
    case Next::look_up:
      return "sending";  // still not known: a new host would ask again too
    default:
      return "queued";
  }
}

// One part that failed for good takes the parts after it along; a message whose parts are all sent needs no
// rows.
void close_message(store::Session& session, const Item& item, Next next) {
  if (next == Next::failed) {
    session.exec(
        "update outbox set state = 'failed', done = 1, reason = '' where message = :message and done = 0",
        {store::nullable(item.message)});
  } else if (next == Next::sent) {
    const auto other =
        session.query_one("select id from outbox where message = :message and state <> 'sent' limit 1",
                          {store::nullable(item.message)});
    if (!other) session.exec("delete from outbox where message = :message", {store::nullable(item.message)});
  }
}

}  // namespace

std::vector<Head> heads(store::Session& session) {
  std::vector<Head> found;
  for (const auto& row :
       session.query("select integration, lane, kind, cast(min(id) as bigint) from outbox where done = 0 "
                     "group by integration, lane, kind")) {
    Head head;
    head.integration = row.integer(0);
    head.lane = row.text(1);
    head.kind = row.text(2);
    head.item = row.integer(3);
    found.push_back(std::move(head));
  }
  return found;
}

std::optional<Id> head_of(store::Session& session, Id integration, const std::string& lane) {
  const auto row = session.query_one(
      "select id from outbox where integration = :integration and lane = :lane and done = 0 order by id "
      "limit 1",
      {integration, lane});
  if (!row) return std::nullopt;
  return row->integer(0);
}

Claim claim(store::Session& session, Effects& effects, const Head& lane, std::int64_t now) {
  while (auto item = first_of(session, lane)) {
    if (item->not_before > now) return Claim(Claim::Kind::later, *item);
    const bool is_send = item->verb == "send";
    const bool ours = item->state == "sending" && is_ours(session, *item, lane.claim);
    if (item->state == "sending" && !ours) {
      Claim unsettled(Claim::Kind::unsettled, *item);
      if (is_send) unsettled.conversation = effects.conversation(session, *item);
      return unsettled;
    }
    if (ours) --item->attempts;  // it is the same attempt
    auto request = is_send ? effects.request(session, *item) : std::optional(item->payload);
    if (item->verb == "acknowledge" && item->created_at + kAcknowledgeMs < now) request.reset();
    if (!request) {
      remove(session, *item);
      continue;
    }
    if (!ours) {
      const auto taken = session.exec(
          "update outbox set state = 'sending', attempts = attempts + 1, claim = :claim where id = :id and "
          "state = 'queued'",
          {lane.claim, item->id});
      if (taken == 0) return Claim(Claim::Kind::unsettled, *item);
    }
    item->state = "sending";
    item->claim = lane.claim;
    ++item->attempts;
    if (is_send && !ours) effects.apply(session, *item, Outcome(Outcome::Kind::started));
    Claim begin(Claim::Kind::begin, *item);
    begin.request = std::move(*request);
    return begin;
  }
  return Claim();
}

void take_over(store::Session& session, const Item& item, std::int64_t claim) {
  session.exec("update outbox set claim = :claim where id = :id and state = 'sending'", {claim, item.id});
}

std::optional<Id> settle(store::Session& session, Effects& effects, const Item& item,
                         const Decision& decision, std::int64_t now) {
  const auto next = decision.next;
  const bool is_send = item.verb == "send";
  if (item.verb == "acknowledge" || (!is_send && is_final(next))) {
    remove(session, item);
    return head_of(session, item.integration, item.lane);
  }
  const bool limited = next == Next::wait_conversation || next == Next::wait_integration;
  const auto written = session.exec(
      "update outbox set state = :state, done = :done, not_before = :not_before, reason = :reason, "
      "provider_ids = :ids where id = :id and (claim = :claim or cast(:sent as bigint) = 1)",
      {state_after(next), std::int64_t{is_final(next)}, limited ? now + decision.delay.count() : 0,
       decision.outcome.reason, nlohmann::json(decision.outcome.provider_ids).dump(), item.id, item.claim,
       std::int64_t{next == Next::sent}});
  if (written == 0) return head_of(session, item.integration, item.lane);
  if (is_final(next)) close_message(session, item, next);
  if (next == Next::wait_integration)
    plugin::pause(session, item.integration, decision.scope, now + decision.delay.count(), now);
  if (is_send) effects.apply(session, item, decision.outcome);
  return head_of(session, item.integration, item.lane);
}

}  // namespace patchbay::outbox
