#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/chat/impl/context.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/impl/place.hpp"
#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

// Where a file of a message belongs.
struct AttachmentOwner {
  AttachmentOwner(Id i, Id m) : integration(i), message(m) {}
  Id integration;
  Id message;
  std::optional<std::string> provider_id;
  std::int64_t at = 0;
  std::int64_t sequence = 0;
};

// Files of messages. Those that a client sent are fetched after the message is stored.
class AttachmentTable {
 public:
  explicit AttachmentTable(Context& context) : context_(context), session_(context.session) {}

  // To be fetched.
  void add_incoming(const AttachmentOwner& owner, const std::vector<AttachmentData>& files);
  // Uploaded already: each has its blob.
  void add_outgoing(const AttachmentOwner& owner, const std::vector<Attachment>& files);
  std::vector<Attachment> of_message(Id message);
  // Of the messages of a chat after one place up to another, by message.
  std::map<Id, std::vector<Attachment>> of_messages(Id chat, const Place& after, const Place& last);
  std::optional<Attachment> find(Id attachment);
  std::optional<Id> chat_of(Id attachment);
  // JSON of the files of one part, for the history.
  std::string described(Id message, const std::string& provider_id);
  void replace(Id message, const std::string& provider_id);

 private:
  Context& context_;
  store::Session& session_;
};

}  // namespace patchbay::domain::chat
