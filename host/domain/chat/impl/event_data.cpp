#include "domain/chat/impl/event_data.hpp"

#include <initializer_list>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "base/utf8.hpp"
#include "port/limits.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(std::string_view type, std::string path) {
  throw Error(Code::invalid,
              Text("domain.chat.event_invalid", {{"type", std::string(type)}, {"path", std::move(path)}}));
}

// A string, or a number where a plugin was careless with ids; else empty.
std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->dump();
  return {};
}

std::optional<std::string> maybe_text(const json& object, const char* key) {
  auto text = text_at(object, key);
  if (text.empty()) return std::nullopt;
  return text;
}

// Words, or words by language as Text::kept has them.
std::optional<std::string> reason_at(const json& data) {
  const auto found = data.find("reason");
  return found != data.end() && found->is_object() ? found->dump() : maybe_text(data, "reason");
}

std::optional<std::int64_t> number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  if (found->is_number_float()) {
    const auto real = found->get<double>();
    if (!(real > -9e15 && real < 9e15)) return std::nullopt;
    return static_cast<std::int64_t>(real);
  }
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return found->get<std::int64_t>();
}

std::optional<std::int64_t> time_at(const json& object, const char* key) {
  return milliseconds_of(text_at(object, key));
}

const json& object_at(const json& object, const char* key) {
  static const auto* none = new json(json::object());
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : *none;
}

json without(const json& object, std::initializer_list<const char*> keys) {
  json rest = object;
  for (const auto* key : keys) rest.erase(key);
  return rest;
}

ConversationData read_conversation(std::string_view type, const json& data) {
  const auto& from = object_at(data, "conversation");
  ConversationData conversation;
  conversation.id = text_at(from, "id");
  if (conversation.id.empty()) refuse(type, "/conversation/id");
  conversation.kind = text_at(from, "kind");
  conversation.title = text_at(from, "title");
  if (from.contains("facts")) conversation.facts = object_at(from, "facts").dump();
  return conversation;
}

std::optional<Client> read_author(const json& data) {
  const auto& from = object_at(data, "author");
  Client author;
  author.external_id = text_at(from, "id");
  if (author.external_id.empty()) return std::nullopt;
  author.name = text_at(from, "name");
  author.username = text_at(from, "username");
  author.language = text_at(from, "language");
  author.phone = text_at(from, "phone");
  author.email = text_at(from, "email");
  // Who sends his own card tells where he is reached.
  const auto& card = object_at(object_at(data, "message"), "contact");
  if (text_at(card, "user_id") == author.external_id) {
    if (author.phone.empty()) author.phone = text_at(card, "phone");
    if (author.email.empty()) author.email = text_at(card, "email");
  }
  author.is_bot = from.contains("is_bot") && from["is_bot"] == true;
  return author;
}

AttachmentData read_attachment(const json& from) {
  AttachmentData attachment;
  attachment.kind = text_at(from, "kind");
  if (attachment.kind.empty()) attachment.kind = "document";
  attachment.name = text_at(from, "name");
  attachment.type = text_at(from, "type");
  attachment.size = number_at(from, "size");
  attachment.width = number_at(from, "width");
  attachment.height = number_at(from, "height");
  attachment.duration_ms = number_at(from, "duration_ms");
  attachment.file = object_at(from, "file").dump();
  attachment.unique_id = maybe_text(from, "unique_id");
  attachment.details =
      without(from, {"kind", "name", "type", "size", "width", "height", "duration_ms", "file", "unique_id"})
          .dump();
  return attachment;
}

// What a message without words, files or place has to say, so that it is never silence (CHAT-12).
std::string readable(const json& message) {
  auto words = text_at(message, "service");
  if (!words.empty()) return words;
  words = text_at(message, "unsupported");
  return words.empty() ? words : "[" + words + "]";
}

MessageData read_message(std::string_view type, const json& data, std::int64_t now) {
  const auto& from = object_at(data, "message");
  MessageData message;
  message.id = text_at(from, "id");
  if (message.id.empty()) refuse(type, "/message/id");
  message.text = text_at(from, "text");
  if (const auto list = from.find("attachments"); list != from.end() && list->is_array()) {
    for (const auto& item : *list) {
      if (item.is_object()) message.attachments.push_back(read_attachment(item));
    }
  }
  if (message.text.empty() && message.attachments.empty()) message.text = readable(from);
  message.reply_to = maybe_text(object_at(from, "reply_to"), "id");
  message.at = time_at(data, "at").value_or(now);
  message.sequence = number_at(data, "sequence").value_or(0);
  if (type == "message.edited") message.edited_at = time_at(data, "edited_at").value_or(now);
  auto content = without(from, {"id", "text", "attachments"});
  auto unknown = without(data, {"conversation", "author", "message", "at", "sequence", "edited_at"});
  if (!unknown.empty()) content["event"] = std::move(unknown);
  message.content = content.dump();
  return message;
}

// A press reads as an incoming message that says what the button said.
MessageData read_press(std::string_view type, const json& data, std::int64_t now) {
  MessageData message;
  const auto press = text_at(data, "press_id");
  if (press.empty()) refuse(type, "/press_id");
  const auto same = text_at(data, "id");
  message.id = "press:" + (same.empty() ? press : same);
  const auto value = text_at(data, "data");
  message.text = text_at(data, "title");
  if (message.text.empty()) message.text = value;
  message.reply_to = maybe_text(data, "message_id");
  message.at = time_at(data, "at").value_or(now);
  message.sequence = number_at(data, "sequence").value_or(0);
  auto content = json::object();
  content["button"] = without(data, {"id", "conversation", "author", "at", "sequence"});
  message.content = content.dump();
  return message;
}

std::vector<std::string> read_ids(std::string_view type, const json& data) {
  std::vector<std::string> ids;
  const auto list = data.find("message_ids");
  if (list == data.end() || !list->is_array()) refuse(type, "/message_ids");
  for (const auto& item : *list) {
    if (item.is_string()) ids.push_back(item.get<std::string>());
    if (item.is_number_integer()) ids.push_back(item.dump());
  }
  return ids;
}

}  // namespace

std::optional<std::int64_t> milliseconds_of(std::string_view time) {
  const auto read = parse_rfc3339(time);
  return read ? std::optional(read->time_since_epoch().count()) : std::nullopt;
}

EventData read_event(std::string_view type, std::string_view text, std::int64_t now) {
  // Deeper documents would exhaust the stack when they are written again.
  if (port::is_too_deep(text)) refuse(type, "/");
  const auto data = json::parse(repair_utf8(text), nullptr, false);
  if (!data.is_object()) refuse(type, "/");
  EventData event;
  event.conversation = read_conversation(type, data);
  event.author = read_author(data);
  event.at = time_at(data, "at").value_or(now);
  event.reason = reason_at(data);
  if (type == "message.received" || type == "message.edited") {
    event.message = read_message(type, data, now);
    event.from_us = data.contains("from_us") && data["from_us"] == true;
    event.by_bot = text_at(data, "handled_by") == "bot";
  } else if (type == "button.pressed") {
    event.message = read_press(type, data, now);
    event.press_id = text_at(data, "press_id");
    event.by_bot = text_at(data, "handled_by") == "bot";
  } else if (type == "message.deleted") {
    event.message_ids = read_ids(type, data);
  } else if (type == "message.status") {
    event.up_to = time_at(data, "up_to");
    if (!event.up_to) event.message_ids = read_ids(type, data);
    event.state = parse_delivery(text_at(data, "state"));
    if (!event.state) refuse(type, "/state");
  } else if (type == "conversation.changed") {
    if (data.contains("reachable") && data["reachable"].is_boolean())
      event.reachable = data["reachable"].get<bool>();
    event.moved_to = text_at(data, "moved_to");
  } else if (type == "conversation.control") {
    const auto holder = text_at(data, "holder");
    if (holder != "bot" && holder != "us") refuse(type, "/holder");
    event.by_bot = holder == "bot";
  } else {
    throw Error(Code::invalid, Text("domain.chat.event_unknown", {{"type", std::string(type)}}));
  }
  return event;
}

}  // namespace patchbay::domain::chat
