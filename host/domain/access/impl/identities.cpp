#include "domain/access/identities.hpp"

namespace patchbay::domain::access {

std::optional<Id> Identities::user(const std::string& issuer, const std::string& subject) {
  const auto row = session_.query_one(
      "select member from identities where issuer = :issuer and subject = :subject", {issuer, subject});
  return row ? std::optional<Id>(row->integer(0)) : std::nullopt;
}

bool Identities::has(Id user, const std::string& issuer) {
  return session_
      .query_one("select subject from identities where member = :user and issuer = :issuer", {user, issuer})
      .has_value();
}

bool Identities::has(Id user) {
  return session_.query_one("select subject from identities where member = :user limit 1", {user})
      .has_value();
}

void Identities::insert(const std::string& issuer, const std::string& subject, Id user, std::int64_t now) {
  session_.exec(
      "insert into identities(issuer, subject, member, created_at) values (:issuer, :subject, :user, :now)",
      {issuer, subject, user, now});
}

std::vector<Id> Identities::roles_given(Id user) {
  std::vector<Id> roles;
  for (const auto& row :
       session_.query("select role from identity_roles where member = :user order by role", {user}))
    roles.push_back(row.integer(0));
  return roles;
}

void Identities::note_role(Id role, Id user) {
  session_.exec("insert into identity_roles(role, member) values (:role, :user) on conflict do nothing",
                {role, user});
}

void Identities::forget_role(Id role, Id user) {
  session_.exec("delete from identity_roles where role = :role and member = :user", {role, user});
}

bool Identities::spend(const std::string& state, std::int64_t until) {
  return session_.exec(
             "insert into spent_states(state, expires_at) values (:state, :until) on conflict do nothing",
             {state, until}) == 1;
}

void Identities::sweep(std::int64_t now) {
  session_.exec("delete from spent_states where expires_at <= :now", {now});
}

}  // namespace patchbay::domain::access
