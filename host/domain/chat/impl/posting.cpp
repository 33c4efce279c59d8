#include "domain/chat/impl/posting.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/chat/impl/attachment_table.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "store/blobs.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
  return text.empty() ? json() : json::parse(text, nullptr, false);
}

// What a client may call a file: the upload, or an attachment of another message that is sent on.
Id blob_of(Context& context, Id file) {
  const auto attachment = AttachmentTable(context).find(file);
  return attachment && attachment->blob ? *attachment->blob : file;
}

// One's own upload, or what the chat has already.
bool is_own(Context& context, Id chat, Id file, const store::Blob& blob, std::optional<Id> user) {
  if (blob.uploader && blob.uploader == user) return true;
  return AttachmentTable(context).chat_of(file) == chat;
}

bool says_the_same(Context& context, const Message& message, const Draft& draft) {
  if (message.text != draft.text || message.reply_to != draft.reply_to) return false;
  if (message.attachments.size() != draft.attachments.size()) return false;
  for (std::size_t i = 0; i < draft.attachments.size(); ++i) {
    if (message.attachments[i].blob != blob_of(context, draft.attachments[i].id)) return false;
  }
  const auto content = parsed(message.content);
  const auto at = [&](const char* key) { return content.is_object() ? content.value(key, json()) : json(); };
  return at("buttons") == parsed(draft.buttons) && at("location") == parsed(draft.location) &&
         at("template") == parsed(draft.prepared);
}

[[noreturn]] void refuse(std::string path, Text summary) {
  Error error(Code::invalid, Text("domain.chat.refused"));
  error.add(Diagnostic(std::move(path), std::move(summary)));
  throw error;
}

}  // namespace

Posted Posting::write(Context& context, const Chat& chat) const {
  Posted posted;
  const bool may_write = !sender_.only_own || (chat.state == "in_progress" && chat.owner == sender_.user);
  auto before = known(context, chat);
  // Whoever repeats what he has posted is answered, wherever the chat has gone since.
  if (!may_write && (!before || before->sender != sender_.user))
    throw Error(Code::denied, Text("domain.routing.not_yours"));
  if (before) {
    posted.message = std::move(*before);
    return posted;
  }
  if (chat.state == "finished") throw Error(Code::conflict, Text("domain.chat.finished"));
  check_reply(context, chat);
  check_window(context, chat);
  auto attachments = files(context, chat);
  const auto composition = compose(draft_, limits_, attachments);
  Message message;
  message.id = context.ids.next();
  message.chat = chat.id;
  message.outgoing = true;
  message.text = draft_.text;
  message.content = composition.content;
  message.state = Delivery::queued;
  message.provider_at = message.created_at = context.now;
  message.reply_to = draft_.reply_to;
  message.trace = sender_.trace;
  message.sender = sender_.user;
  const auto key = key_.empty() ? std::nullopt : std::optional(key_);
  if (!MessageTable(context).insert(message, std::nullopt, key, std::nullopt)) {
    throw Error(Code::internal, Text("domain.chat.not_stored", {{"message", to_string_id(message.id)}}));
  }
  const AttachmentOwner owner(chat.integration, message.id);
  AttachmentTable(context).add_outgoing(owner, attachments);
  for (const auto& file : attachments) store::let_read_blob(context.session, *file.blob, chat.integration);
  posted.first = enqueue(context, chat, message.id, composition);
  ChatTable(context).touch(chat, context.now, sender_.by_itself ? From::itself : From::us, std::nullopt);
  if (sender_.user) posted.first_answer_after = ChatTable(context).note_answer(chat.id, *sender_.user);
  context.happened("message.sent", message.id, chat.id);
  message.attachments = std::move(attachments);
  posted.message = std::move(message);
  return posted;
}

std::optional<Message> Posting::known(Context& context, const Chat& chat) const {
  if (key_.empty()) return std::nullopt;
  MessageTable messages(context);
  const auto id = messages.with_key(chat.id, key_);
  if (!id) return std::nullopt;
  auto message = messages.find(*id);
  if (message && !says_the_same(context, *message, draft_)) {
    throw Error(Code::conflict, Text("domain.chat.key_reused", {{"message", to_string_id(*id)}}));
  }
  return message;
}

std::vector<Attachment> Posting::files(Context& context, const Chat& chat) const {
  std::vector<Attachment> attachments;
  for (std::size_t i = 0; i < draft_.attachments.size(); ++i) {
    const auto& wanted = draft_.attachments[i];
    const auto blob = store::find_blob(context.session, blob_of(context, wanted.id));
    const bool allowed =
        blob && (!sender_.only_own || is_own(context, chat.id, wanted.id, *blob, sender_.user));
    if (!allowed || !blob->ready) {
      refuse("/attachments/" + std::to_string(i),
             Text("domain.chat.no_file", {{"id", to_string_id(wanted.id)}}));
    }
    Attachment attachment;
    attachment.id = context.ids.next();
    attachment.kind = wanted.kind;
    attachment.name = blob->name;
    attachment.type = blob->type;
    attachment.size = blob->size;
    attachment.blob = blob->id;
    attachment.state = "ready";
    attachments.push_back(std::move(attachment));
  }
  return attachments;
}

void Posting::check_reply(Context& context, const Chat& chat) const {
  if (!draft_.reply_to) return;
  const auto message = MessageTable(context).find_without_files(*draft_.reply_to);
  if (!message || message->chat != chat.id) {
    refuse("/reply_to", Text("domain.chat.foreign_reply", {{"id", to_string_id(*draft_.reply_to)}}));
  }
}

void Posting::check_window(Context& context, const Chat& chat) const {
  if (limits_.window_ms == 0 || !draft_.prepared.empty()) return;
  const auto last = ChatTable(context).last_written(chat);
  if (last && context.now - *last <= limits_.window_ms) return;
  Error error(Code::invalid, Text("domain.chat.refused"));
  const auto hours = std::to_string(limits_.window_ms / 3'600'000);
  error.add(Diagnostic("/template", Text("domain.chat.window_closed", {{"hours", hours}}),
                       Text("domain.chat.window_closed_remedy")));
  throw error;
}

outbox::Item Posting::enqueue(Context& context, const Chat& chat, Id message,
                              const Composition& composition) const {
  std::optional<outbox::Item> first;
  for (std::size_t part = 0; part < composition.parts.size(); ++part) {
    outbox::Item item;
    item.id = context.ids.next();
    item.integration = chat.integration;
    item.lane = chat.conversation;
    item.kind = chat.kind;
    item.message = message;
    item.part = static_cast<int>(part);
    item.parts = static_cast<int>(composition.parts.size());
    item.idempotency_key = to_string_id(message) + ":" + std::to_string(part);
    item.payload = composition.parts[part];
    item.trace = sender_.trace;
    item.created_at = context.now;
    outbox::enqueue(context.session, item);
    if (!first) first = std::move(item);
  }
  return std::move(*first);
}

}  // namespace patchbay::domain::chat
