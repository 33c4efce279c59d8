#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "store/actor.hpp"

namespace patchbay::domain::access {
struct Session;
}

namespace patchbay::web {

// What a route needs. Every route names one (ACC-3); `none` says that anybody may.
enum class Operation {
  none,
  read_chats,
  write_chats,
  read_files,
  write_files,
  read_integrations,
  manage_integrations,
  read_plugins,
  manage_plugins,
  read_inbox,
  manage_inbox,
  read_status,
  manage_tokens,
  manage_secrets,
  read_access,
  manage_access,
  own_session,
  read_chat_settings,
  manage_chat_settings,
  read_settings,
  manage_settings,
  read_records,
  write_records,
  manage_objects,
  read_processes,
  run_processes,
  manage_processes,
  manage_subscriptions,
  read_audit,
};

inline constexpr int kOperationCount = 29;

// "chats:read"; the word in errors and OpenAPI. "public" for none.
std::string_view operation_name(Operation operation);

// A set of operations.
class Operations {
 public:
  Operations() = default;
  Operations(std::initializer_list<Operation> all) {
    for (const auto one : all) add(one);
  }
  static Operations everything();

  void add(Operation operation) { bits_ |= bit(operation); }
  void add(const Operations& others) { bits_ |= others.bits_; }
  bool has(Operation operation) const {
    return operation == Operation::none || (bits_ & bit(operation)) != 0;
  }

 private:
  static std::uint32_t bit(Operation operation) { return 1u << static_cast<unsigned>(operation); }
  std::uint32_t bits_ = 0;
};

// Words that a token can carry: "admin" (everything), "read" (all that reads, tokens apart), "chats" (chats
// and files, both ways), "records" (both ways), "processes" (read and run), "integrations", "plugins",
// "inbox", "status", "audit".
const std::vector<std::string>& scope_names();
std::optional<Operations> scope_operations(std::string_view scope);
// Of a list with spaces or commas between. Throws Error{invalid} "web.unknown_scope", which names the
// nearest, and "web.no_scope" for an empty list.
Operations parse_scopes(std::string_view scopes);

// The same of a list that was stored once: what this version does not know gives nothing.
Operations known_scopes(std::string_view scopes);

// What the operations that a user is granted (domain/access, by code) allow here; one's own session, records
// and running processes always: each kind of records says more closely who may (domain/records).
Operations granted_operations(const std::set<std::string>& codes);

// Operations that can be granted to users (by code), each of which allows it; none for what nobody is
// granted.
std::vector<std::string> granting_codes(Operation operation);

// Who asks.
class Principal {
 public:
  Principal() = default;
  Principal(Id id_, std::string name_, Operations operations_)
      : id(id_), name(std::move(name_)), operations(operations_) {}

  Id id = 0;         // of the token or the user
  std::string name;  // "token:<name>", "user:<login>"
  Operations operations;
  std::string address;                                     // of the client
  std::shared_ptr<const domain::access::Session> session;  // null for tokens

  store::Actor actor() const { return store::Actor(name, address); }
};

// What a request says of who sends it.
class Credentials {
 public:
  Credentials(std::string authorization_, std::string session_, std::string csrf_, bool changes_,
              std::string peer_)
      : authorization(std::move(authorization_)),
        session(std::move(session_)),
        csrf(std::move(csrf_)),
        changes(changes_),
        peer(std::move(peer_)) {}

  std::string authorization;  // the header
  std::string session;        // the cookie's value
  std::string csrf;           // X-CSRF-Token
  bool changes;               // something, by its method
  std::string peer;           // address
};

// Tells who sends a request. Any thread.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Throws Error{unauthenticated}, Error{rate_limited} for an address that failed too often, Error{denied}
  // for a session that comes without its CSRF token.
  virtual boost::asio::awaitable<Principal> authenticate(Credentials credentials) = 0;
};

}  // namespace patchbay::web
