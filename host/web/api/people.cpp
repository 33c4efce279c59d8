#include "web/api/people.hpp"

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::access::Role;
using domain::access::RoleChange;
using domain::access::User;
using domain::access::UserChange;
using nlohmann::json;

namespace {

#define PB_OPERATIONS                                                                                  \
  R"("operations": {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 100},)" \
  R"( "description": "Codes of /api/v1/operations that are granted directly"})"

constexpr const char* kUser =
    R"({"type": "object", "required": ["id", "login", "name", "language", "active", "operations"], "properties": {
    "id": {"type": "string"}, "login": {"type": "string"}, "name": {"type": "string"},
    "email": {"type": ["string", "null"]}, "language": {"type": "string"}, "active": {"type": "boolean"},
    "operations": {"type": "array", "items": {"type": "string"}, "description": "Granted directly"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
#define PB_USER_FIELDS                                                                             \
  R"("login": {"type": "string", "maxLength": 1000, "description": "Lower case; one of a kind"},)" \
  R"("name": {"type": "string", "maxLength": 1000},)"                                              \
  R"("email": {"type": "string", "maxLength": 1000, "description": "Empty: none"},)"               \
  R"("language": {"type": "string", "description": "en or ru"},)"                                  \
  R"("active": {"type": "boolean", "description": "False: may do nothing, is asked nothing"},)" PB_OPERATIONS
constexpr const char* kNewUser =
    R"({"type": "object", "additionalProperties": false, "required": ["login", "name"], "properties": {)" PB_USER_FIELDS
    "}}";
constexpr const char* kUserChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_USER_FIELDS "}}";

constexpr const char* kRole =
    R"({"type": "object", "required": ["id", "name", "kind", "parent", "operations"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "kind": {"enum": ["organisational", "functional"]},
    "parent": {"type": ["string", "null"], "description": "The role above: who is in this one is in that one too"},
    "operations": {"type": "array", "items": {"type": "string"}, "description": "Granted directly"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
#define PB_ROLE_FIELDS                                     \
  R"("name": {"type": "string", "maxLength": 1000},)"      \
  R"("kind": {"enum": ["organisational", "functional"]},)" \
  R"("parent": {"type": ["string", "null"], "pattern": "^[1-9][0-9]{0,18}$"},)" PB_OPERATIONS
constexpr const char* kNewRole =
    R"({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {)" PB_ROLE_FIELDS
    "}}";
constexpr const char* kRoleChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_ROLE_FIELDS "}}";
constexpr const char* kOperations =
    R"({"type": "object", "required": ["operations"], "properties": {"operations": {"type": "array", "items": {
    "type": "object", "required": ["code", "about"], "properties": {
    "code": {"type": "string"}, "about": {"type": "string", "description": "In the reader's language"}}}}}})";

}  // namespace

json shown(const User& user) {
  return {{"id", to_string_id(user.id)},
          {"login", user.login},
          {"name", user.name},
          {"email", or_null(user.email.value_or(""))},
          {"language", user.language},
          {"active", user.active},
          {"operations", user.operations},
          {"created_at", time_of(user.created_at)},
          {"updated_at", time_of(user.updated_at)}};
}

namespace {

json shown(const Role& role) {
  return {{"id", to_string_id(role.id)},
          {"name", role.name},
          {"kind", role.kind},
          {"parent", or_null(role.parent)},
          {"operations", role.operations},
          {"created_at", time_of(role.created_at)},
          {"updated_at", time_of(role.updated_at)}};
}

template <class T>
void take(const json& body, const char* name, std::optional<T>& into) {
  if (body.contains(name)) into = body.at(name).get<T>();
}

UserChange user_change(const json& body) {
  UserChange change;
  take(body, "login", change.login);
  take(body, "name", change.name);
  take(body, "email", change.email);
  take(body, "language", change.language);
  take(body, "active", change.active);
  take(body, "operations", change.operations);
  return change;
}

RoleChange role_change(const json& body) {
  RoleChange change;
  take(body, "name", change.name);
  take(body, "kind", change.kind);
  take(body, "operations", change.operations);
  if (body.contains("parent"))
    change.parent =
        body.at("parent").is_null() ? 0 : parse_id(body.at("parent").get<std::string>()).value_or(0);
  return change;
}

}  // namespace

void PeopleApi::add_to(Router& router) {
  router.add(Operation::read_access, Verb::get, "/api/v1/operations", bound(this, &PeopleApi::operations),
             Doc("Show the operations")
                 .about("What users and roles can be granted.")
                 .answers(200, "All of them", kOperations));
  add_users(router);
  add_roles(router);
  add_members(router);
}

void PeopleApi::add_users(Router& router) {
  router.component("User", kUser);
  const std::string user = R"({"$ref": "#/components/schemas/User"})";
  const std::string path = "/api/v1/users";
  router.add(Operation::read_access, Verb::get, path, bound(this, &PeopleApi::users),
             Doc("List users").lists(user));
  router.add(Operation::manage_access, Verb::post, path, bound(this, &PeopleApi::create_user),
             Doc("Add a user").json(kNewUser).answers(201, "The user", user).errors({409}));
  router.add(Operation::read_access, Verb::get, path + "/{id}", bound(this, &PeopleApi::user),
             Doc("Show a user").answers(200, "The user", user).errors({404}));
  router.add(
      Operation::manage_access, Verb::patch, path + "/{id}", bound(this, &PeopleApi::change_user),
      Doc("Change a user")
          .about("Users are not removed, since histories name them; one who is not active can do nothing.")
          .json(kUserChange)
          .answers(200, "The user", user)
          .errors({404, 409}));
}

void PeopleApi::add_roles(Router& router) {
  router.component("Role", kRole);
  const std::string role = R"({"$ref": "#/components/schemas/Role"})";
  const std::string path = "/api/v1/roles";
  router.add(Operation::read_access, Verb::get, path, bound(this, &PeopleApi::roles),
             Doc("List roles").lists(role));
  router.add(Operation::manage_access, Verb::post, path, bound(this, &PeopleApi::create_role),
             Doc("Add a role").json(kNewRole).answers(201, "The role", role).errors({404, 409}));
  router.add(Operation::read_access, Verb::get, path + "/{id}", bound(this, &PeopleApi::role),
             Doc("Show a role").answers(200, "The role", role).errors({404}));
  router.add(Operation::manage_access, Verb::patch, path + "/{id}", bound(this, &PeopleApi::change_role),
             Doc("Change a role").json(kRoleChange).answers(200, "The role", role).errors({404, 409}));
  router.add(Operation::manage_access, Verb::del, path + "/{id}", bound(this, &PeopleApi::remove_role),
             Doc("Remove a role").answers(204, "Removed").errors({404, 409}));
}

void PeopleApi::add_members(Router& router) {
  const std::string path = "/api/v1/roles/{id}/members";
  router.add(Operation::read_access, Verb::get, path, bound(this, &PeopleApi::members),
             Doc("List the members of a role")
                 .about("Those whose role it is itself, without those of the roles below it.")
                 .lists(R"({"$ref": "#/components/schemas/User"})")
                 .errors({404}));
  router.add(Operation::manage_access, Verb::put, path + "/{user}", bound(this, &PeopleApi::add_member),
             Doc("Add a member to a role").answers(204, "A member").errors({404}));
  router.add(Operation::manage_access, Verb::del, path + "/{user}", bound(this, &PeopleApi::remove_member),
             Doc("Take a member out of a role").answers(204, "No member").errors({404}));
}

asio::awaitable<Response> PeopleApi::operations(Call call) {
  auto all = json::array();
  for (const auto& one : domain::access::operations())
    all.push_back({{"code", one.code}, {"about", one.about.in(call.language())}});
  co_return answer(200, {{"operations", std::move(all)}});
}

asio::awaitable<Response> PeopleApi::users(Call call) {
  const auto page = call.page();
  auto found = co_await access_.users(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const User& user) { return shown(user); });
}

asio::awaitable<Response> PeopleApi::create_user(Call call) {
  auto wanted = user_change(call.json());
  const auto made = co_await access_.create_user(std::move(wanted), call.who.actor());
  co_return created(shown(made), "/api/v1/users/");
}

asio::awaitable<Response> PeopleApi::user(Call call) {
  const auto found = co_await access_.user(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> PeopleApi::change_user(Call call) {
  auto change = user_change(call.json());
  const auto changed = co_await access_.change_user(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> PeopleApi::roles(Call call) {
  const auto page = call.page();
  auto found = co_await access_.roles(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const Role& role) { return shown(role); });
}

asio::awaitable<Response> PeopleApi::create_role(Call call) {
  auto wanted = role_change(call.json());
  const auto made = co_await access_.create_role(std::move(wanted), call.who.actor());
  co_return created(shown(made), "/api/v1/roles/");
}

asio::awaitable<Response> PeopleApi::role(Call call) {
  const auto found = co_await access_.role(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> PeopleApi::change_role(Call call) {
  auto change = role_change(call.json());
  const auto changed = co_await access_.change_role(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> PeopleApi::remove_role(Call call) {
  co_await access_.remove_role(call.id(), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> PeopleApi::members(Call call) {
  const auto page = call.page();
  auto found = co_await access_.members(call.id(), page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const User& user) { return shown(user); });
}

asio::awaitable<Response> PeopleApi::add_member(Call call) {
  co_await access_.add_member(call.id(), call.id("user"), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> PeopleApi::remove_member(Call call) {
  co_await access_.remove_member(call.id(), call.id("user"), call.who.actor());
  co_return Response(204);
}

}  // namespace patchbay::web
