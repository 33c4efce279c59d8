#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/chat/chats.hpp"
#include "domain/chat/impl/context.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/model.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::chat {

// Whose message it is.
enum class From {
  client,
  us,
  itself  // said by itself (CHAT-32): no answer, so nobody's silence is counted from it (CHAT-8)
};

// How a chat begins that is not there yet.
struct Opening {
  Opening() = default;
  Opening(std::optional<routing::Stage> b, std::string a) : begins(b), author(std::move(a)) {}
  std::optional<routing::Stage> begins;  // none: as its channel says
  std::string author;                    // the channel's id of the client who writes, where one does
};

// Chats, their clients, and conversations that moved.
class ChatTable {
 public:
  explicit ChatTable(Context& context)
      : context_(context),
        session_(context.session),
        routing_(context.session, context.ids, context.time()) {}

  std::optional<Chat> find(Id chat);
  // The chat, or the one that goes on with it after a merge.
  std::optional<Chat> find_current(Id chat);
  // The same, as it is now, and until the transaction ends nobody else holds it: whoever writes messages to a
  // chat, or judges how they stand, does so alone.
  std::optional<Chat> hold(Id chat);
  // Holds the open chats of these conversations, in the order that all keep to.
  void hold_open(const std::vector<std::pair<Id, std::string>>& conversations);
  // Reads ahead what find_open() and keep_client() will ask first.
  void read_open(const std::vector<std::pair<Id, std::string>>& conversations);
  void read_clients(const std::vector<std::pair<Id, std::string>>& external_ids);
  // The unfinished chat of a conversation, following moves, and held like by hold(): it stays unfinished
  // until the transaction ends.
  std::optional<Chat> find_open(Id integration, const std::string& conversation);
  // The same, made if there is none; title, kind and facts are brought up to date.
  Chat open(Id integration, const ConversationData& conversation, const Opening& opening = {});
  // What the conversation is called now: a former id leads to the present one for 30 days, and no longer than
  // until another client writes under it.
  std::string current_name(Id integration, std::string conversation);
  // FB-4: a bot has the conversation, and with it what nobody has accepted yet; or it has passed it to
  // people.
  void pass(const Chat& chat, bool to_bot);
  // A bot has had it: it goes back to it when the chat is finished.
  void note_bot(Id chat);
  // Whether a chat of the conversation, however it ended, has messages of this time or later.
  bool was_active(Id integration, const std::string& conversation, std::int64_t at);
  std::vector<Chat> list(const ChatFilter& filter, Id after, int limit);

  // The client as he is known, made or brought up to date.
  Client keep_client(Id integration, const Client& seen);
  std::optional<Client> client(Id id);

  // A person has answered. The first time it is noted, and how long the client had waited is returned.
  std::optional<Duration> note_answer(Id chat, Id user);
  // A message came or went: the chat's activity; in a private chat one from the client also proves that the
  // client can be reached.
  void touch(const Chat& chat, std::int64_t at, From from, std::optional<Id> client);
  // When the client wrote last in the conversation, in whichever chat and in whatever order it came, by the
  // provider's time; nothing: never.
  std::optional<std::int64_t> last_written(const Chat& chat);
  void set_reachable(Id chat, bool reachable, const std::optional<std::string>& reason);
  // The provider gave the conversation another id. Where both have a chat, the one that moved goes on with
  // the messages of both. What waits in the outbox moves along.
  void move(Id integration, const std::string& from, const std::string& to);

 private:
  std::optional<Chat> named_open(Id integration, const std::string& conversation);
  std::string name_for(Id integration, const ConversationData& conversation, const std::string& author);
  void tell_changed(Id chat);
  void refresh(Chat& chat, const ConversationData& seen);
  void merge(const Chat& from, const Chat& into);
  routing::Chat beginning(Id integration);
  void admit(const Chat& chat);

  Context& context_;
  store::Session& session_;
  routing::RoutingTable routing_;
};

}  // namespace patchbay::domain::chat
