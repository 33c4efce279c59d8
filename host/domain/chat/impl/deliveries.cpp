#include "domain/chat/deliveries.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/delivery_table.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/impl/message_table.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;
using Kind = outbox::Outcome::Kind;

struct Subject {
  Message message;
  Chat chat;
};

std::optional<Subject> subject_of(Context& context, const outbox::Item& item) {
  if (!item.message) return std::nullopt;
  auto message = MessageTable(context).find_without_files(*item.message);
  if (!message) return std::nullopt;
  auto chat = ChatTable(context).find_current(message->chat);
  if (!chat) return std::nullopt;
  Subject subject;
  subject.message = std::move(*message);
  subject.chat = std::move(*chat);
  return subject;
}

// Where in its conversation a message stands, as its plugin said it: an answer goes there.
json facts_of(const std::optional<Message>& message) {
  const auto content = message ? json::parse(message->content, nullptr, false) : json();
  return content.is_object() ? content.value("facts", json()) : json();
}

}  // namespace

std::optional<std::string> Deliveries::request(store::Session& session, const outbox::Item& item) {
  Context context(session, ids_, clock_);
  const auto subject = subject_of(context, item);
  if (!subject) return std::nullopt;
  auto request = json::parse(item.payload);
  request["message_id"] = to_string_id(subject->message.id);
  request["part"] = item.part;
  request["idempotency_key"] = item.idempotency_key;
  request["attempt"] = item.attempts + 1;
  auto& conversation = request["conversation"];
  conversation["id"] = subject->chat.conversation;
  conversation["kind"] = subject->chat.kind;
  conversation["facts"] = json::parse(subject->chat.facts, nullptr, false);
  if (const auto at = ChatTable(context).last_written(subject->chat))
    conversation["last_incoming_at"] = to_rfc3339(TimePoint(Duration(*at)));
  request["reply_to"] = nullptr;
  if (subject->message.reply_to) {
    const auto facts = facts_of(MessageTable(context).find_without_files(*subject->message.reply_to));
    if (facts.is_object()) conversation["facts"] = facts;
  }
  if (item.part == 0 && subject->message.reply_to) {
    const auto name = MessageTable(context).name_of(*subject->message.reply_to, item.integration,
                                                    subject->chat.conversation);
    if (name) request["reply_to"] = *name;
  }
  return request.dump();
}

std::string Deliveries::conversation(store::Session& session, const outbox::Item& item) {
  Context context(session, ids_, clock_);
  const auto subject = subject_of(context, item);
  return subject ? subject->chat.conversation : item.lane;
}

void Deliveries::apply(store::Session& session, const outbox::Item& item, const outbox::Outcome& outcome) {
  Context context(session, ids_, clock_);
  const auto subject = subject_of(context, item);
  if (!subject) return;
  ChatTable chats(context);
  const auto chat = chats.hold(subject->chat.id);
  DeliveryTable deliveries(context);
  auto conversation = chat->state == "finished" ? chats.current_name(item.integration, chat->conversation)
                                                : chat->conversation;
  deliveries.hold(item.integration, conversation);
  if (!outcome.moved_to.empty()) {
    chats.move(item.integration, conversation, outcome.moved_to);
    conversation = outcome.moved_to;
  }
  const ProviderName where(item.integration, conversation, {});
  deliveries.sent(where, subject->message.id, outcome.provider_ids, milliseconds_of(outcome.sent_at));
  const bool arrived = outcome.kind == Kind::sent && !outcome.provider_ids.empty();
  if (arrived && !chat->reachable) chats.set_reachable(chat->id, true, std::nullopt);
  if (outcome.refused) chats.set_reachable(chat->id, false, outcome.reason);
  deliveries.refresh(subject->message.id);
  context.write_journal();
}

void Deliveries::signed_out(Id integration, const port::Result& result) {
  if (signed_out_) signed_out_(integration, result);
}

}  // namespace patchbay::domain::chat
