#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/chat/impl/context.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/model.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::chat {

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
  // Reads ahead what find_open() and keep_client() will ask first.
  void read_open(const std::vector<std::pair<Id, std::string>>& conversations);
  void read_clients(const std::vector<std::pair<Id, std::string>>& external_ids);
  // The unfinished chat of a conversation, following moves.
  std::optional<Chat> find_open(Id integration, const std::string& conversation);
  // The same, made if there is none; title, kind and facts are brought up to date. One that is made begins
  // as its channel says, or as `begins` does.
  Chat open(Id integration, const ConversationData& conversation, std::optional<routing::Stage> begins = {});
  // FB-4: a bot has the conversation, and with it what nobody has accepted yet; or it has passed it to
  // people.
  void pass(const Chat& chat, bool to_bot);
  std::vector<Chat> list(std::optional<Id> integration, Id after, int limit);

  // The client as he is known, made or brought up to date.
  Client keep_client(Id integration, const Client& seen);
  std::optional<Client> client(Id id);

  // A message came or went: the chat's activity; in a private chat one from the client also proves that the
  // client can be reached.
  // A person has answered. The first time it is noted, and how long the client had waited is returned.
  std::optional<Duration> note_answer(Id chat, Id user);
  void touch(const Chat& chat, std::int64_t at, bool from_client, std::optional<Id> client);
  void set_reachable(Id chat, bool reachable, const std::optional<std::string>& reason);
  // The provider gave the conversation another id. Where both have a chat, the one that moved goes on with
  // the messages of both. What waits in the outbox moves along.
  void move(Id integration, const std::string& from, const std::string& to);

 private:
  std::string current_name(Id integration, std::string conversation);
  void refresh(Chat& chat, const ConversationData& seen);
  void merge(const Chat& from, const Chat& into);
  routing::Chat beginning(Id integration);
  void admit(const Chat& chat);

  Context& context_;
  store::Session& session_;
  routing::RoutingTable routing_;
};

}  // namespace patchbay::domain::chat
