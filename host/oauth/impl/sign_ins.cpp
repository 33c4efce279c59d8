#include "oauth/sign_ins.hpp"

#include <mutex>
#include <set>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include "base/task_scope.hpp"
#include "crypto/digest.hpp"
#include "oauth/impl/endpoint.hpp"
#include "oauth/impl/sign_in_table.hpp"
#include "store/audit.hpp"

namespace patchbay::oauth {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

using namespace std::chrono_literals;

constexpr const char* kScope = "sign_in";
constexpr const char* kVerifier = "verifier";
constexpr const char* kDeviceCode = "device_code";
constexpr std::size_t kRandomBytes = 32;
constexpr Duration kCodeLife = 15min;  // for somebody to sign in
constexpr Duration kLongestDeviceLife = 1h;
constexpr Duration kKept = std::chrono::days(7);
constexpr Duration kLook = 20s;
constexpr Duration kForgotten = 2min;  // longer than any pause between two questions
constexpr Duration kSlowDown = 5s;     // RFC 8628, 3.5

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

std::string hash_of(const std::string& state) {
  return crypto::digest(crypto::Hash::sha256, state);
}

std::string words_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

vault::SecretName secret_of(Id id, const char* name) {
  return vault::SecretName(kScope, id, name);
}

Error not_offered(const char* way) {
  return Error(Code::unsupported, Text("oauth.not_offered", {{"way", way}}));
}

}  // namespace

struct SignIns::State {
  explicit State(Parts p)
      : parts(std::move(p)),
        grants(parts.vault),
        endpoint(parts.http, parts.opened),
        tasks(parts.executor, [this](const std::string& name, std::exception_ptr e) {
          parts.logger.error("task failed", {{"task", name}, {"error", words_of(e)}});
        }) {}

  SignInRow make(const Wanted& wanted, const char* way, Duration life) const {
    SignInRow row;
    auto& s = row.sign_in;
    s.id = parts.ids.next();
    s.plugin = wanted.plugin;
    s.name = wanted.name;
    s.profile = wanted.profile;
    s.integration = wanted.integration;
    s.grant = wanted.grant;
    s.way = way;
    s.state = "waiting";
    s.started_by = wanted.started_by;
    row.created_at = to_ms(parts.clock.now());
    s.expires_at = row.created_at + life.count();
    return row;
  }

  asio::awaitable<void> insert(SignInRow row, const char* secret, std::string value) {
    auto work = [this, row, secret, value](store::Session& session) {
      insert_sign_in(session, row);
      parts.vault.put(session, secret_of(row.sign_in.id, secret), value, row.sign_in.expires_at);
    };
    co_await parts.store.write(std::move(work));
  }

  asio::awaitable<SignIn> end(SignIn s, std::string reason) {
    s.state = reason.empty() ? "done" : "failed";
    s.reason = std::move(reason);
    auto work = [this, s](store::Session& session) {
      end_sign_in(session, s);
      parts.vault.remove_all(session, kScope, s.id);
    };
    co_await parts.store.write(std::move(work));
    if (!s.reason.empty())
      parts.logger.warn("signing in failed", {{"plugin", s.plugin}, {"grant", s.name}, {"error", s.reason}});
    co_return s;
  }

  Grant grant_of(const SignIn& s, const Granted& granted, const Provider& provider) const {
    Grant grant;
    grant.id = s.grant.value_or(0);
    grant.plugin = s.plugin;
    grant.name = s.name;
    grant.profile = s.profile;
    grant.identity = granted.identity;
    grant.title = granted.title;
    grant.scopes = granted.scopes.empty() ? joined(provider.scopes) : granted.scopes;
    grant.renewable = !granted.refresh_token.empty();
    grant.created_at = grant.signed_in_at = grant.refreshed_at = to_ms(parts.clock.now());
    if (granted.lifetime) grant.expires_at = grant.created_at + granted.lifetime->count();
    return grant;
  }

  // Which grant it is: the one that is signed in to again, that of the same person, or a new one.
  asio::awaitable<std::optional<Grant>> known_grant(Grant grant) {
    auto work = [this, grant](store::Session& session) {
      return grant.id != 0 ? grants.find(session, grant.id) : grants.of_person(session, grant);
    };
    co_return co_await parts.store.read(std::move(work));
  }

  void store_grant(store::Session& session, const SignIn& s, const Grant& grant,
                   const TokenPair& tokens) const {
    grants.put(session, grant, tokens);
    end_sign_in(session, s);
    parts.vault.remove_all(session, kScope, s.id);
    if (parts.attach) parts.attach(session, s);
    const json detail = {{"grant", s.name}, {"identity", grant.title}};
    store::write_audit(
        session, store::AuditEntry(parts.ids.next(), to_ms(parts.clock.now()), s.started_by, "grant.sign_in",
                                   "grant:" + to_string_id(grant.id), detail.dump()));
  }

  asio::awaitable<SignIn> take(SignIn s, Granted granted, Provider provider) {
    auto grant = grant_of(s, granted, provider);
    auto known = co_await known_grant(grant);
    if (s.grant && !known) co_return co_await end(std::move(s), Text("oauth.grant_gone").english());
    if (known && !known->identity.empty() && !grant.identity.empty() && known->identity != grant.identity) {
      const Text words("oauth.other_account", {{"old", known->title}, {"new", grant.title}});
      co_await endpoint.revoke(std::move(provider), granted.access_token, "access_token");
      co_return co_await end(std::move(s), words.english());
    }
    grant.id = known ? known->id : parts.ids.next();
    if (known) {
      grant.created_at = known->created_at;
      if (grant.identity.empty()) grant.identity = known->identity;
      if (grant.title.empty()) grant.title = known->title;
    }
    s.grant = grant.id;
    s.state = "done";
    // No refresh may put older tokens over these.
    const auto held = co_await parts.tokens.hold(grant.id);
    TokenPair tokens;
    tokens.access = granted.access_token;
    tokens.refresh = granted.refresh_token;
    auto work = [this, s, grant, tokens](store::Session& session) { store_grant(session, s, grant, tokens); };
    co_await parts.store.write(std::move(work));
    parts.tokens.forget(grant.id);
    parts.logger.info("signed in", {{"plugin", s.plugin}, {"grant", to_string_id(grant.id)}});
    if (parts.done) parts.done(s);
    co_return s;
  }

  asio::awaitable<SignIn> exchange(SignInRow row, std::string code, std::string verifier) {
    auto& s = row.sign_in;
    std::string failed;
    try {
      auto provider = co_await parts.provider_of(s.plugin, s.name, s.profile);
      net::Fields form;
      form.emplace_back("grant_type", "authorization_code");
      form.emplace_back("code", std::move(code));
      form.emplace_back("redirect_uri", row.redirect_uri);
      form.emplace_back("code_verifier", std::move(verifier));
      auto reply = co_await endpoint.token(provider, std::move(form));
      if (auto* granted = std::get_if<Granted>(&reply))
        co_return co_await take(s, std::move(*granted), std::move(provider));
      failed = refusal_text(std::get<Refused>(reply)).english();
    } catch (const Error& error) {
      failed = error.what();
    }
    co_return co_await end(s, std::move(failed));
  }

  // One question about a device's code. True: there is nothing more to ask.
  asio::awaitable<bool> poll(SignInRow row, std::string code) {
    auto& s = row.sign_in;
    std::string failed;
    try {
      auto provider = co_await parts.provider_of(s.plugin, s.name, s.profile);
      net::Fields form;
      form.emplace_back("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
      form.emplace_back("device_code", std::move(code));
      auto reply = co_await endpoint.token(provider, std::move(form));
      if (auto* granted = std::get_if<Granted>(&reply)) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await take(s, std::move(*granted), std::move(provider));
        co_return true;
      }
      const auto& refused = std::get<Refused>(reply);
      const bool slower = refused.error == "slow_down";
      if (refused.error != "authorization_pending" && !slower) failed = refusal_text(refused).english();
      if (slower) row.interval += kSlowDown;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable && error.code() != Code::outcome_unknown &&
          error.code() != Code::deadline)
        failed = error.what();
    }
    if (!failed.empty()) {
      co_await end(s, std::move(failed));
      co_return true;
    }
    auto work = [id = s.id, now = to_ms(parts.clock.now()),
                 interval = row.interval](store::Session& session) { note_poll(session, id, now, interval); };
    co_await parts.store.write(std::move(work));
    co_return false;
  }

  struct Poll {
    SignInRow row;
    std::string code;
  };

  asio::awaitable<std::optional<Poll>> next_poll(Id id) {
    auto work = [this, id](store::Session& session) {
      std::optional<Poll> out;
      auto row = find_sign_in(session, id);
      if (!row || row->sign_in.state != "waiting" || row->sign_in.expires_at <= to_ms(parts.clock.now()))
        return out;
      auto code = parts.vault.get(session, secret_of(id, kDeviceCode));
      if (code) out = Poll{std::move(*row), std::move(*code)};
      return out;
    };
    co_return co_await parts.store.read(std::move(work));
  }

  asio::awaitable<void> poll_until_done(Id id) {
    const std::shared_ptr<void> leave(nullptr, [this, id](void*) {
      const std::lock_guard lock(mutex);
      polled.erase(id);
    });
    for (bool done = false; !done;) {
      Duration pause = kSlowDown;
      try {
        auto next = co_await next_poll(id);
        if (!next) co_return;
        pause = next->row.interval;
        co_await parts.clock.sleep(pause);
        done = co_await poll(std::move(next->row), std::move(next->code));
        pause = Duration(0);
      } catch (const Error& error) {
        parts.logger.warn("whether somebody has signed in cannot be asked now", {{"error", error.what()}});
      }
      if (!done && pause > Duration(0)) co_await parts.clock.sleep(pause);
    }
  }

  void poll_in_background(Id id) {
    {
      const std::lock_guard lock(mutex);
      if (!polled.insert(id).second) return;
    }
    tasks.spawn("ask whether somebody has signed in", poll_until_done(id));
  }

  asio::awaitable<void> look(bool at_start) {
    const auto now = to_ms(parts.clock.now());
    const auto before = at_start ? now : now - kForgotten.count();
    auto work = [now, before](store::Session& session) {
      remove_old_sign_ins(session, now - kKept.count());
      return forgotten_device_codes(session, now, before);
    };
    const auto forgotten = co_await parts.store.write(std::move(work));
    for (const auto& row : forgotten) {
      if (parts.peers.owned().has(row.sign_in.id)) poll_in_background(row.sign_in.id);
    }
  }

  asio::awaitable<void> watch() {
    for (bool at_start = true;; at_start = false) {
      try {
        co_await look(at_start);
      } catch (const Error& error) {
        parts.logger.warn("sign-ins cannot be looked after now", {{"error", error.what()}});
      }
      co_await parts.clock.sleep(kLook);
    }
  }

  const Parts parts;
  const Grants grants;
  const Endpoint endpoint;
  TaskScope tasks;
  std::mutex mutex;
  std::set<Id> polled;
};

SignIns::SignIns(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}
SignIns::~SignIns() = default;

void SignIns::start() {
  state_->tasks.spawn("look after sign-ins", state_->watch());
}

asio::awaitable<void> SignIns::stop() {
  co_await state_->tasks.stop();
}

asio::awaitable<SignIn> SignIns::begin_code(Wanted wanted, std::string redirect_uri) {
  const auto provider = co_await state_->parts.provider_of(wanted.plugin, wanted.name, wanted.profile);
  if (provider.authorize.empty()) throw not_offered("code");
  const auto state = vault::generate(kRandomBytes);
  auto verifier = vault::generate(kRandomBytes);
  auto row = state_->make(wanted, "code", kCodeLife);
  row.state_hash = hash_of(state);
  row.redirect_uri = std::move(redirect_uri);
  row.sign_in.shown =
      json({{"address", authorization_address(provider, row.redirect_uri, state, verifier)}}).dump();
  // The address holds the state, which is a secret until it has come back: it is shown once and not stored.
  auto stored = row;
  stored.sign_in.shown = "{}";
  co_await state_->insert(std::move(stored), kVerifier, std::move(verifier));
  co_return row.sign_in;
}

asio::awaitable<SignIn> SignIns::begin_device(Wanted wanted) {
  auto provider = co_await state_->parts.provider_of(wanted.plugin, wanted.name, wanted.profile);
  if (provider.device.empty()) throw not_offered("device");
  auto code = co_await state_->endpoint.device(std::move(provider));
  auto row = state_->make(wanted, "device", std::min(code.lifetime, kLongestDeviceLife));
  row.interval = code.interval;
  row.sign_in.shown = json({{"address", code.address},
                            {"complete_address", code.complete_address},
                            {"user_code", code.user_code}})
                          .dump();
  const auto s = row.sign_in;
  co_await state_->insert(std::move(row), kDeviceCode, std::move(code.device_code));
  state_->poll_in_background(s.id);
  co_return s;
}

asio::awaitable<std::optional<SignIn>> SignIns::find(Id id) {
  auto work = [id](store::Session& session) { return find_sign_in(session, id); };
  auto row = co_await state_->parts.store.read(std::move(work));
  if (!row) co_return std::nullopt;
  auto& s = row->sign_in;
  const bool is_open = s.state == "waiting" || s.state == "exchanging";
  if (is_open && s.expires_at <= to_ms(state_->parts.clock.now())) {
    s.state = "failed";
    s.reason = Text("oauth.too_late").english();
  }
  co_return s;
}

asio::awaitable<SignIn> SignIns::finish(Callback callback) {
  auto take = [state = state_, hash = hash_of(callback.state)](store::Session& session) {
    std::optional<State::Poll> out;
    auto row = find_by_state(session, hash);
    if (!row || row->sign_in.expires_at <= to_ms(state->parts.clock.now())) return out;
    if (!take_sign_in(session, row->sign_in.id)) return out;
    auto verifier = state->parts.vault.get(session, secret_of(row->sign_in.id, kVerifier));
    if (verifier) out = State::Poll{std::move(*row), std::move(*verifier)};
    return out;
  };
  auto taken = co_await state_->parts.store.write(std::move(take));
  if (!taken) throw Error(Code::invalid, Text("oauth.unknown_state"));
  // The browser may be gone before it is stored.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto& row = taken->row;
  if (!callback.error.empty()) {
    const auto words = refusal_text({callback.error, callback.error_description}).english();
    co_return co_await state_->end(std::move(row.sign_in), words);
  }
  const auto provider =
      co_await state_->parts.provider_of(row.sign_in.plugin, row.sign_in.name, row.sign_in.profile);
  // A code of another server must not be told to this one (mix-up, RFC 9207).
  if (!provider.issuer.empty() && !callback.issuer.empty() && callback.issuer != provider.issuer) {
    const Text words("oauth.other_issuer", {{"wanted", provider.issuer}, {"given", callback.issuer}});
    co_return co_await state_->end(std::move(row.sign_in), words.english());
  }
  co_return co_await state_->exchange(std::move(row), std::move(callback.code), std::move(taken->code));
}

}  // namespace patchbay::oauth
