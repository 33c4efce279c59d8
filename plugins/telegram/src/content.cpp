#include "content.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "attachments.hpp"
#include "service.hpp"
#include "words.hpp"

namespace telegram {
namespace {

constexpr std::int64_t kForEver =
    std::numeric_limits<std::int32_t>::max();  // live_period of a location without end

Json location_of(const Json& message) {
  const Json& venue = member(message, "venue");
  const Json& point = venue.is_object() ? member(venue, "location") : member(message, "location");
  if (!member(point, "latitude").is_number() || !member(point, "longitude").is_number()) return {};
  Json out = {{"latitude", member(point, "latitude")}, {"longitude", member(point, "longitude")}};
  put(out, "title", text_of(venue, "title"));
  put(out, "address", text_of(venue, "address"));
  const auto period = number_of(point, "live_period");
  if (period && *period > 0 && *period < kForEver) {
    out["live_until"] = time_text(unix_seconds(number_of(message, "date").value_or(0)) + *period);
  }
  return out;
}

Json contact_of(const Json& contact) {
  if (!contact.is_object()) return {};
  Json out = {{"name", person_name(contact)}};
  put(out, "phone", text_of(contact, "phone_number"));
  put(out, "user_id", id_of(contact, "user_id"));
  return out;
}

Json buttons_of(const Json& markup) {
  Json rows = Json::array();
  const Json& keyboard = member(markup, "inline_keyboard");
  if (!keyboard.is_array()) return rows;
  for (const Json& keys : keyboard) {
    Json row = Json::array();
    if (!keys.is_array()) continue;
    for (const Json& key : keys) {
      if (text_of(key, "text").empty()) continue;
      Json button = {{"title", text_of(key, "text")}};
      put(button, "data", text_of(key, "callback_data"));
      put(button, "url", text_of(key, "url"));
      row.push_back(std::move(button));
    }
    if (!row.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

Json reply_of(const Json& message) {
  const Json& to = member(message, "reply_to_message");
  const std::string id = message_id_of(to);
  if (id.empty() || has(message, "external_reply")) return {};
  // Every message of a forum topic "answers" the one that opened the topic.
  if (flag_of(message, "is_topic_message") && id == id_of(message, "message_thread_id")) return {};
  Json out = {{"id", id}};
  put(out, "quote", text_of(member(message, "quote"), "text"));
  return out;
}

// A chat or a person, with the signature of the author when there is one.
std::string signed_name(const std::string& name, const std::string& signature) {
  return signature.empty() ? name : name + " (" + signature + ")";
}

std::string origin_name(const Json& origin) {
  const std::string type = text_of(origin, "type");
  const std::string signature = text_of(origin, "author_signature");
  if (type == "user") return person_name(member(origin, "sender_user"));
  if (type == "hidden_user") return text_of(origin, "sender_user_name");
  if (type == "chat") return signed_name(chat_name(member(origin, "sender_chat")), signature);
  if (type == "channel") return signed_name(chat_name(member(origin, "chat")), signature);
  return "";
}

std::string forwarded_from(const Json& message) {
  if (has(message, "forward_origin")) {
    std::string name = origin_name(member(message, "forward_origin"));
    return name.empty() ? "unknown" : name;
  }
  // Servers older than Bot API 7.0.
  if (has(message, "forward_from_chat")) {
    return signed_name(chat_name(member(message, "forward_from_chat")),
                       text_of(message, "forward_signature"));
  }
  if (has(message, "forward_from")) return person_name(member(message, "forward_from"));
  return text_of(message, "forward_sender_name");
}

// What was answered in another chat or in a story has no message here to point to: it is quoted.
std::string foreign_quote(const Json& message) {
  if (const Json& story = member(message, "reply_to_story"); story.is_object()) {
    return quoted("[Story of " + chat_name(member(story, "chat")) + "]") + "\n";
  }
  const Json& reply = member(message, "external_reply");
  if (!reply.is_object()) return "";
  const std::string words = text_of(member(message, "quote"), "text");
  const std::string author = origin_name(member(reply, "origin"));
  if (words.empty() && author.empty()) return "";
  if (words.empty()) return quoted("[" + author + "]") + "\n";
  return quoted((author.empty() ? std::string() : author + ": ") + words) + "\n";
}

std::string start_payload(const std::string& text) {
  constexpr std::string_view kStart = "/start";
  if (text.compare(0, kStart.size(), kStart) != 0) return "";
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return "";
  if (space != kStart.size() && text[kStart.size()] != '@') return "";  // "/starting now"
  const std::size_t from = text.find_first_not_of(" \n", space);
  return from == std::string::npos ? "" : text.substr(from);
}

std::string words_of(const Json& message) {
  const std::string text = text_of(message, "text");
  if (!text.empty()) return with_links(text, member(message, "entities"));
  return with_links(text_of(message, "caption"), member(message, "caption_entities"));
}

void put_object(Json& out, const char* key, Json value) {
  if (!value.empty()) out[key] = std::move(value);
}

// Fills in `service` or readable text when nothing else of the message could be carried.
void put_rest(Json& out, const Json& message) {
  const bool says = out.contains("attachments") || out.contains("location") || out.contains("contact");
  if (says && !has(message, "paid_media")) return;
  if (std::string service = service_text(message); !service.empty()) {
    out["service"] = std::move(service);
    return;
  }
  std::string kind;
  const std::string text = degraded_text(message, kind);
  const std::string caption = text_of(out, "text");
  if (kind == "empty" && (!caption.empty() || says)) return;
  out["text"] = caption.empty() ? text : text + "\n" + caption;
  if (kind != "dice") out["unsupported"] = kind;
}

}  // namespace

Json conversation_of(const Json& chat) {
  const std::string type = text_of(chat, "type");
  const char* kind = type == "channel"                         ? "channel"
                     : type == "group" || type == "supergroup" ? "group"
                                                               : "private";
  return {{"id", id_of(chat, "id")}, {"kind", kind}, {"title", chat_name(chat)}};
}

Json topic_of(const Json& message) {
  if (number_of(message, "date").value_or(0) <= 0) return nullptr;  // out of reach: only chat and id are told
  Json facts = Json::object();
  // Without the flag the number is only that of a thread of replies.
  if (flag_of(message, "is_topic_message")) {
    put(facts, "message_thread_id", number_of(message, "message_thread_id"));
  }
  put(facts, "direct_messages_topic_id", number_of(member(message, "direct_messages_topic"), "topic_id"));
  if (!facts.empty() || flag_of(member(message, "chat"), "is_forum")) return facts;
  return nullptr;
}

std::string message_id_of(const Json& message) {
  std::string id = id_of(message, "message_id");
  if (id != "0") return id;
  id = id_of(message, "ephemeral_message_id");
  return id.empty() ? id : "ephemeral-" + id;
}

Json author_of_user(const Json& user) {
  Json out = {{"id", id_of(user, "id")}, {"name", person_name(user)}, {"is_bot", flag_of(user, "is_bot")}};
  put(out, "username", text_of(user, "username"));
  put(out, "language", text_of(user, "language_code"));
  return out;
}

Json author_of(const Json& message) {
  const Json& from = member(message, "from");
  const Json& sender = member(message, "sender_chat");
  if (!sender.is_object() && from.is_object()) return author_of_user(from);
  const Json& chat = sender.is_object() ? sender : member(message, "chat");
  const std::string name = signed_name(chat_name(chat), text_of(message, "author_signature"));
  Json out = {{"id", id_of(chat, "id")}, {"name", name}, {"is_bot", false}};
  put(out, "username", text_of(chat, "username"));
  return out;
}

Json content_of(const Json& message, const std::string& id) {
  Json out = {{"id", id}};
  put(out, "text", words_of(message));
  put_object(out, "attachments", attachments_of(message, id));
  put_object(out, "location", location_of(message));
  put_object(out, "contact", contact_of(member(message, "contact")));
  put_object(out, "buttons", buttons_of(member(message, "reply_markup")));
  put_object(out, "reply_to", reply_of(message));
  put(out, "forwarded_from", forwarded_from(message));
  put(out, "start_payload", start_payload(text_of(message, "text")));
  if (Json topic = topic_of(message); !topic.is_null()) out["facts"] = std::move(topic);
  if (const Json& sticker = member(message, "sticker"); sticker.is_object()) {
    Json about = Json::object();
    put(about, "emoji", text_of(sticker, "emoji"));
    put(about, "set", text_of(sticker, "set_name"));
    out["sticker"] = std::move(about);
  }
  if (text_of(message, "text").empty()) put_rest(out, message);
  if (const std::string quote = foreign_quote(message); !quote.empty())
    out["text"] = quote + text_of(out, "text");
  return out;
}

}  // namespace telegram
