#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::domain::routing {

// A queue as admins see it (CHAT-1).
struct QueueRow {
  Id id = 0;
  std::string name;                          // one of a kind
  std::string rule = "broadcast";            // of rule_names()
  std::optional<std::int64_t> idle_minutes;  // none: chats are never finished for silence
  bool keep_open = false;
  std::string hours;          // business hours as read_hours() takes them; empty: always open
  std::string away;           // said to whoever writes outside them (CHAT-32); empty: nothing
  std::vector<Id> operators;  // users and roles, sorted
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

struct QueueChange {
  std::optional<std::string> name;
  std::optional<std::string> rule;
  std::optional<std::int64_t> idle_minutes;  // 0: never
  std::optional<bool> keep_open;
  std::optional<std::string> hours;
  std::optional<std::string> away;
  std::optional<std::vector<Id>> operators;
};

// An integration as a channel of chats (CHAT-22).
struct Channel {
  Id integration = 0;
  std::string name;  // of the integration
  std::string plugin;
  bool active = false;
  std::optional<Id> queue;
  std::string language = "en";
  std::string welcome;  // said in each new chat (CHAT-32); empty: nothing
};

struct ChannelChange {
  std::optional<bool> active;
  std::optional<Id> queue;
  std::optional<std::string> language;
  std::optional<std::string> welcome;
};

// Queues and channels, for admins. Every change is in the audit log under the name `who`. Any thread; all
// outlive it. Throws Error{invalid} with a diagnostic for each field that cannot be, Error{not_found},
// Error{conflict}.
class Queues {
 public:
  // `changed`: something was committed that may let a chat go on.
  Queues(store::Store& store, const Clock& clock, IdMint& ids, std::function<void()> changed)
      : store_(store), clock_(clock), ids_(ids), changed_(std::move(changed)) {}

  boost::asio::awaitable<std::vector<QueueRow>> list(Id after, std::size_t limit);
  boost::asio::awaitable<QueueRow> get(Id id);
  boost::asio::awaitable<QueueRow> create(QueueChange wanted, store::Actor who);
  boost::asio::awaitable<QueueRow> change(Id id, QueueChange change, store::Actor who);
  // Error{conflict} "domain.routing.queue_used", which names the channels, or "domain.routing.queue_open"
  // while chats in it are neither finished nor held.
  boost::asio::awaitable<void> remove(Id id, store::Actor who);

  // By integration, all of them; one that was never changed is off.
  boost::asio::awaitable<std::vector<Channel>> channels(Id after, std::size_t limit);
  boost::asio::awaitable<Channel> channel(Id integration);
  // Switched on, chats whose client wrote within the last day wait soon (Router::look); the others stay
  // missed. Switched off, what nobody has accepted is held.
  boost::asio::awaitable<Channel> change_channel(Id integration, ChannelChange change, store::Actor who);

 private:
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
  const std::function<void()> changed_;
};

}  // namespace patchbay::domain::routing
