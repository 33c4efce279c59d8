#include "domain/access/people.hpp"

#include "store/dialect.hpp"

namespace patchbay::domain::access {
namespace {

#define PB_USER_COLUMNS "id, login, name, email, language, active, created_at, updated_at"
#define PB_ROLE_COLUMNS "id, name, kind, parent, created_at, updated_at"

// The roles of a user with those above them, as a table `mine(id)`. `union` ends circles that there should
// not be.
#define PB_MINE                                                                           \
  "with recursive mine(id) as (select role from role_members where member = :user union " \
  "select roles.parent from roles join mine on roles.id = mine.id where roles.parent is not null) "

User user_of(const store::Row& row) {
  User user;
  user.id = row.integer(0);
  user.login = row.text(1);
  user.name = row.text(2);
  user.email = row.maybe_text(3);
  user.language = row.text(4);
  user.active = row.integer(5) != 0;
  user.created_at = row.integer(6);
  user.updated_at = row.integer(7);
  return user;
}

Role role_of(const store::Row& row) {
  Role role;
  role.id = row.integer(0);
  role.name = row.text(1);
  role.kind = row.text(2);
  role.parent = row.maybe_integer(3);
  role.created_at = row.integer(4);
  role.updated_at = row.integer(5);
  return role;
}

std::vector<User> read_users(const std::vector<store::Row>& rows) {
  std::vector<User> users;
  for (const auto& row : rows) users.push_back(user_of(row));
  return users;
}

std::vector<Role> read_roles(const std::vector<store::Row>& rows) {
  std::vector<Role> roles;
  for (const auto& row : rows) roles.push_back(role_of(row));
  return roles;
}

std::vector<Id> ids_of(const std::vector<store::Row>& rows) {
  std::vector<Id> ids;
  for (const auto& row : rows) ids.push_back(row.integer(0));
  return ids;
}

}  // namespace

template <class Holder>
std::vector<Holder> People::with_operations(std::vector<Holder> holders) {
  std::vector<store::Values> ids;
  for (const auto& one : holders) ids.push_back({one.id});
  const auto granted = session_.query_each(
      "select operation from operation_grants where holder = :holder order by operation", std::move(ids));
  for (std::size_t i = 0; i < holders.size(); ++i) {
    for (const auto& row : granted.at(i)) holders[i].operations.push_back(row.text(0));
  }
  return holders;
}

template <class Holder>
std::optional<Holder> People::first(std::vector<Holder> holders) {
  if (holders.empty()) return std::nullopt;
  return with_operations(std::move(holders)).front();
}

void People::grant(Id holder, const std::vector<std::string>& operations) {
  session_.exec("delete from operation_grants where holder = :holder", {holder});
  for (const auto& code : operations)
    session_.exec("insert into operation_grants(holder, operation) values (:holder, :operation)",
                  {holder, code});
}

std::optional<User> People::user(Id id) {
  return first(read_users(session_.query("select " PB_USER_COLUMNS " from users where id = :id", {id})));
}

std::optional<User> People::hold(Id id) {
  session_.query(
      std::string("select id from users where id = :id").append(store::for_update(session_.dialect())), {id});
  return user(id);
}

std::optional<User> People::named(const std::string& login) {
  return first(
      read_users(session_.query("select " PB_USER_COLUMNS " from users where login = :login", {login})));
}

std::vector<User> People::users(Id after, std::size_t limit) {
  return with_operations(read_users(session_.query("select " PB_USER_COLUMNS
                                                   " from users where id > :after order by id limit :limit",
                                                   {after, static_cast<std::int64_t>(limit)})));
}

void People::insert(const User& user) {
  session_.exec("insert into users(" PB_USER_COLUMNS
                ") values (:id, :login, :name, :email, :language, :active, :created_at, :updated_at)",
                {user.id, user.login, user.name, store::nullable(user.email), user.language,
                 static_cast<std::int64_t>(user.active), user.created_at, user.updated_at});
  grant(user.id, user.operations);
}

void People::update(const User& user) {
  session_.exec(
      "update users set login = :login, name = :name, email = :email, language = :language, active = "
      ":active, "
      "updated_at = :updated_at where id = :id",
      {user.login, user.name, store::nullable(user.email), user.language,
       static_cast<std::int64_t>(user.active), user.updated_at, user.id});
  grant(user.id, user.operations);
}

std::optional<std::string> People::password(Id user) {
  const auto row = session_.query_one("select password from users where id = :id", {user});
  return row ? row->maybe_text(0) : std::nullopt;
}

void People::set_password(Id user, const std::string& hash) {
  session_.exec("update users set password = :hash where id = :id", {hash, user});
}

std::int64_t People::end_sessions(Id user, Id but) {
  return session_.exec("delete from sessions where member = :user and id <> :but", {user, but});
}

std::optional<Role> People::role(Id id) {
  return first(read_roles(session_.query("select " PB_ROLE_COLUMNS " from roles where id = :id", {id})));
}

std::optional<Role> People::role_named(const std::string& name) {
  return first(
      read_roles(session_.query("select " PB_ROLE_COLUMNS " from roles where name = :name", {name})));
}

std::vector<Role> People::roles(Id after, std::size_t limit) {
  return with_operations(read_roles(session_.query("select " PB_ROLE_COLUMNS
                                                   " from roles where id > :after order by id limit :limit",
                                                   {after, static_cast<std::int64_t>(limit)})));
}

std::vector<Role> People::below(Id role) {
  return with_operations(read_roles(
      session_.query("select " PB_ROLE_COLUMNS " from roles where parent = :role order by name", {role})));
}

void People::insert(const Role& role) {
  session_.exec(
      "insert into roles(" PB_ROLE_COLUMNS ") values (:id, :name, :kind, :parent, :created_at, :updated_at)",
      {role.id, role.name, role.kind, store::nullable(role.parent), role.created_at, role.updated_at});
  grant(role.id, role.operations);
}

void People::update(const Role& role) {
  session_.exec(
      "update roles set name = :name, kind = :kind, parent = :parent, updated_at = :updated_at where id = "
      ":id",
      {role.name, role.kind, store::nullable(role.parent), role.updated_at, role.id});
  grant(role.id, role.operations);
}

std::vector<Id> People::remove_role(Id role) {
  grant(role, {});
  const auto queues =
      ids_of(session_.query("delete from queue_operators where holder = :role returning queue", {role}));
  session_.exec("delete from roles where id = :id", {role});
  return queues;
}

void People::hold_roles() {
  session_.query(
      std::string("select id from roles order by id").append(store::for_update(session_.dialect())));
}

std::vector<User> People::members(Id role, Id after, std::size_t limit) {
  return with_operations(read_users(
      session_.query("select " PB_USER_COLUMNS " from users where id > :after and id in (select member from "
                     "role_members where role = :role) order by id limit :limit",
                     {after, role, static_cast<std::int64_t>(limit)})));
}

bool People::add_member(Id role, Id user) {
  return session_.exec("insert into role_members(role, member) values (:role, :user) on conflict do nothing",
                       {role, user}) == 1;
}

bool People::remove_member(Id role, Id user) {
  return session_.exec("delete from role_members where role = :role and member = :user", {role, user}) == 1;
}

std::vector<Id> People::roles_of(Id user) {
  return ids_of(session_.query(PB_MINE "select id from mine order by id", {user}));
}

std::vector<Id> People::everybody_in(Id role) {
  return ids_of(session_.query(
      "with recursive these(id) as (select id from roles where id = :role union "
      "select roles.id from roles join these on roles.parent = these.id) "
      "select distinct users.id from users join role_members on role_members.member = users.id "
      "join these on these.id = role_members.role where users.active = 1 order by users.id",
      {role}));
}

std::set<std::string> People::operations_of(Id user) {
  std::set<std::string> codes;
  for (const auto& row : session_.query(
           PB_MINE
           "select operation from operation_grants where (holder = :user or holder in (select id from mine)) "
           "and exists (select 1 from users where id = :user and active = 1)",
           {user}))
    codes.insert(row.text(0));
  return codes;
}

}  // namespace patchbay::domain::access
