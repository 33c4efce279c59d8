#include "domain/subscriptions/impl/outgoing.hpp"

#include <nlohmann/json.hpp>

#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "domain/chat/render.hpp"
#include "domain/records/impl/definition_table.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/subscriptions/impl/delivery_table.hpp"
#include "domain/subscriptions/impl/subscription_table.hpp"

namespace patchbay::domain::subscriptions {

using nlohmann::json;

namespace {

// Where nobody subscribes, the mark follows in steps: it costs a commit.
constexpr std::int64_t kStep = 500;

json snapshot_of(store::Session& session, IdMint& ids, const Clock& clock, const journal::Entry& entry) {
  chat::Context context(session, ids, clock);
  if (entry.type.starts_with("message.")) {
    if (const auto found = chat::MessageTable(context).find(entry.subject))
      return chat::to_json(*found, "en");
  } else if (entry.type.starts_with("chat.")) {
    if (const auto found = chat::ChatTable(context).find(entry.subject)) return chat::to_json(*found, "en");
  } else if (entry.type.starts_with("record.")) {
    auto found = records::RecordTable(session).find(entry.subject);
    if (!found) return {};
    // What is not active is kept, and not shown.
    if (const auto kind = records::DefinitionTable(session).object(found->object))
      found->fields = kind->active_of(std::move(found->fields));
    return records::to_json(*found);
  }
  return {};
}

}  // namespace

std::string body_of(store::Session& session, IdMint& ids, const Clock& clock, const journal::Entry& entry,
                    std::int64_t at) {
  auto data = journal::shown(entry);
  if (auto snapshot = snapshot_of(session, ids, clock, entry); !snapshot.is_null())
    data["snapshot"] = std::move(snapshot);
  return json({{"type", type_of(entry)}, {"timestamp", to_rfc3339(TimePoint(Duration(at)))}, {"data", data}})
      .dump();
}

bool has_untold(store::Session& session) {
  const auto row = session.query_one(
      "select placed.place - told.place, cast((select count(*) from subscriptions where active = 1) as "
      "bigint) from journal_marks as placed, journal_marks as told where placed.name = 'placed' and "
      "told.name "
      "= 'subscriptions'");
  return row->integer(0) >= (row->integer(1) > 0 ? 1 : kStep);
}

Told tell(store::Session& session, IdMint& ids, const Clock& clock, std::size_t most) {
  const auto mark = journal::hold_mark(session, kMark);
  // Lines before subscriptions: whoever subscribes meanwhile has missed nothing that came after it.
  const auto lines = journal::read_after(session, mark, most);
  const auto all = SubscriptionTable(session).active();
  DeliveryTable table(session);
  Told told;
  for (const auto& line : lines) {
    for (const auto& entry : line.entries) {
      const auto type = type_of(entry);
      Id event = 0;
      for (const auto& one : all) {
        if (type.empty() || line.place <= one.since || !wants(one, type)) continue;
        if (event == 0) {
          event = ids.next();
          table.insert_event(event, type, line.at, body_of(session, ids, clock, entry, line.at));
          ++told.events;
        }
        Delivery delivery;
        delivery.id = ids.next();
        delivery.subscription = one.id;
        delivery.event = event;
        delivery.at = line.at;
        delivery.not_before = clock.now().time_since_epoch().count();
        table.insert(delivery);
      }
    }
  }
  if (!lines.empty()) journal::move_mark(session, kMark, lines.back().place);
  told.more = lines.size() == most;
  return told;
}

}  // namespace patchbay::domain::subscriptions
