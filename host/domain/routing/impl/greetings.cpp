#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/routing/business_hours.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::routing {

using nlohmann::json;

// CHAT-32: once in a chat, when people are asked for who have not been at it.
void RoutingTable::greet(const Chat& chat, const Step& step) {
  const bool again = step.reason == Reason::missed || step.reason == Reason::operator_left ||
                     step.reason == Reason::handed_back;
  if (step.stage != Stage::waiting || again) return;
  const bool begins =
      step.reason == Reason::opened || step.reason == Reason::channel_on || step.reason == Reason::bot_passed;
  const auto row = session_.query_one(
      "select coalesce(channels.welcome, ''), coalesce(queues.away, '') from chats left join channels on "
      "channels.integration = chats.integration left join queues on queues.id = cast(:queue as bigint) where "
      "chats.id = :chat",
      {chat.queue, chat.id});
  if (!row) return;
  if (begins && !row->text(0).empty()) say_once(chat.id, "welcome", row->text(0));
  if (!row->text(1).empty()) say_away(chat.id, chat.queue, true);
}

void RoutingTable::say_away(Id chat, Id queue) {
  say_away(chat, queue, false);
}

void RoutingTable::say_away(Id chat, Id queue, bool also_beside_us) {
  const auto row = session_.query_one(
      "select queues.away, queues.hours, chats.last_outgoing_at from queues, chats where queues.id = :queue "
      "and "
      "chats.id = :chat",
      {queue, chat});
  if (!row || row->text(0).empty() || row->text(1).empty()) return;
  try {
    const auto hours = read_hours(json::parse(row->text(1)), "");
    if (hours.is_open(now_)) return;
    const auto since = hours.closed_since(now_).time_since_epoch().count();
    if (!also_beside_us && row->maybe_integer(2).value_or(0) > since) return;
    say_once(chat, "away:" + std::to_string(since), row->text(0));
  } catch (const Error& error) {
    // Hours that this host does not understand (a zone that its system has not): open, rather than no
    // message.
    if (error.code() != Code::invalid) throw;
  }
}

void RoutingTable::say_once(Id chat, const std::string& kind, const std::string& text) {
  session_.exec(
      "insert into chat_greetings(id, chat, kind, text) values (:id, :chat, :kind, :text) on conflict(chat, "
      "kind) do nothing",
      {ids_.next(), chat, kind, text});
}

}  // namespace patchbay::domain::routing
