#include "domain/access/sessions.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "domain/access/identities.hpp"
#include "domain/access/impl/checks.hpp"
#include "domain/access/people.hpp"
#include "domain/journal/journal.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::access {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kShortest = 10;
constexpr std::size_t kLongestPassword = 256;
constexpr std::size_t kMaxAgent = 300;

store::Value hash_of(const std::string& token) {
  return store::Bytes(crypto::digest(crypto::Hash::sha256, token));
}

// Follows from the token, so that it need not be stored and says nothing about it.
std::string csrf_of(const std::string& token) {
  return crypto::to_base64url(crypto::hmac(crypto::Hash::sha256, token, "csrf"));
}

[[noreturn]] void refuse_old() {
  Error error(Code::invalid, Text("domain.refused"));
  throw error.add(Diagnostic("/old", Text("domain.access.wrong_old")));
}

}  // namespace

void check_password(const std::string& login, const std::string& password, const std::string& path) {
  const auto refuse = [&](Text text) {
    Error error(Code::invalid, Text("domain.refused"));
    throw error.add(Diagnostic(path, std::move(text)));
  };
  if (utf16_length(repair_utf8(password)) < kShortest || password.size() > kLongestPassword)
    refuse(Text("domain.access.password",
                {{"min", std::to_string(kShortest)}, {"max", std::to_string(kLongestPassword)}}));
  if (as_login(password) == login) refuse(Text("domain.access.password_login"));
}

void Sessions::audit(store::Session& session, const store::Actor& who, const char* action, Id user) const {
  store::write_audit(session,
                     store::AuditEntry(parts_.ids.next(), now(), who, action, "user:" + to_string_id(user)));
  journal::write(session, parts_.ids, parts_.clock.now(), journal::Entry("access.changed", user));
}

asio::awaitable<Sessions::Known> Sessions::attempt(std::string login) {
  auto work = [login, at = now()](store::Session& session) {
    const auto row = session.query_one(
        "insert into sign_in_failures(login, failures, last_at, locked_until) values (:login, 1, :at, 0) "
        "on conflict(login) do update set last_at = :at, failures = sign_in_failures.failures + "
        // What comes during the lock does not count: it would renew the lock for ever.
        "case when sign_in_failures.locked_until > :at then 0 else 1 end returning failures, locked_until",
        {login, at});
    const auto failures = row->integer(0);
    const auto locked_until = row->integer(1);
    Known known;
    if (locked_until > at) return std::pair(known, locked_until - at);
    if (failures > kFailures) {
      // What comes after the lock counts from one again.
      session.exec("update sign_in_failures set failures = 0, locked_until = :until where login = :login",
                   {at + kLocked.count(), login});
      return std::pair(known, std::int64_t{kLocked.count()});
    }
    People people(session);
    known.user = people.named(login);
    if (known.user && !known.user->active) known.user.reset();
    if (known.user) known.hash = people.password(known.user->id).value_or("");
    return std::pair(known, std::int64_t{0});
  };
  auto [known, wait] = co_await parts_.store.write(std::move(work));
  if (wait > 0) {
    parts_.logger.warn("sign-in is locked", {{"login", login}});
    throw Error(Code::rate_limited,
                Text("domain.access.locked", {{"minutes", std::to_string((wait + 59'999) / 60'000)}}))
        .retry_after(Duration{wait});
  }
  co_return std::move(known);
}

asio::awaitable<SignedIn> Sessions::sign_in(std::string login, std::string password, Client client) {
  login = as_login(login);
  auto attempted = attempt(login);
  const auto known = co_await std::move(attempted);
  auto verified = verify(login, std::move(password), known.hash);
  const bool fits = co_await std::move(verified);
  std::optional<SignedIn> in;
  if (fits) {
    auto work = [=, this](store::Session& session) -> std::optional<SignedIn> {
      if (!is_still(session, known)) return std::nullopt;
      session.exec("delete from sign_in_failures where login = :login", {login});
      return begin(session, *known.user, client);
    };
    in = co_await parts_.store.write(std::move(work));
  }
  if (!in) {
    parts_.logger.warn("sign-in failed", {{"login", login}, {"address", client.address}});
    throw Error(Code::unauthenticated, Text("domain.access.wrong_password"));
  }
  co_return std::move(*in);
}

asio::awaitable<bool> Sessions::verify(std::string login, std::string password, std::string hash) {
  auto verifying = parts_.passwords.verify(std::move(password), std::move(hash));
  std::optional<Error> busy;
  try {
    co_return co_await std::move(verifying);
  } catch (const Error& error) {
    busy = error;
  }
  // Nobody has looked at it, so it was no wrong one.
  auto take_back = [login](store::Session& session) {
    session.exec("update sign_in_failures set failures = failures - 1 where login = :login and failures > 0",
                 {login});
  };
  co_await parts_.store.write(std::move(take_back));
  throw *busy;
}

// Hashing takes its time: meanwhile it may be another one.
bool Sessions::is_still(store::Session& session, const Known& known) const {
  People people(session);
  const auto user = people.hold(known.user->id);
  return user && user->active && people.password(user->id).value_or("") == known.hash;
}

SignedIn Sessions::begin(store::Session& transaction, const User& user, const Client& client) const {
  SignedIn in;
  in.token = crypto::to_base64url(crypto::random_bytes(kTokenBytes));
  in.session.id = parts_.ids.next();
  in.session.csrf = csrf_of(in.token);
  in.session.expires_at = parts_.clock.now() + kLongest;
  in.session.user = user;
  in.session.operations = People(transaction).operations_of(user.id);
  transaction.exec(
      "insert into sessions(id, hash, member, created_at, last_used_at, expires_at, address, agent) values "
      "(:id, :hash, :member, :now, :now, :expires_at, :address, :agent)",
      {in.session.id, hash_of(in.token), user.id, now(), in.session.expires_at.time_since_epoch().count(),
       client.address, repair_utf8(client.agent.substr(0, kMaxAgent))});
  audit(transaction, store::Actor("user:" + user.login, client.address), "session.create", user.id);
  return in;
}

asio::awaitable<std::optional<Session>> Sessions::find(std::string token) {
  struct Found {
    std::optional<Session> session;
    bool stale = false;  // its last use is to be noted
  };
  auto read = [token, at = now()](store::Session& session) {
    Found found;
    const auto row = session.query_one(
        "select id, member, last_used_at, expires_at from sessions where hash = :hash and expires_at > :now "
        "and "
        "last_used_at > :used",
        {hash_of(token), at, at - kIdle.count()});
    if (!row) return found;
    People people(session);
    auto user = people.user(row->integer(1));
    if (!user || !user->active) return found;
    found.stale = at - row->integer(2) >= kTouchTime.count();
    found.session.emplace();
    found.session->id = row->integer(0);
    found.session->operations = people.operations_of(user->id);
    found.session->user = std::move(*user);
    found.session->csrf = csrf_of(token);
    found.session->expires_at = TimePoint(Duration(row->integer(3)));
    return found;
  };
  auto found = co_await parts_.store.read(std::move(read));
  if (found.stale) {
    auto touch = [id = found.session->id, at = now()](store::Session& session) {
      session.exec("update sessions set last_used_at = :at where id = :id", {at, id});
    };
    // A courtesy, as with tokens: a store that cannot write must not lock those out who only read.
    try {
      co_await parts_.store.write(std::move(touch));
    } catch (const Error& error) {
      parts_.logger.debug("the last use of a session was not noted", {{"error", error.what()}});
    }
  }
  co_return std::move(found.session);
}

asio::awaitable<std::optional<Session>> Sessions::look_again(Session session) {
  auto read = [session = std::move(session),
               at = now()](store::Session& transaction) -> std::optional<Session> {
    const auto row = transaction.query_one(
        "select id from sessions where id = :id and expires_at > :now and last_used_at > :used",
        {session.id, at, at - kIdle.count()});
    People people(transaction);
    auto user = people.user(session.user.id);
    if (!row || !user || !user->active) return std::nullopt;
    auto fresh = session;
    fresh.operations = people.operations_of(user->id);
    fresh.user = std::move(*user);
    return fresh;
  };
  co_return co_await parts_.store.read(std::move(read));
}

asio::awaitable<void> Sessions::sign_out(Session session) {
  auto work = [=, this](store::Session& transaction) {
    transaction.exec("delete from sessions where id = :id", {session.id});
    audit(transaction, "user:" + session.user.login, "session.end", session.user.id);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<bool> Sessions::is_signed_in(Id user) {
  auto read = [user, at = now()](store::Session& session) {
    return session
        .query_one(
            "select id from sessions where member = :user and expires_at > :now and last_used_at > :used "
            "limit 1",
            {user, at, at - kIdle.count()})
        .has_value();
  };
  co_return co_await parts_.store.read(std::move(read));
}

asio::awaitable<std::int64_t> Sessions::end_all(Id user, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    People people(session);
    require_user(people, user);
    const auto ended = people.end_sessions(user);
    audit(session, who, "session.end_all", user);
    return ended;
  };
  co_return co_await parts_.store.write(std::move(work));
}

asio::awaitable<void> Sessions::set_password(Id user, std::string password, store::Actor who) {
  auto look = [user](store::Session& session) {
    People people(session);
    return require_user(people, user);
  };
  const auto found = co_await parts_.store.read(std::move(look));
  check_password(found.login, password, "/password");
  auto hashing = parts_.passwords.hash(std::move(password));
  const auto hash = co_await std::move(hashing);
  auto work = [=, this](store::Session& session) {
    People people(session);
    people.set_password(user, hash);
    people.end_sessions(user);
    session.exec("delete from sign_in_failures where login = :login", {found.login});
    audit(session, who, "user.set_password", user);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<void> Sessions::change_password(Session own, std::string old, std::string fresh) {
  check_password(own.user.login, fresh, "/new");
  auto attempted = attempt(own.user.login);
  const auto known = co_await std::move(attempted);
  auto verified = verify(own.user.login, std::move(old), known.hash);
  const bool fits = co_await std::move(verified);
  if (!fits) refuse_old();
  auto hashing = parts_.passwords.hash(std::move(fresh));
  const auto hash = co_await std::move(hashing);
  auto work = [=, this](store::Session& session) {
    if (!is_still(session, known)) refuse_old();
    People people(session);
    people.set_password(own.user.id, hash);
    people.end_sessions(own.user.id, own.id);
    session.exec("delete from sign_in_failures where login = :login", {own.user.login});
    audit(session, "user:" + own.user.login, "user.change_password", own.user.id);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<void> Sessions::sweep() {
  auto work = [at = now()](store::Session& session) {
    session.exec("delete from sessions where expires_at <= :now or last_used_at <= :used",
                 {at, at - kIdle.count()});
    session.exec("delete from sign_in_failures where last_at <= :old and locked_until <= :now",
                 {at - 24 * 3'600'000, at});
    Identities(session).sweep(at);
  };
  co_await parts_.store.write(std::move(work));
}

}  // namespace patchbay::domain::access
