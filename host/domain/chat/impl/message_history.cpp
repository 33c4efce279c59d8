#include <algorithm>

#include <nlohmann/json.hpp>

#include "domain/chat/impl/attachment_table.hpp"
#include "domain/chat/impl/message_table.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

// What `part` says joins `whole`; where both say something else, both are kept.
std::string joined(const std::string& whole, const std::string& part) {
  auto result = parsed(whole);
  const auto other = parsed(part);
  auto differing = json::object();
  for (const auto& [key, value] : other.items()) {
    if (!result.contains(key)) {
      result[key] = value;
    } else if (result[key] != value) {
      differing[key] = value;
    }
  }
  auto& parts = result["parts"];
  if (!differing.empty() && std::find(parts.begin(), parts.end(), differing) == parts.end())
    parts.push_back(std::move(differing));
  if (parts.is_null()) result.erase("parts");
  return result.dump();
}

}  // namespace

void MessageTable::join_part(Id message, const std::string& content) {
  const auto parts = session_.query(
      "select provider_id, at, sequence, text from message_provider_ids where message = :message and state "
      "<> 'deleted' "
      "order by sequence, at, provider_id",
      {message});
  if (parts.empty()) return;
  std::string text;
  auto at = parts.front().integer(1);
  for (const auto& part : parts) {
    at = std::min(at, part.integer(1));
    const auto caption = part.maybe_text(3).value_or("");
    if (!caption.empty()) text += (text.empty() ? "" : "\n") + caption;
  }
  const auto row = session_.query_one("select content from messages where id = :id", {message});
  session_.exec(
      "update messages set text = :text, content = :content, provider_id = :provider_id, provider_at = :at, "
      "sequence = "
      ":sequence where id = :id",
      {text, joined(row->text(0), content), parts.front().text(0), at, parts.front().integer(2), message});
}

void MessageTable::tell_changed(Id message) {
  const auto row = session_.query_one("select chat from messages where id = :id", {message});
  context_.happened("message.changed", message, row->integer(0));
}

void MessageTable::archive(Id message, const std::string& provider_id, const MessageData& version) {
  auto attachments = json::array();
  for (const auto& file : version.attachments) {
    attachments.push_back({{"kind", file.kind}, {"name", file.name}, {"file", file.file}});
  }
  session_.exec(
      "insert into message_edits (id, message, provider_id, version_at, text, content, attachments, "
      "recorded_at) values "
      "(:id, :message, :provider_id, :version_at, :text, :content, :attachments, :recorded)",
      {context_.ids.next(), message, provider_id, version.edited_at.value_or(version.at), version.text,
       version.content, attachments.dump(), context_.now});
}

void MessageTable::archive_current(Id message, const std::string& provider_id, std::int64_t version_at) {
  const auto row = session_.query_one("select text, content from messages where id = :id", {message});
  session_.exec(
      "insert into message_edits (id, message, provider_id, version_at, text, content, attachments, "
      "recorded_at) values "
      "(:id, :message, :provider_id, :version_at, :text, :content, :attachments, :recorded)",
      {context_.ids.next(), message, provider_id, version_at, row->text(0), row->text(1),
       AttachmentTable(context_).described(message, provider_id), context_.now});
}

void MessageTable::edit(const ProviderName& name, const Known& known, const MessageData& fresh) {
  const auto standing = known.edited_at.value_or(known.at);
  if (fresh.edited_at.value_or(fresh.at) < standing) {
    archive(known.message, name.provider_id, fresh);
    return;
  }
  const bool visible = !shows_the_same(name, known, fresh);
  if (visible) archive_current(known.message, name.provider_id, standing);
  // The version that stands, for edits that come late.
  const auto edited_at = fresh.edited_at.value_or(context_.now);
  session_.exec(
      "update message_provider_ids set edited_at = :edited where integration = :integration and conversation "
      "= :conversation "
      "and provider_id = :provider_id",
      {edited_at, name.integration, name.conversation, name.provider_id});
  if (!visible) return;
  tell_changed(known.message);
  session_.exec("update messages set edited_at = :edited where id = :id", {edited_at, known.message});
  if (!has_same_files(name, known, fresh)) replace_attachments(name, known, fresh);
  if (known.part_text) {
    session_.exec(
        "update message_provider_ids set text = :text where integration = :integration and conversation = "
        ":conversation and "
        "provider_id = :provider_id",
        {fresh.text, name.integration, name.conversation, name.provider_id});
    join_part(known.message, fresh.content);
    return;
  }
  session_.exec("update messages set text = :text, content = :content where id = :id",
                {fresh.text, fresh.content, known.message});
}

bool MessageTable::has_same_files(const ProviderName& name, const Known& known, const MessageData& fresh) {
  const auto standing = session_.query(
      "select file, unique_id from message_attachments where message = :message and provider_id = "
      ":provider_id and "
      "replaced_at is null order by position",
      {known.message, name.provider_id});
  // A file id may change from event to event while the file is the same; the unique id says so where there is
  // one.
  bool same = standing.size() == fresh.attachments.size();
  for (std::size_t i = 0; same && i < standing.size(); ++i) {
    const auto& file = fresh.attachments[i];
    const auto unique_id = standing[i].maybe_text(1);
    same = unique_id && file.unique_id ? *unique_id == *file.unique_id : standing[i].text(0) == file.file;
  }
  return same;
}

bool MessageTable::shows_the_same(const ProviderName& name, const Known& known, const MessageData& fresh) {
  const auto row = session_.query_one("select text, content from messages where id = :id", {known.message});
  const auto text = known.part_text.value_or(row->text(0));
  const auto content = known.part_text ? joined(row->text(1), fresh.content) : fresh.content;
  return text == fresh.text && parsed(row->text(1)) == parsed(content) && has_same_files(name, known, fresh);
}

void MessageTable::replace_attachments(const ProviderName& name, const Known& known,
                                       const MessageData& fresh) {
  AttachmentTable attachments(context_);
  attachments.replace(known.message, name.provider_id);
  AttachmentOwner owner(name.integration, known.message);
  owner.provider_id = name.provider_id;
  owner.at = known.at;
  owner.sequence = fresh.sequence;
  attachments.add_incoming(owner, fresh.attachments);
}

void MessageTable::remember_original(const ProviderName& name, const Known& known,
                                     const MessageData& original) {
  if (!known.edited_at) return;
  const auto there = session_.query_one(
      "select id from message_edits where message = :message and provider_id = :provider_id and version_at "
      "<= :at",
      {known.message, name.provider_id, original.at});
  if (!there) archive(known.message, name.provider_id, original);
}

void MessageTable::erase(const ProviderName& name, const Known& known, std::int64_t at) {
  tell_changed(known.message);
  session_.exec(
      "update message_provider_ids set state = 'deleted' where integration = :integration and conversation = "
      ":conversation "
      "and provider_id = :provider_id",
      {name.integration, name.conversation, name.provider_id});
  const auto left = session_.query_one(
      "select provider_id from message_provider_ids where message = :message and state <> 'deleted'",
      {known.message});
  if (!left) {
    session_.exec("update messages set deleted_at = :at where id = :id and deleted_at is null",
                  {at, known.message});
  } else if (known.part_text) {
    AttachmentTable(context_).replace(known.message, name.provider_id);
    join_part(known.message, "{}");
  }
}

}  // namespace patchbay::domain::chat
