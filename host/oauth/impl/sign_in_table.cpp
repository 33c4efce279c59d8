#include "oauth/impl/sign_in_table.hpp"

namespace patchbay::oauth {
namespace {

constexpr std::string_view kColumns =
    "id, plugin, name, profile, integration, grant_id, way, state, reason, state_hash, redirect_uri, shown, "
    "interval_ms, started_by, created_at, expires_at";

std::string select(std::string_view rest) {
  return "select " + std::string(kColumns) + " from sign_ins " + std::string(rest);
}

SignInRow from_row(const store::Row& row) {
  SignInRow out;
  auto& s = out.sign_in;
  s.id = row.integer(0);
  s.plugin = row.text(1);
  s.name = row.text(2);
  s.profile = row.maybe_integer(3);
  s.integration = row.maybe_integer(4);
  s.grant = row.maybe_integer(5);
  s.way = row.text(6);
  s.state = row.text(7);
  s.reason = row.text(8);
  if (!row.is_null(9)) out.state_hash = row.bytes(9);
  out.redirect_uri = row.text(10);
  s.shown = row.text(11);
  out.interval = Duration(row.integer(12));
  s.started_by = row.text(13);
  out.created_at = row.integer(14);
  s.expires_at = row.integer(15);
  return out;
}

std::optional<SignInRow> from_row(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return from_row(*row);
}

}  // namespace

void insert_sign_in(store::Session& session, const SignInRow& row) {
  const auto& s = row.sign_in;
  session.exec(
      "insert into sign_ins(" + std::string(kColumns) +
          ", polled_at) values (:id, :plugin, :name, :profile, :integration, :grant, :way, :state, "
          ":reason, :state_hash, :redirect_uri, :shown, :interval, :started_by, :created_at, :expires_at, "
          ":polled_at)",
      {s.id, s.plugin, s.name, store::nullable(s.profile), store::nullable(s.integration),
       store::nullable(s.grant), s.way, s.state, s.reason,
       row.state_hash.empty() ? store::Value() : store::Value(store::Bytes(row.state_hash)), row.redirect_uri,
       s.shown, row.interval.count(), s.started_by, row.created_at, s.expires_at, row.created_at});
}

std::optional<SignInRow> find_sign_in(store::Session& session, Id id) {
  return from_row(session.query_one(select("where id = :id"), {id}));
}

std::optional<SignInRow> find_by_state(store::Session& session, const std::string& state_hash) {
  return from_row(session.query_one(select("where state_hash = :hash"), {store::Bytes(state_hash)}));
}

bool take_sign_in(store::Session& session, Id id) {
  return session.exec("update sign_ins set state = 'exchanging' where id = :id and state = 'waiting'",
                      {id}) == 1;
}

bool end_sign_in(store::Session& session, const SignIn& s) {
  return session.exec(
             "update sign_ins set state = :state, reason = :reason, grant_id = :grant where id = :id and "
             "state in "
             "('waiting', 'exchanging')",
             {s.state, s.reason, store::nullable(s.grant), s.id}) == 1;
}

void note_poll(store::Session& session, Id id, std::int64_t now, Duration interval) {
  session.exec("update sign_ins set polled_at = :now, interval_ms = :interval where id = :id",
               {now, interval.count(), id});
}

std::vector<SignInRow> forgotten_device_codes(store::Session& session, std::int64_t now, Duration patience) {
  std::vector<SignInRow> out;
  for (const auto& row :
       session.query(select("where way = 'device' and state = 'waiting' and expires_at > :now and "
                            "polled_at + interval_ms <= :before"),
                     {now, now - patience.count()}))
    out.push_back(from_row(row));
  return out;
}

void remove_old_sign_ins(store::Session& session, std::int64_t now, std::int64_t before) {
  session.exec("delete from sign_ins where created_at < :before", {before});
  // Also of those that went with their profile or their draft.
  session.exec("delete from secrets where scope = 'sign_in' and expires_at < :now", {now});
}

}  // namespace patchbay::oauth
