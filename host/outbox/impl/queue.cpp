#include "outbox/queue.hpp"

#include <utility>

#include "base/trace.hpp"

namespace patchbay::outbox {

void enqueue(store::Session& session, const Item& item) {
  session.exec(
      "insert into outbox (id, integration, lane, kind, verb, message, part, parts, idempotency_key, "
      "payload, state, done, "
      "attempts, not_before, trace, created_at) values (:id, :integration, :lane, :kind, :verb, "
      "cast(:message as bigint), :part, "
      ":parts, :key, :payload, 'queued', 0, 0, :not_before, :trace, :created)",
      {item.id, item.integration, item.lane, item.kind, item.verb, store::nullable(item.message),
       static_cast<std::int64_t>(item.part), static_cast<std::int64_t>(item.parts), item.idempotency_key,
       item.payload, item.not_before, Trace::from(item.trace).traceparent(), item.created_at});
}

std::vector<PartState> parts_of(store::Session& session, Id message) {
  std::vector<PartState> parts;
  for (const auto& row : session.query("select part, parts, done, state, reason, attempts from outbox where "
                                       "message = :message order by part",
                                       {message})) {
    PartState part;
    part.part = static_cast<int>(row.integer(0));
    part.parts = static_cast<int>(row.integer(1));
    part.done = row.integer(2) != 0;
    part.state = row.text(3);
    part.reason = row.maybe_text(4).value_or("");
    part.attempts = row.integer(5);
    parts.push_back(std::move(part));
  }
  return parts;
}

void move_lane(store::Session& session, Id integration, std::string from, std::string to) {
  session.exec("update outbox set lane = :to where integration = :integration and lane = :from and done = 0",
               {std::move(to), integration, std::move(from)});
}

}  // namespace patchbay::outbox
