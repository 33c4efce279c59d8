#include "web/token_table.hpp"

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"

namespace patchbay::web {
namespace {

constexpr std::string_view kPrefix = "pb_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kBodySize = 43;
constexpr std::size_t kCheckSize = 6;

std::string checksum(std::string_view text) {
  return crypto::to_base64url(crypto::digest(crypto::Hash::sha256, text)).substr(0, kCheckSize);
}

constexpr std::string_view kColumns =
    "select id, name, scopes, created_at, expires_at, last_used_at, revoked_at from tokens ";

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

std::optional<TimePoint> time_at(const store::Row& row, std::size_t column) {
  const auto ms = row.maybe_integer(column);
  return ms ? std::optional(TimePoint(Duration(*ms))) : std::nullopt;
}

store::Value ms_or_null(const std::optional<TimePoint>& time) {
  return time ? store::Value(to_ms(*time)) : store::Value();
}

Token read(const store::Row& row) {
  Token token;
  token.id = row.integer(0);
  token.name = row.text(1);
  token.scopes = row.text(2);
  token.created_at = TimePoint(Duration(row.integer(3)));
  token.expires_at = time_at(row, 4);
  token.last_used_at = time_at(row, 5);
  token.revoked_at = time_at(row, 6);
  return token;
}

}  // namespace

std::string mint_token() {
  const std::string text = std::string(kPrefix) + crypto::to_base64url(crypto::random_bytes(kRandomBytes));
  return text + checksum(text);
}

bool is_token(std::string_view text) {
  if (text.size() != kPrefix.size() + kBodySize + kCheckSize || !text.starts_with(kPrefix)) return false;
  const auto body = text.substr(0, text.size() - kCheckSize);
  return crypto::equal(checksum(body), text.substr(body.size()));
}

std::string token_hash(std::string_view token) {
  return crypto::digest(crypto::Hash::sha256, token);
}

namespace token_table {

void add(store::Session& session, const Token& token, std::string hash) {
  session.exec(
      "insert into tokens (id, name, hash, scopes, created_at, expires_at) "
      "values (:id, :name, :hash, :scopes, :created_at, :expires_at)",
      {token.id, token.name, store::Bytes(std::move(hash)), token.scopes, to_ms(token.created_at),
       ms_or_null(token.expires_at)});
}

std::optional<Token> find(store::Session& session, std::string hash) {
  const auto row =
      session.query_one(std::string(kColumns) + "where hash = :hash", {store::Bytes(std::move(hash))});
  return row ? std::optional(read(*row)) : std::nullopt;
}

std::vector<Token> list(store::Session& session, Id after, std::size_t limit) {
  std::vector<Token> tokens;
  const auto rows = session.query(std::string(kColumns) + "where id > :after order by id limit :limit",
                                  {after, static_cast<std::int64_t>(limit)});
  for (const auto& row : rows) tokens.push_back(read(row));
  return tokens;
}

bool revoke(store::Session& session, Id id, TimePoint now) {
  return session.exec("update tokens set revoked_at = coalesce(revoked_at, :now) where id = :id",
                      {to_ms(now), id}) > 0;
}

void remove(store::Session& session, Id id) {
  session.exec("delete from tokens where id = :id", {id});
}

void touch(store::Session& session, Id id, TimePoint now) {
  session.exec("update tokens set last_used_at = :now where id = :id", {to_ms(now), id});
}

}  // namespace token_table

}  // namespace patchbay::web
