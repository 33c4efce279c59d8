#include "oauth/grants.hpp"

namespace patchbay::oauth {
namespace {

constexpr const char* kScope = "grant";
constexpr std::string_view kColumns =
    "id, plugin, name, profile, identity, title, scopes, state, reason, renewable, expires_at, created_at, "
    "signed_in_at, refreshed_at";

std::string select(std::string_view rest) {
  return "select " + std::string(kColumns) + " from grants " + std::string(rest);
}

Grant from_row(const store::Row& row) {
  Grant out;
  out.id = row.integer(0);
  out.plugin = row.text(1);
  out.name = row.text(2);
  out.profile = row.maybe_integer(3);
  out.identity = row.text(4);
  out.title = row.text(5);
  out.scopes = row.text(6);
  out.works = row.text(7) == "active";
  out.reason = row.text(8);
  out.renewable = row.integer(9) != 0;
  out.expires_at = row.maybe_integer(10);
  out.created_at = row.integer(11);
  out.signed_in_at = row.integer(12);
  out.refreshed_at = row.integer(13);
  return out;
}

std::optional<Grant> from_row(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return from_row(*row);
}

vault::SecretName access_of(Id id) {
  return vault::SecretName(kScope, id, "access_token");
}

vault::SecretName refresh_of(Id id) {
  return vault::SecretName(kScope, id, "refresh_token");
}

}  // namespace

std::optional<Grant> Grants::find(store::Session& session, Id id) const {
  return from_row(session.query_one(select("where id = :id"), {id}));
}

std::vector<Grant> Grants::list(store::Session& session, Id after, std::int64_t limit) const {
  std::vector<Grant> out;
  for (const auto& row : session.query(select("where id > :after order by id limit :limit"), {after, limit}))
    out.push_back(from_row(row));
  return out;
}

std::optional<Grant> Grants::of_person(store::Session& session, const Grant& grant) const {
  if (grant.identity.empty()) return std::nullopt;
  return from_row(session.query_one(select("where plugin = :plugin and name = :name and identity = :identity "
                                           "and coalesce(profile, 0) = :profile"),
                                    {grant.plugin, grant.name, grant.identity, grant.profile.value_or(0)}));
}

TokenPair Grants::tokens(store::Session& session, Id id) const {
  TokenPair out;
  out.access = vault_.get(session, access_of(id)).value_or("");
  out.refresh = vault_.get(session, refresh_of(id)).value_or("");
  return out;
}

void Grants::put(store::Session& session, const Grant& g, const TokenPair& tokens) const {
  session.exec(
      "insert into grants(" + std::string(kColumns) +
          ", refreshing_at) values (:id, :plugin, :name, :profile, :identity, :title, :scopes, :state, "
          ":reason, "
          ":renewable, :expires_at, :created_at, :signed_in_at, :refreshed_at, null) on conflict (id) do "
          "update "
          "set identity = excluded.identity, title = excluded.title, scopes = excluded.scopes, state = "
          "excluded.state, reason = excluded.reason, renewable = excluded.renewable, expires_at = "
          "excluded.expires_at, signed_in_at = excluded.signed_in_at, refreshed_at = excluded.refreshed_at, "
          "refreshing_at = null",
      {g.id, g.plugin, g.name, store::nullable(g.profile), g.identity, g.title, g.scopes,
       std::string(g.works ? "active" : "sign_in_again"), g.reason, std::int64_t{g.renewable},
       store::nullable(g.expires_at), g.created_at, g.signed_in_at, g.refreshed_at});
  vault_.put(session, access_of(g.id), tokens.access);
  if (tokens.refresh.empty())
    vault_.remove(session, refresh_of(g.id));
  else
    vault_.put(session, refresh_of(g.id), tokens.refresh);
}

void Grants::note_refresh(store::Session& session, Id id, std::int64_t now) const {
  session.exec("update grants set refreshing_at = :now where id = :id", {now, id});
}

// Locks the row, so that it stays so until the commit.
bool Grants::is_still(store::Session& session, Id id, const std::string& refresh) const {
  if (session.exec("update grants set refreshing_at = refreshing_at where id = :id", {id}) == 0) return false;
  return tokens(session, id).refresh == refresh;
}

bool Grants::renew(store::Session& session, const Grant& grant, const TokenPair& tokens,
                   const std::string& used) const {
  if (!is_still(session, grant.id, used)) return false;
  put(session, grant, tokens);
  return true;
}

bool Grants::sign_out(store::Session& session, Id id, const std::string& reason,
                      const std::string& used) const {
  if (!is_still(session, id, used)) return false;
  session.exec(
      "update grants set state = 'sign_in_again', reason = :reason, refreshing_at = null where id = :id",
      {reason, id});
  return true;
}

void Grants::remove(store::Session& session, Id id) const {
  session.exec("delete from grants where id = :id", {id});
  vault_.remove_all(session, kScope, id);
}

std::vector<Id> Grants::due(store::Session& session, Id after, std::int64_t now, std::int64_t broken_off,
                            std::int64_t idle, std::int64_t limit) const {
  std::vector<Id> out;
  for (const auto& row : session.query(
           "select id from grants where id > :after and state = 'active' and (refreshing_at < :broken_off or "
           "(renewable = 1 and refreshed_at < :idle and exists (select 1 from integration_grants u where "
           "u.grant_id = "
           "grants.id)) or (renewable = 0 and expires_at < :now)) order by id limit :limit",
           {after, broken_off, idle, now, limit})) {
    out.push_back(row.integer(0));
  }
  return out;
}

}  // namespace patchbay::oauth
