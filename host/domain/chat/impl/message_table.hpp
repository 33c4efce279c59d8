#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/chat/impl/context.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/impl/place.hpp"
#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

// What a provider calls one part of a message.
class ProviderName {
 public:
  ProviderName(Id i, std::string c, std::string p)
      : integration(i), conversation(std::move(c)), provider_id(std::move(p)) {}

  Id integration;
  std::string conversation;
  std::string provider_id;
};

// Where a provider's name leads.
struct Known {
  Id message = 0;
  bool outgoing = false;
  std::int64_t at = 0;
  std::optional<std::int64_t> edited_at;
  std::optional<std::string> part_text;  // set for parts of an album
};

// The same, where the name may have been told under another id of its conversation.
class Found {
 public:
  Found(ProviderName n, Known k) : name(std::move(n)), known(std::move(k)) {}
  ProviderName name;  // as it is kept
  Known known;
};

// A number: providers that count their messages begin anew where a conversation gets another id.
bool is_counted(const std::string& provider_id);

// What a conversation is called now and was called before, as a table of one column, of :integration and
// :conversation.
#define PB_NAMES_OF_CONVERSATION                                                                             \
  "(select coalesce((select moved_to from chat_moves where integration = :integration and conversation = "   \
  ":conversation), cast(:conversation as text)) union all select former.conversation from chat_moves "       \
  "former "                                                                                                  \
  "where former.integration = :integration and former.moved_to = coalesce((select moved_to from chat_moves " \
  "where integration = :integration and conversation = :conversation), cast(:conversation as text)))"

// Messages, the provider's names for their parts, and former versions.
class MessageTable {
 public:
  explicit MessageTable(Context& context) : context_(context), session_(context.session) {}

  // False when the message is there already (its idempotency key or album within the chat).
  bool insert(const Message& message, const std::optional<std::string>& part_of,
              const std::optional<std::string>& idempotency_key,
              const std::optional<std::string>& reply_to_provider_id);
  std::optional<Message> find(Id message);
  std::optional<Message> find_without_files(Id message);
  std::vector<Message> list(Id chat, const Place& after, int limit);
  std::optional<Id> with_part_of(Id chat, const std::string& part_of);
  std::optional<Id> with_key(Id chat, const std::string& idempotency_key);

  // What the provider calls (the first part of) a message in this conversation.
  std::optional<std::string> name_of(Id message, Id integration, const std::string& conversation);
  std::optional<Known> known(const ProviderName& name);
  // The same under any id of the conversation (it may have moved between a message and what is said of it),
  // but for names that are numbers: those count within one id.
  std::optional<Found> find_named(const ProviderName& name);
  // Reads ahead what known() will say.
  void read_known(const std::vector<ProviderName>& names);
  // Nothing when the name is taken already.
  void claim(const ProviderName& name, Id message, const MessageData& part, bool outgoing, bool album);
  // A part of an album: text, content, place and first provider id of the message follow from all its parts.
  void join_part(Id message, const std::string& content);

  // Keeps what was there, then sets what is new. An edit older than the version that stands only joins the
  // history; one that shows nothing new (providers tell of changes that nobody sees) leaves no trace.
  void edit(const ProviderName& name, const Known& known, const MessageData& fresh);
  // The first version, told after a later one: it joins the history once.
  void remember_original(const ProviderName& name, const Known& known, const MessageData& original);
  // One part was taken back; with its last part the message counts as deleted.
  void erase(const ProviderName& name, const Known& known, std::int64_t at);

 private:
  // The journal is told that it shows something else now.
  void tell_changed(Id message);
  void archive(Id message, const std::string& provider_id, const MessageData& version);
  void archive_current(Id message, const std::string& provider_id, std::int64_t version_at);
  bool has_same_files(const ProviderName& name, const Known& known, const MessageData& fresh);
  bool shows_the_same(const ProviderName& name, const Known& known, const MessageData& fresh);
  void replace_attachments(const ProviderName& name, const Known& known, const MessageData& fresh);

  Context& context_;
  store::Session& session_;
};

}  // namespace patchbay::domain::chat
