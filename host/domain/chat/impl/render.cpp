#include "domain/chat/render.hpp"

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/trace.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

json time_of(std::int64_t ms) {
  return to_rfc3339(TimePoint(Duration(ms)));
}

json maybe_time(const std::optional<std::int64_t>& ms) {
  return ms ? time_of(*ms) : json();
}

json maybe_id(const std::optional<Id>& id) {
  return id ? json(to_string_id(*id)) : json();
}

template <class T>
json maybe(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

// Empty in what was written before it was kept.
json trace_id(const Message& message) {
  if (message.trace.empty()) return {};
  return Trace::from(message.trace).id();
}

json words_in(const std::string& language, const std::optional<std::string>& kept) {
  return kept ? json(Text::from_kept(*kept).in(language)) : json();
}

json author_of(const std::optional<Client>& client) {
  if (!client) return json();
  return {{"id", to_string_id(client->id)},
          {"external_id", client->external_id},
          {"name", client->name},
          {"username", client->username},
          {"language", client->language},
          {"is_bot", client->is_bot},
          {"contact_id", maybe_id(client->contact)}};
}

}  // namespace

json to_json(const Attachment& attachment, const std::string& language) {
  return {{"id", to_string_id(attachment.id)},
          {"kind", attachment.kind},
          {"name", attachment.name},
          {"type", attachment.type},
          {"size", maybe(attachment.size)},
          {"width", maybe(attachment.width)},
          {"height", maybe(attachment.height)},
          {"duration_ms", maybe(attachment.duration_ms)},
          {"state", attachment.state},
          {"reason", words_in(language, attachment.reason)}};
}

json to_json(const Message& message, const std::string& language) {
  auto attachments = json::array();
  for (const auto& attachment : message.attachments) attachments.push_back(to_json(attachment, language));
  return {{"id", to_string_id(message.id)},
          {"chat", to_string_id(message.chat)},
          {"direction", message.outgoing ? "out" : "in"},
          {"author", author_of(message.author)},
          {"text", message.text},
          {"content", json::parse(message.content, nullptr, false)},
          {"attachments", std::move(attachments)},
          {"state", delivery_name(message.state)},
          {"reason", words_in(language, message.reason)},
          {"created_at", time_of(message.created_at)},
          {"provider_at", time_of(message.provider_at)},
          {"edited_at", maybe_time(message.edited_at)},
          {"deleted_at", maybe_time(message.deleted_at)},
          {"provider_id", maybe(message.provider_id)},
          {"reply_to", maybe_id(message.reply_to)},
          {"operator", maybe_id(message.sender)},
          {"trace_id", trace_id(message)}};
}

json to_json(const Chat& chat, const std::string& language) {
  return {{"id", to_string_id(chat.id)},
          {"integration", to_string_id(chat.integration)},
          {"conversation", chat.conversation},
          {"kind", chat.kind},
          {"title", chat.title},
          {"client", maybe_id(chat.client)},
          {"contact_id", maybe_id(chat.contact)},
          {"queue", maybe_id(chat.queue)},
          {"operator", maybe_id(chat.owner)},
          {"state", chat.state},
          {"reachable", chat.reachable},
          {"reason", words_in(language, chat.reason)},
          {"merged_into", maybe_id(chat.merged_into)},
          {"created_at", time_of(chat.created_at)},
          {"last_message_at", chat.last_message_at > 0 ? time_of(chat.last_message_at) : json()}};
}

}  // namespace patchbay::domain::chat
