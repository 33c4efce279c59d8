#include "domain/chat/impl/message_table.hpp"

#include "domain/chat/impl/attachment_table.hpp"

namespace patchbay::domain::chat {
namespace {

// A reply to a message that was not known yet finds it here.
#define PB_MESSAGE_COLUMNS                                                                                 \
  "select m.id, m.chat, m.direction, m.author, m.text, m.content, m.state, m.reason, m.provider_id, "      \
  "m.provider_at, "                                                                                        \
  "m.sequence, m.created_at, m.edited_at, m.deleted_at, cast(coalesce(m.reply_to, (select p.message from " \
  "message_provider_ids p where p.integration = c.integration and p.conversation = c.conversation and "    \
  "p.provider_id = "                                                                                       \
  "m.reply_to_provider_id), case when m.reply_to_provider_id is not null then (select p.message from "     \
  "chat_moves v join message_provider_ids p on p.integration = v.integration and p.conversation = "        \
  "v.conversation and p.provider_id = m.reply_to_provider_id where v.integration = c.integration and "     \
  "v.moved_to = c.conversation limit 1) end) as bigint), u.external_id, u.name, u.username, u.language, "  \
  "u.is_bot, m.trace, "                                                                                    \
  "m.operator, u.contact from "                                                                            \
  "messages m "                                                                                            \
  "join chats c on c.id = m.chat left join chat_clients u on u.id = m.author "

Message message_of(const store::Row& row) {
  Message message;
  message.id = row.integer(0);
  message.chat = row.integer(1);
  message.outgoing = row.text(2) == "out";
  if (const auto author = row.maybe_integer(3)) {
    message.author.emplace();
    message.author->id = *author;
    message.author->external_id = row.maybe_text(15).value_or("");
    message.author->name = row.maybe_text(16).value_or("");
    message.author->username = row.maybe_text(17).value_or("");
    message.author->language = row.maybe_text(18).value_or("");
    message.author->is_bot = row.maybe_integer(19).value_or(0) != 0;
    message.author->contact = row.maybe_integer(22);
  }
  message.text = row.text(4);
  message.content = row.text(5);
  message.state = parse_delivery(row.text(6)).value_or(Delivery::received);
  message.reason = row.maybe_text(7);
  message.provider_id = row.maybe_text(8);
  message.provider_at = row.integer(9);
  message.sequence = row.integer(10);
  message.created_at = row.integer(11);
  message.edited_at = row.maybe_integer(12);
  message.deleted_at = row.maybe_integer(13);
  message.reply_to = row.maybe_integer(14);
  message.trace = row.maybe_text(20).value_or("");
  message.sender = row.maybe_integer(21);
  return message;
}

#define PB_KNOWN                                                                                          \
  "select m.id, m.direction, p.at, p.edited_at, p.text, p.conversation from message_provider_ids p join " \
  "messages m on m.id = p.message where p.integration = :integration and "

constexpr std::string_view kKnown =
    PB_KNOWN "p.conversation = :conversation and p.provider_id = :provider_id";

Known known_of(const store::Row& row) {
  Known known;
  known.message = row.integer(0);
  known.outgoing = row.text(1) == "out";
  known.at = row.integer(2);
  known.edited_at = row.maybe_integer(3);
  known.part_text = row.maybe_text(4);
  return known;
}

std::optional<Id> maybe_id(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return row->integer(0);
}

}  // namespace

bool is_counted(const std::string& provider_id) {
  return !provider_id.empty() && provider_id.find_first_not_of("0123456789") == std::string::npos;
}

bool MessageTable::insert(const Message& message, const std::optional<std::string>& part_of,
                          const std::optional<std::string>& idempotency_key,
                          const std::optional<std::string>& reply_to_provider_id) {
  const std::string_view sql =
      "insert into messages (id, chat, direction, author, text, content, state, provider_id, "
      "provider_at, sequence, "
      "created_at, edited_at, reply_to, reply_to_provider_id, idempotency_key, part_of, trace, operator) "
      "values "
      "(:id, :chat, "
      ":direction, cast(:author as bigint), :text, :content, :state, :provider_id, :provider_at, "
      ":sequence, "
      ":created, cast(:edited as bigint), cast(:reply as bigint), :reply_provider, :key, :part_of, "
      ":trace, cast(:operator as bigint)) "
      "on conflict do nothing";
  store::Values values{message.id,
                       message.chat,
                       message.outgoing ? "out" : "in",
                       message.author ? store::Value(message.author->id) : store::Value(),
                       message.text,
                       message.content,
                       std::string(delivery_name(message.state)),
                       store::nullable(message.provider_id),
                       message.provider_at,
                       message.sequence,
                       message.created_at,
                       store::nullable(message.edited_at),
                       store::nullable(message.reply_to),
                       store::nullable(reply_to_provider_id),
                       store::nullable(idempotency_key),
                       store::nullable(part_of),
                       message.trace.empty() ? store::Value() : store::Value(message.trace),
                       store::nullable(message.sender)};
  if (part_of || idempotency_key) return session_.exec(sql, std::move(values)) > 0;
  session_.later(sql, std::move(values));  // nothing that it could meet
  return true;
}

std::optional<Message> MessageTable::find_without_files(Id message) {
  const auto row = session_.query_one(PB_MESSAGE_COLUMNS "where m.id = :id", {message});
  if (!row) return std::nullopt;
  return message_of(*row);
}

std::optional<Message> MessageTable::find(Id message) {
  auto found = find_without_files(message);
  if (found) found->attachments = AttachmentTable(context_).of_message(message);
  return found;
}

std::vector<Message> MessageTable::list(Id chat, const Place& after, int limit) {
  std::vector<Message> messages;
  for (const auto& row :
       session_.query(PB_MESSAGE_COLUMNS "where m.chat = :chat and (m.provider_at, m.sequence, m.id) > (:at, "
                                         ":sequence, :after) order by m.provider_at, "
                                         "m.sequence, m.id limit :limit",
                      {chat, after.at, after.sequence, after.id, static_cast<std::int64_t>(limit)})) {
    messages.push_back(message_of(row));
  }
  if (messages.empty()) return messages;
  const auto& last = messages.back();
  auto files =
      AttachmentTable(context_).of_messages(chat, after, Place(last.provider_at, last.sequence, last.id));
  for (auto& message : messages) {
    const auto found = files.find(message.id);
    if (found != files.end()) message.attachments = std::move(found->second);
  }
  return messages;
}

std::optional<Id> MessageTable::with_part_of(Id chat, const std::string& part_of) {
  return maybe_id(session_.query_one("select id from messages where chat = :chat and part_of = :part_of",
                                     {chat, part_of}));
}

std::optional<Id> MessageTable::with_key(Id chat, const std::string& idempotency_key) {
  return maybe_id(session_.query_one("select id from messages where chat = :chat and idempotency_key = :key",
                                     {chat, idempotency_key}));
}

std::optional<std::string> MessageTable::name_of(Id message, Id integration,
                                                 const std::string& conversation) {
  const auto row = session_.query_one(
      "select p.provider_id, p.conversation from message_provider_ids p join messages m on m.id = p.message "
      "where p.message = :message and p.integration = :integration and m.provider_id is not null "
      "order by p.sequence, p.at, p.provider_id limit 1",
      {message, integration});
  if (!row || (is_counted(row->text(0)) && row->text(1) != conversation)) return std::nullopt;
  return row->text(0);
}

std::optional<Known> MessageTable::known(const ProviderName& name) {
  const auto row =
      context_.ahead.query_one(session_, kKnown, {name.integration, name.conversation, name.provider_id});
  if (!row) return std::nullopt;
  return known_of(*row);
}

std::optional<Found> MessageTable::find_named(const ProviderName& name) {
  if (auto found = known(name)) return Found(name, std::move(*found));
  if (is_counted(name.provider_id)) return std::nullopt;
  const auto row = session_.query_one(PB_KNOWN "p.conversation in " PB_NAMES_OF_CONVERSATION
                                               " and p.provider_id = :provider_id limit 1",
                                      {name.integration, name.conversation, name.provider_id});
  if (!row) return std::nullopt;
  return Found(ProviderName(name.integration, row->text(5), name.provider_id), known_of(*row));
}

void MessageTable::read_known(const std::vector<ProviderName>& names) {
  std::vector<store::Values> all;
  for (const auto& name : names) all.push_back({name.integration, name.conversation, name.provider_id});
  context_.ahead.read(session_, kKnown, std::move(all));
}

void MessageTable::claim(const ProviderName& name, Id message, const MessageData& part, bool outgoing,
                         bool album) {
  session_.later(
      "insert into message_provider_ids (integration, conversation, provider_id, message, at, "
      "sequence, state, "
      "edited_at, text) values (:integration, :conversation, :provider_id, :message, :at, :sequence, "
      ":state, "
      "cast(:edited as bigint), :text) "
      "on conflict do nothing",
      {name.integration, name.conversation, name.provider_id, message, part.at, part.sequence,
       outgoing ? "sent" : "received", store::nullable(part.edited_at),
       album ? store::Value(part.text) : store::Value()});
}

}  // namespace patchbay::domain::chat
