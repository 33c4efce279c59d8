#include "translate.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "content.hpp"
#include "words.hpp"

namespace telegram {
namespace {

constexpr int kAlbumQuietMs = 1000;  // the items of an album are updates of their own, without an end mark

Json event(const char* type, std::string key, Json data) {
  std::string order = text_of(member(data, "conversation"), "id");
  return {{"type", type},
          {"dedupe_key", std::move(key)},
          {"order_key", std::move(order)},
          {"data", std::move(data)}};
}

Json moved_event(const Json& chat, const std::string& from, const std::string& to) {
  Json conversation = conversation_of(chat);
  conversation["id"] = from;
  Json data = {{"conversation", std::move(conversation)}, {"moved_to", to}};
  return event("conversation.changed", "moved:" + from + ":" + to, std::move(data));
}

// What surrounds the thing in an update.
struct Arrival {
  Arrival(std::string update_id_, std::string received_at_)
      : update_id(std::move(update_id_)), received_at(std::move(received_at_)) {}
  std::string update_id;
  std::string received_at;
};

// The conversation as this message shows it: what is written next goes to the same topic.
Json conversation_at(const Json& message) {
  Json conversation = conversation_of(member(message, "chat"));
  if (Json topic = topic_of(message); !topic.is_null()) conversation["facts"] = std::move(topic);
  return conversation;
}

// Its name in the chat; one that has none is called after the update that told it.
std::string name_of(const Json& message, const Arrival& arrival) {
  std::string id = message_id_of(message);
  const bool nameless = id.empty() && has(message, "message_id") && !arrival.update_id.empty();
  return nameless ? "update-" + arrival.update_id : id;
}

Json message_event(const Json& message, bool edited, const Arrival& arrival) {
  const std::string chat = id_of(member(message, "chat"), "id");
  const std::string id = name_of(message, arrival);
  const std::int64_t date = number_of(message, "date").value_or(0);
  Json data = {{"conversation", conversation_at(message)},
               {"author", author_of(message)},
               {"message", content_of(message, id)},
               {"at", date > 0 ? time_text(date) : arrival.received_at}};
  put(data, "sequence", number_of(message, "message_id"));
  std::string key = "message:" + chat + ":" + id;
  if (edited) {
    const auto edit_date = number_of(message, "edit_date").value_or(0);
    if (edit_date > 0) data["edited_at"] = time_text(edit_date);
    key = "edit:" + chat + ":" + id + ":" + std::to_string(edit_date) + ":" + arrival.update_id;
  }
  Json out = event(edited ? "message.edited" : "message.received", std::move(key), std::move(data));
  if (const std::string album = id_of(message, "media_group_id"); !album.empty()) {
    out["part_of"] = {{"key", album}, {"quiet_ms", kAlbumQuietMs}};
  }
  return out;
}

void add_message(Json& events, const Json& message, bool edited, const Arrival& arrival) {
  const Json& chat = member(message, "chat");
  const std::string chat_id = id_of(chat, "id");
  if (chat_id.empty() || name_of(message, arrival).empty()) return;
  if (const std::string old = id_of(message, "migrate_from_chat_id"); !old.empty() && old != chat_id) {
    events.push_back(moved_event(chat, old, chat_id));
    return;
  }
  events.push_back(message_event(message, edited, arrival));
  if (const std::string to = id_of(message, "migrate_to_chat_id"); !to.empty() && to != chat_id) {
    events.push_back(moved_event(chat, chat_id, to));
  }
}

std::string button_title(const Json& message, const std::string& data) {
  const Json& keyboard = member(member(message, "reply_markup"), "inline_keyboard");
  if (!keyboard.is_array()) return "";
  for (const Json& row : keyboard) {
    if (!row.is_array()) continue;
    for (const Json& key : row) {
      if (text_of(key, "callback_data") == data) return text_of(key, "text");
    }
  }
  return "";
}

// Telegram counts seconds: a press of the same second as its answer must not come after that. With the
// number of the button's message it comes before.
std::string whole_second(std::string time) {
  const std::size_t point = time.find('.');
  if (point == std::string::npos) return time;
  const std::size_t zone = std::min(time.find_first_not_of("0123456789", point + 1), time.size());
  return time.erase(point, zone - point);
}

// The message that holds the button may be out of reach (only chat and message_id) or inside somebody else's
// chat (only inline_message_id): then the conversation is the one with who pressed.
void add_press(Json& events, const Json& query, const Arrival& arrival) {
  const Json& from = member(query, "from");
  const Json& message = member(query, "message");
  Json conversation = has(member(message, "chat"), "id") ? conversation_at(message) : conversation_of(from);
  const std::string chat = text_of(conversation, "id");
  if (chat.empty() || id_of(from, "id").empty()) return;
  const std::string press_id = id_of(query, "id");
  if (press_id.empty()) return;
  std::string data = text_of(query, "data");
  if (data.empty()) data = text_of(query, "game_short_name");
  std::string place = message_id_of(message);
  if (place.empty()) place = text_of(query, "inline_message_id");
  Json body = {{"conversation", std::move(conversation)},
               {"author", author_of_user(from)},
               {"press_id", press_id},
               {"data", data},
               {"title", button_title(message, data)},
               {"at", whole_second(arrival.received_at)}};
  if (!place.empty()) body["id"] = place + ":" + id_of(from, "id") + ":" + data;
  put(body, "message_id", message_id_of(message));
  put(body, "sequence", number_of(message, "message_id"));
  events.push_back(event("button.pressed", "press:" + press_id, std::move(body)));
}

// Whether the bot can write to the chat as this ChatMember.
bool can_write(const Json& member_now, const std::string& kind) {
  const std::string status = text_of(member_now, "status");
  if (status == "left" || status == "kicked") return false;
  if (status == "restricted")
    return flag_of(member_now, "is_member") && flag_of(member_now, "can_send_messages");
  if (kind == "channel" && status == "administrator") return flag_of(member_now, "can_post_messages");
  return true;
}

std::string unreachable_reason(const Json& member_now, const std::string& kind) {
  if (kind == "private") return "The client blocked the bot";
  const std::string status = text_of(member_now, "status");
  if (status == "restricted" || status == "administrator") return "The bot may not write here";
  return kind == "channel" ? "The bot was removed from the channel" : "The bot was removed from the group";
}

void add_membership(Json& events, const Json& change, const Arrival& arrival) {
  const Json& now = member(change, "new_chat_member");
  Json conversation = conversation_of(member(change, "chat"));
  const std::string chat = text_of(conversation, "id");
  if (chat.empty() || text_of(now, "status").empty()) return;
  const std::string kind = text_of(conversation, "kind");
  Json data = {{"conversation", std::move(conversation)}, {"reachable", can_write(now, kind)}};
  if (data["reachable"] == false) data["reason"] = unreachable_reason(now, kind);
  events.push_back(
      event("conversation.changed", "member:" + chat + ":" + arrival.update_id, std::move(data)));
}

}  // namespace

Json allowed_updates() {
  return Json::array({"message", "edited_message", "channel_post", "edited_channel_post", "callback_query",
                      "my_chat_member"});
}

Json translate(const Json& update, const std::string& received_at) {
  Json events = Json::array();
  const Arrival arrival(id_of(update, "update_id"), received_at);
  for (const char* key : {"message", "channel_post"}) {
    if (has(update, key)) add_message(events, member(update, key), false, arrival);
  }
  for (const char* key : {"edited_message", "edited_channel_post"}) {
    if (has(update, key)) add_message(events, member(update, key), true, arrival);
  }
  if (has(update, "callback_query")) add_press(events, member(update, "callback_query"), arrival);
  if (has(update, "my_chat_member")) add_membership(events, member(update, "my_chat_member"), arrival);
  return events;
}

}  // namespace telegram
