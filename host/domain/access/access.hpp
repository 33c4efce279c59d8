#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/access/model.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::domain::access {

// What is to be changed of a user or made one of; what is not given stays, or is as in User.
struct UserChange {
  std::optional<std::string> login;
  std::optional<std::string> name;
  std::optional<std::string> email;  // empty: none
  std::optional<std::string> language;
  std::optional<bool> active;
  std::optional<std::vector<std::string>> operations;
};

struct RoleChange {
  std::optional<std::string> name;
  std::optional<std::string> kind;
  std::optional<Id> parent;  // 0: none
  std::optional<std::vector<std::string>> operations;
};

// Who works here and what they may (ACC-1). Every change is in the audit log (ACC-5) under the name `who`.
// Any thread; all outlive it. Throws Error{invalid} with a diagnostic for each field that cannot be,
// Error{conflict} for a login or name that is taken, Error{not_found}.
class Access {
 public:
  Access(store::Store& store, const Clock& clock, IdMint& ids) : store_(store), clock_(clock), ids_(ids) {}

  boost::asio::awaitable<std::vector<User>> users(Id after, std::size_t limit);
  boost::asio::awaitable<User> user(Id id);
  boost::asio::awaitable<User> create_user(UserChange wanted, store::Actor who);
  boost::asio::awaitable<User> change_user(Id id, UserChange change, store::Actor who);

  boost::asio::awaitable<std::vector<Role>> roles(Id after, std::size_t limit);
  boost::asio::awaitable<Role> role(Id id);
  boost::asio::awaitable<Role> create_role(RoleChange wanted, store::Actor who);
  // Error{conflict} "domain.access.circle" for a parent that is the role itself or below it.
  boost::asio::awaitable<Role> change_role(Id id, RoleChange change, store::Actor who);
  // Error{conflict} "domain.access.has_roles" while roles are below it.
  boost::asio::awaitable<void> remove_role(Id id, store::Actor who);

  boost::asio::awaitable<std::vector<User>> members(Id role, Id after, std::size_t limit);
  boost::asio::awaitable<void> add_member(Id role, Id user, store::Actor who);
  boost::asio::awaitable<void> remove_member(Id role, Id user, store::Actor who);

 private:
  void audit(store::Session& session, const store::Actor& who, const char* action, const std::string& object,
             const std::string& detail) const;

  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
};

}  // namespace patchbay::domain::access
