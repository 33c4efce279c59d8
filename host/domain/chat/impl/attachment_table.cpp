#include "domain/chat/impl/attachment_table.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::domain::chat {
namespace {

#define PB_ATTACHMENT_COLUMNS                                                                          \
  "select a.id, a.kind, a.name, a.type, a.size, a.width, a.height, a.duration_ms, a.state, a.reason, " \
  "a.blob, a.file, "                                                                                   \
  "a.unique_id, a.message from message_attachments a "

Attachment attachment_of(const store::Row& row) {
  Attachment attachment;
  attachment.id = row.integer(0);
  attachment.kind = row.text(1);
  attachment.name = row.text(2);
  attachment.type = row.text(3);
  attachment.size = row.maybe_integer(4);
  attachment.width = row.maybe_integer(5);
  attachment.height = row.maybe_integer(6);
  attachment.duration_ms = row.maybe_integer(7);
  attachment.state = row.text(8);
  attachment.reason = row.maybe_text(9);
  attachment.blob = row.maybe_integer(10);
  return attachment;
}

}  // namespace

void AttachmentTable::add_incoming(const AttachmentOwner& owner, const std::vector<AttachmentData>& files) {
  std::int64_t position = 0;
  for (const auto& file : files) {
    session_.exec(
        "insert into message_attachments (id, integration, message, provider_id, at, sequence, position, "
        "kind, name, type, "
        "size, width, height, duration_ms, file, details, unique_id, state, attempts, not_before) values "
        "(:id, "
        ":integration, :message, :provider_id, :at, :sequence, :position, :kind, :name, :type, cast(:size as "
        "bigint), "
        "cast(:width as bigint), cast(:height as bigint), cast(:duration as bigint), :file, :details, "
        ":unique_id, "
        "'pending', 0, 0)",
        {context_.ids.next(), owner.integration, owner.message, store::nullable(owner.provider_id), owner.at,
         owner.sequence, position++, file.kind, file.name, file.type, store::nullable(file.size),
         store::nullable(file.width), store::nullable(file.height), store::nullable(file.duration_ms),
         file.file, file.details, store::nullable(file.unique_id)});
  }
}

void AttachmentTable::add_outgoing(const AttachmentOwner& owner, const std::vector<Attachment>& files) {
  std::int64_t position = 0;
  for (const auto& file : files) {
    session_.exec(
        "insert into message_attachments (id, integration, message, at, sequence, position, kind, name, "
        "type, size, blob, "
        "state, attempts, not_before) values (:id, :integration, :message, 0, 0, :position, :kind, :name, "
        ":type, "
        "cast(:size as bigint), cast(:blob as bigint), 'ready', 0, 0)",
        {file.id, owner.integration, owner.message, position++, file.kind, file.name, file.type,
         store::nullable(file.size), store::nullable(file.blob)});
  }
}

std::vector<Attachment> AttachmentTable::of_message(Id message) {
  std::vector<Attachment> files;
  for (const auto& row :
       session_.query(PB_ATTACHMENT_COLUMNS
                      "where message = :message and replaced_at is null order by sequence, at, position, id",
                      {message})) {
    files.push_back(attachment_of(row));
  }
  return files;
}

std::map<Id, std::vector<Attachment>> AttachmentTable::of_messages(Id chat, const Place& after,
                                                                   const Place& last) {
  std::map<Id, std::vector<Attachment>> files;
  for (const auto& row :
       session_.query(PB_ATTACHMENT_COLUMNS "join messages m on m.id = a.message where m.chat = :chat and "
                                            "(m.provider_at, m.sequence, m.id) > (:at, :sequence, "
                                            ":after) and (m.provider_at, m.sequence, m.id) <= (:last_at, "
                                            ":last_sequence, :last) and a.replaced_at is null "
                                            "order by a.sequence, a.at, a.position, a.id",
                      {chat, after.at, after.sequence, after.id, last.at, last.sequence, last.id})) {
    files[row.integer(13)].push_back(attachment_of(row));
  }
  return files;
}

std::optional<Attachment> AttachmentTable::find(Id attachment) {
  const auto row = session_.query_one(PB_ATTACHMENT_COLUMNS "where id = :id", {attachment});
  if (!row) return std::nullopt;
  return attachment_of(*row);
}

std::optional<Id> AttachmentTable::chat_of(Id attachment) {
  const auto row = session_.query_one(
      "select m.chat from message_attachments a join messages m on m.id = a.message where a.id = :id",
      {attachment});
  return row ? std::optional(row->integer(0)) : std::nullopt;
}

std::string AttachmentTable::described(Id message, const std::string& provider_id) {
  auto list = nlohmann::json::array();
  for (const auto& row :
       session_.query(PB_ATTACHMENT_COLUMNS
                      "where message = :message and provider_id = :provider_id and replaced_at is null "
                      "order by position",
                      {message, provider_id})) {
    auto item = nlohmann::json::object();
    item["id"] = to_string_id(row.integer(0));
    item["kind"] = row.text(1);
    item["name"] = row.text(2);
    item["file"] = row.text(11);
    item["unique_id"] = row.maybe_text(12).value_or("");
    list.push_back(std::move(item));
  }
  return list.dump();
}

void AttachmentTable::replace(Id message, const std::string& provider_id) {
  session_.exec(
      "update message_attachments set replaced_at = :now where message = :message and provider_id = "
      ":provider_id and "
      "replaced_at is null",
      {context_.now, message, provider_id});
}

}  // namespace patchbay::domain::chat
