#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/access/model.hpp"
#include "store/store.hpp"

namespace patchbay::domain::access {

// The tables of users, roles and what is granted to them, in the caller's transaction.
class People {
 public:
  explicit People(store::Session& session) : session_(session) {}

  std::optional<User> user(Id id);
  std::optional<User> named(const std::string& login);
  // Nobody else changes him until the transaction ends.
  std::optional<User> hold(Id id);
  // By id, after `after`; at most `limit`. Here and below.
  std::vector<User> users(Id after, std::size_t limit);
  // Both with the operations; a login must be free.
  void insert(const User& user);
  void update(const User& user);

  // As vault::Passwords made it; nothing for who has none.
  std::optional<std::string> password(Id user);
  void set_password(Id user, const std::string& hash);
  // How many there were.
  std::int64_t end_sessions(Id user, Id but = 0);

  std::optional<Role> role(Id id);
  std::optional<Role> role_named(const std::string& name);
  std::vector<Role> roles(Id after, std::size_t limit);
  std::vector<Role> below(Id role);  // directly
  void insert(const Role& role);
  void update(const Role& role);
  // With its memberships and grants, and as an operator of queues, which are returned. No role may be below
  // it.
  std::vector<Id> remove_role(Id role);
  // Until the transaction ends nobody else changes how roles stand to each other.
  void hold_roles();

  // Those whose role this is itself.
  std::vector<User> members(Id role, Id after, std::size_t limit);
  // False: it was so already.
  bool add_member(Id role, Id user);
  bool remove_member(Id role, Id user);

  // Roles of a user, with those above them.
  std::vector<Id> roles_of(Id user);
  // Active users of a role, with those of the roles below it; sorted, each once (CHAT-2).
  std::vector<Id> everybody_in(Id role);
  // What a user may do by oneself and by roles. Nothing for who is not active.
  std::set<std::string> operations_of(Id user);

 private:
  void grant(Id holder, const std::vector<std::string>& operations);
  template <class Holder>
  std::vector<Holder> with_operations(std::vector<Holder> holders);
  template <class Holder>
  std::optional<Holder> first(std::vector<Holder> holders);

  store::Session& session_;
};

}  // namespace patchbay::domain::access
