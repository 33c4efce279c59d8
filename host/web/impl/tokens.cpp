#include "web/tokens.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "store/audit.hpp"

namespace patchbay::web {
namespace {

constexpr std::size_t kMaxCached = 1024;
constexpr std::size_t kMaxAddresses = 10'000;
constexpr std::chrono::nanoseconds kWindow = std::chrono::minutes(1);
constexpr std::size_t kMaxName = 200;

// The token of "Bearer <token>"; the word in any case (RFC 9110, 11.1).
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kWord = "bearer ";
  if (authorization.size() <= kWord.size()) return {};
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  if (!std::equal(kWord.begin(), kWord.end(), authorization.begin(),
                  [&](char b, char a) { return same(a, b); })) {
    return {};
  }
  const auto token = authorization.substr(kWord.size());
  return token.substr(std::min(token.find_first_not_of(' '), token.size()));
}

// One spelling: words with one space between.
std::string tidy(std::string scopes) {
  std::string out;
  for (const char c : scopes) {
    if (c != ' ' && c != ',') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::size_t FailureLimiter::note(const std::string& peer, std::chrono::nanoseconds now) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMaxAddresses) {
    std::erase_if(entries_, [&](const auto& item) { return now - item.second.since >= kWindow; });
    if (entries_.size() >= kMaxAddresses) entries_.clear();
  }
  auto& entry = entries_[peer];
  if (entry.failures == 0 || now - entry.since >= kWindow) {
    entry.since = now;
    entry.failures = 0;
  }
  return ++entry.failures;
}

std::size_t FailureLimiter::count(const std::string& peer, std::chrono::nanoseconds now) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(peer);
  return entry == entries_.end() || now - entry->second.since >= kWindow ? 0 : entry->second.failures;
}

Tokens::Tokens(store::Store& store, const Clock& clock, IdMint& ids, log::Logger logger)
    : store_(store), clock_(clock), ids_(ids), logger_(std::move(logger)) {}

MadeToken Tokens::make(const NewToken& wanted) {
  const auto name = repair_utf8(wanted.name);
  if (name.empty() || utf16_length(name) > kMaxName) {
    Error error(Code::invalid, Text("web.token_name"));
    throw error.add(Diagnostic("/name", Text("web.token_name")));
  }
  parse_scopes(wanted.scopes);
  if (wanted.expires_at && *wanted.expires_at <= clock_.now()) {
    Error error(Code::invalid, Text("web.token_expiry"));
    throw error.add(Diagnostic("/expires_at", Text("web.token_expiry")));
  }
  MadeToken made;
  made.token.id = ids_.next();
  made.token.name = name;
  made.token.scopes = tidy(wanted.scopes);
  made.token.created_at = clock_.now();
  made.token.expires_at = wanted.expires_at;
  made.plain = mint_token();
  return made;
}

void Tokens::add(store::Session& session, const MadeToken& made, const store::Actor& who) {
  token_table::add(session, made.token, token_hash(made.plain));
  const nlohmann::json detail = {{"new", {{"name", made.token.name}, {"scopes", made.token.scopes}}}};
  store::write_audit(
      session, store::AuditEntry(ids_.next(), clock_.now().time_since_epoch().count(), who, "token.create",
                                 "token:" + to_string_id(made.token.id), detail.dump()));
}

boost::asio::awaitable<MadeToken> Tokens::create(NewToken wanted, store::Actor who) {
  auto made = make(wanted);
  auto work = [this, made, who](store::Session& session) { add(session, made, who); };
  co_await store_.write(std::move(work));
  co_return made;
}

MadeToken Tokens::create_now(const NewToken& wanted, const store::Actor& who) {
  auto made = make(wanted);
  store_.write_now([&](store::Session& session) { add(session, made, who); });
  return made;
}

MadeToken Tokens::lend_now(const NewToken& wanted) {
  auto made = make(wanted);
  store_.write_now(
      [&](store::Session& session) { token_table::add(session, made.token, token_hash(made.plain)); });
  return made;
}

void Tokens::forget_now(Id id) {
  store_.write_now([id](store::Session& session) { token_table::remove(session, id); });
}

boost::asio::awaitable<std::vector<Token>> Tokens::list(Id after, std::size_t limit) {
  auto work = [after, limit](store::Session& session) { return token_table::list(session, after, limit); };
  co_return co_await store_.read(std::move(work));
}

boost::asio::awaitable<void> Tokens::revoke(Id id, store::Actor who) {
  auto work = [this, id, who, now = clock_.now()](store::Session& session) {
    if (!token_table::revoke(session, id, now)) return false;
    store::write_audit(session, store::AuditEntry(ids_.next(), now.time_since_epoch().count(), who,
                                                  "token.revoke", "token:" + to_string_id(id)));
    return true;
  };
  const bool found = co_await store_.write(std::move(work));
  if (!found) throw Error(Code::not_found, Text("web.no_such_token", {{"id", to_string_id(id)}}));
  const std::lock_guard lock(mutex_);
  cache_.clear();
}

void Tokens::fail(const std::string& peer, Text text) {
  if (failures_.note(peer, clock_.monotonic()) > kFailuresBeforeLimit) {
    throw Error(Code::rate_limited, Text("web.too_many_failures", {{"peer", peer}}))
        .retry_after(Duration{60'000});
  }
  throw Error(Code::unauthenticated, std::move(text));
}

boost::asio::awaitable<Principal> Tokens::authenticate(std::string authorization, std::string peer) {
  const auto text = bearer(authorization);
  if (text.empty()) throw Error(Code::unauthenticated, Text("web.unauthenticated"));
  if (!is_token(text)) fail(peer, Text("web.unauthenticated"));
  const auto hash = token_hash(text);
  if (auto known = cached(hash)) co_return std::move(*known);
  auto work = [hash](store::Session& session) { return token_table::find(session, hash); };
  const auto token = co_await store_.read(std::move(work));
  if (!token) fail(peer, Text("web.unauthenticated"));
  const auto now = clock_.now();
  if (token->revoked_at) fail(peer, Text("web.token_revoked"));
  if (token->expires_at && *token->expires_at <= now) fail(peer, Text("web.token_expired"));
  if (!token->last_used_at || now - *token->last_used_at >= kTouchTime) {
    co_await touch(token->id);
  }
  co_return accept(*token, hash);
}

// A courtesy: a store that cannot write must not lock those out who only read.
boost::asio::awaitable<void> Tokens::touch(Id id) {
  auto work = [id, now = clock_.now()](store::Session& session) { token_table::touch(session, id, now); };
  try {
    co_await store_.write(std::move(work));
  } catch (const Error& error) {
    logger_.debug("the last use of a token was not noted",
                  {{"token", to_string_id(id)}, {"error", error.what()}});
  }
}

std::optional<Principal> Tokens::cached(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = cache_.find(hash);
  if (found == cache_.end() || clock_.monotonic() >= found->second.until) return std::nullopt;
  if (found->second.expires_at && *found->second.expires_at <= clock_.now()) return std::nullopt;
  return found->second.principal;
}

Principal Tokens::accept(const Token& token, const std::string& hash) {
  Cached entry;
  // The name is anybody's choice, and must not pass for a person's.
  entry.principal = Principal(token.id, "token:" + token.name, known_scopes(token.scopes));
  entry.expires_at = token.expires_at;
  entry.until = clock_.monotonic() + kCacheTime;
  const std::lock_guard lock(mutex_);
  if (cache_.size() >= kMaxCached) cache_.clear();
  cache_[hash] = entry;
  return entry.principal;
}

}  // namespace patchbay::web
