#include "domain/access/access.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "domain/access/identities.hpp"
#include "domain/access/impl/checks.hpp"
#include "domain/access/people.hpp"
#include "domain/journal/journal.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::access {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

void require_free(People& people, const User& user) {
  const auto other = people.named(user.login);
  if (other && other->id != user.id)
    throw Error(Code::conflict, Text("domain.access.login_taken", {{"login", user.login}}));
}

void require_free(People& people, const Role& role) {
  const auto other = people.role_named(role.name);
  if (other && other->id != role.id)
    throw Error(Code::conflict, Text("domain.access.role_taken", {{"name", role.name}}));
}

// The parent is there, and not the role itself or one below it. The roles are held.
void require_tree(People& people, const Role& role) {
  for (auto above = role.parent; above;) {
    if (*above == role.id) throw Error(Code::conflict, Text("domain.access.circle", {{"name", role.name}}));
    above = require_role(people, *above).parent;
  }
}

json shown(const User& user) {
  return {{"login", user.login},       {"name", user.name},     {"email", user.email.value_or("")},
          {"language", user.language}, {"active", user.active}, {"operations", user.operations}};
}

json shown(const Role& role) {
  return {{"name", role.name},
          {"kind", role.kind},
          {"parent", role.parent ? to_string_id(*role.parent) : ""},
          {"operations", role.operations}};
}

// {"<what>": {"old", "new"}} of what is not the same (SET-3's form).
std::string difference(const json& before, const json& after) {
  auto changes = json::object();
  for (const auto& [name, value] : after.items()) {
    if (!before.contains(name)) {
      changes[name] = {{"new", value}};
    } else if (before.at(name) != value) {
      changes[name] = {{"old", before.at(name)}, {"new", value}};
    }
  }
  return changes.dump();
}

std::string name_of_user(Id id) {
  return "user:" + to_string_id(id);
}

std::string name_of_role(Id id) {
  return "role:" + to_string_id(id);
}

}  // namespace

void Access::audit(store::Session& session, const store::Actor& who, const char* action,
                   const std::string& object, const std::string& detail) const {
  store::write_audit(session, store::AuditEntry(ids_.next(), clock_.now().time_since_epoch().count(), who,
                                                action, object, detail));
  journal::write(session, ids_, clock_.now(), journal::Entry("access.changed"));
}

asio::awaitable<std::vector<User>> Access::users(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) { return People(session).users(after, limit); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<User> Access::user(Id id) {
  auto work = [=](store::Session& session) {
    People people(session);
    return require_user(people, id);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<User> Access::create_user(UserChange wanted, store::Actor who) {
  if (!wanted.login) wanted.login.emplace();
  if (!wanted.name) wanted.name.emplace();
  User fresh;
  fresh.id = ids_.next();
  fresh.created_at = fresh.updated_at = clock_.now().time_since_epoch().count();
  apply(wanted, fresh);
  auto work = [=, this](store::Session& session) {
    People people(session);
    require_free(people, fresh);
    people.insert(fresh);
    audit(session, who, "user.create", name_of_user(fresh.id), difference(json::object(), shown(fresh)));
    return fresh;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<User> Access::change_user(Id id, UserChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    // Held, since all of him is written: else two who change him at once give back what the other took.
    people.hold(id);
    const auto before = require_user(people, id);
    auto after = before;
    apply(change, after);
    if (shown(before) == shown(after)) return before;
    require_free(people, after);
    after.updated_at = clock_.now().time_since_epoch().count();
    people.update(after);
    if (!after.active) people.end_sessions(id);
    audit(session, who, "user.change", name_of_user(id), difference(shown(before), shown(after)));
    return after;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<Role>> Access::roles(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) { return People(session).roles(after, limit); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Role> Access::role(Id id) {
  auto work = [=](store::Session& session) {
    People people(session);
    return require_role(people, id);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Role> Access::create_role(RoleChange wanted, store::Actor who) {
  if (!wanted.name) wanted.name.emplace();
  Role fresh;
  fresh.id = ids_.next();
  fresh.kind = "functional";
  fresh.created_at = fresh.updated_at = clock_.now().time_since_epoch().count();
  apply(wanted, fresh);
  auto work = [=, this](store::Session& session) {
    People people(session);
    require_free(people, fresh);
    require_tree(people, fresh);
    people.insert(fresh);
    audit(session, who, "role.create", name_of_role(fresh.id), difference(json::object(), shown(fresh)));
    return fresh;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<Role> Access::change_role(Id id, RoleChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    people.hold_roles();
    const auto before = require_role(people, id);
    auto after = before;
    apply(change, after);
    if (shown(before) == shown(after)) return before;
    require_free(people, after);
    require_tree(people, after);
    after.updated_at = clock_.now().time_since_epoch().count();
    people.update(after);
    audit(session, who, "role.change", name_of_role(id), difference(shown(before), shown(after)));
    return after;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> Access::remove_role(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    people.hold_roles();
    const auto role = require_role(people, id);
    std::string names;
    for (const auto& one : people.below(id)) names += (names.empty() ? "" : ", ") + one.name;
    if (!names.empty())
      throw Error(Code::conflict, Text("domain.access.has_roles", {{"name", role.name}, {"roles", names}}));
    for (const auto queue : people.remove_role(id))
      journal::write(session, ids_, clock_.now(), journal::Entry("queue.changed", queue));
    audit(session, who, "role.remove", name_of_role(id), json({{"name", role.name}}).dump());
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<User>> Access::members(Id role, Id after, std::size_t limit) {
  auto work = [=](store::Session& session) {
    People people(session);
    require_role(people, role);
    return people.members(role, after, limit);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<void> Access::add_member(Id role, Id user, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    require_role(people, role);
    require_user(people, user);
    // What is given by hand stays, also where the identity server had given it.
    Identities(session).forget_role(role, user);
    if (people.add_member(role, user))
      audit(session, who, "role.add_member", name_of_role(role), json({{"user", to_string_id(user)}}).dump());
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<void> Access::remove_member(Id role, Id user, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    require_role(people, role);
    require_user(people, user);
    Identities(session).forget_role(role, user);
    if (people.remove_member(role, user))
      audit(session, who, "role.remove_member", name_of_role(role),
            json({{"user", to_string_id(user)}}).dump());
  };
  co_await store_.write(std::move(work));
}

}  // namespace patchbay::domain::access
