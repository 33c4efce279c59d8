#include "oauth/sign_ins.hpp"

#include <atomic>
#include <mutex>
#include <set>

#include <nlohmann/json.hpp>

#include "base/async_lock.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "crypto/digest.hpp"
#include "oauth/endpoint.hpp"
#include "oauth/impl/sign_in_table.hpp"
#include "oauth/impl/write_surely.hpp"
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
constexpr Duration kForgotten = 25s;  // longer than one question takes
constexpr Duration kStopping = 5s;
constexpr Duration kStep = 20ms;
constexpr Duration kSlowDown = 5s;  // RFC 8628, 3.5

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

std::string hash_of(const std::string& state) {
  return crypto::digest(crypto::Hash::sha256, state);
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
        endpoint(parts.http, parts.redactor, parts.opened),
        locks(parts.executor),
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

  asio::awaitable<SignIn> fail(SignIn s, std::string reason) {
    s.state = "failed";
    s.reason = std::move(reason);
    auto work = [this, s](store::Session& session) {
      if (end_sign_in(session, s)) parts.vault.remove_all(session, kScope, s.id);
    };
    co_await parts.store.write(std::move(work));
    parts.logger.warn(
        "signing in failed",
        {{"plugin", s.plugin}, {"grant", s.name}, {"error", Text::from_kept(s.reason).english()}});
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
    if (granted.lifetime && !provider.set_up_only)
      grant.expires_at = grant.created_at + granted.lifetime->count();
    return grant;
  }

  // Which grant it is: the one that is signed in to again, or that of the same person; else a new one.
  std::optional<Grant> known_grant(store::Session& session, const Grant& grant) const {
    return grant.id != 0 ? grants.find(session, grant.id) : grants.of_person(session, grant);
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

  // False: another grant than `known` is that person's by now.
  bool store_over(store::Session& session, const SignIn& s, Grant grant, TokenPair tokens,
                  const std::optional<Grant>& known) const {
    auto wanted = grant;
    wanted.id = known ? known->id : 0;
    const auto present = known_grant(session, wanted);
    if (present ? present->id != grant.id : known.has_value()) return false;
    if (known && tokens.refresh.empty()) {
      // Many give a refresh token with the first consent only.
      tokens.refresh = grants.tokens(session, known->id).refresh;
      grant.renewable = !tokens.refresh.empty();
    }
    store_grant(session, s, grant, tokens);
    return true;
  }

  asio::awaitable<SignIn> take(SignIn s, Granted granted, Provider provider) {
    for (;;) {
      auto grant = grant_of(s, granted, provider);
      auto look = [this, grant](store::Session& session) { return known_grant(session, grant); };
      const auto known =
          co_await write_surely(parts.store, parts.clock, parts.logger, stopping, std::move(look));
      if (s.grant && !known) {
        auto gone = Text("oauth.grant_gone").kept();
        co_return co_await fail(std::move(s), std::move(gone));
      }
      if (known && !known->identity.empty() && !grant.identity.empty() && known->identity != grant.identity)
        co_return co_await refuse_other(std::move(s), std::move(grant), *known, std::move(granted),
                                        std::move(provider));
      grant.id = known ? known->id : parts.ids.next();
      if (known) {
        grant.created_at = known->created_at;
        if (grant.identity.empty()) grant.identity = known->identity;
        if (grant.title.empty()) grant.title = known->title;
      }
      auto done = s;
      done.grant = grant.id;
      done.state = "done";
      // No refresh may put older tokens over these.
      const auto held = co_await parts.tokens.hold(grant.id);
      TokenPair tokens;
      tokens.access = granted.access_token;
      tokens.refresh = granted.refresh_token;
      auto work = [this, done, grant, tokens, known](store::Session& session) {
        return store_over(session, done, grant, tokens, known);
      };
      const bool stored =
          co_await write_surely(parts.store, parts.clock, parts.logger, stopping, std::move(work));
      if (!stored) continue;
      parts.tokens.forget(grant.id);
      parts.logger.info("signed in", {{"plugin", s.plugin}, {"grant", to_string_id(grant.id)}});
      if (parts.done) parts.done(done);
      co_return done;
    }
  }

  // Somebody else than whose grant it is. What was given is taken back, unless it is a grant of its own here.
  asio::awaitable<SignIn> refuse_other(SignIn s, Grant grant, Grant known, Granted granted,
                                       Provider provider) {
    auto words = Text("oauth.other_account", {{"old", known.title}, {"new", grant.title}}).kept();
    auto look = [this, grant](store::Session& session) {
      return grants.of_person(session, grant).has_value();
    };
    const bool has_own = co_await parts.store.read(std::move(look));
    if (!has_own)
      co_await endpoint.revoke(std::move(provider), std::move(granted.access_token), "access_token");
    co_return co_await fail(std::move(s), std::move(words));
  }

  asio::awaitable<SignIn> exchange(SignInRow row, Callback callback, std::string verifier) {
    auto& s = row.sign_in;
    std::string failed;
    try {
      auto provider = co_await parts.provider_of(s.plugin, s.name, s.profile);
      // A code of another server must not be told to this one (mix-up, RFC 9207, 2.4): one that says who it
      // is says so always.
      if (!provider.issuer.empty() && callback.issuer != provider.issuer)
        throw Error(Code::invalid, Text(callback.issuer.empty() ? "oauth.no_issuer" : "oauth.other_issuer",
                                        {{"wanted", provider.issuer}, {"given", callback.issuer}}));
      net::Fields form;
      form.emplace_back("grant_type", "authorization_code");
      form.emplace_back("code", std::move(callback.code));
      form.emplace_back("redirect_uri", row.redirect_uri);
      form.emplace_back("code_verifier", std::move(verifier));
      auto reply = co_await endpoint.token(provider, std::move(form));
      if (auto* granted = std::get_if<Granted>(&reply))
        co_return co_await take(s, std::move(*granted), std::move(provider));
      failed = refusal_text(std::get<Refused>(reply)).kept();
    } catch (const Error& error) {
      failed = error.kept();
    }
    co_return co_await fail(s, std::move(failed));
  }

  struct Outcome {
    std::optional<SignIn> done;
    std::optional<Error> failed;
  };

  // A task of its own: the browser may be gone before it is stored.
  asio::awaitable<void> exchange_to(std::shared_ptr<Outcome> outcome, SignInRow row, Callback callback,
                                    std::string verifier, AsyncLocks::Held held) {
    const auto until_done = std::move(held);
    const std::shared_ptr<void> count(nullptr, [this](void*) { --exchanging; });
    ++exchanging;
    try {
      outcome->done = co_await exchange(std::move(row), std::move(callback), std::move(verifier));
    } catch (const Error& error) {
      outcome->failed = error;
    }
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
        co_await take(s, std::move(*granted), std::move(provider));
        co_return true;
      }
      const auto& refused = std::get<Refused>(reply);
      const bool slower = refused.error == "slow_down";
      if (refused.error != "authorization_pending" && !slower) failed = refusal_text(refused).kept();
      if (slower) row.interval += kSlowDown;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable && error.code() != Code::outcome_unknown &&
          error.code() != Code::deadline)
        failed = error.kept();
    }
    if (!failed.empty()) {
      co_await fail(s, std::move(failed));
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
    for (;;) {
      bool asked = false;
      try {
        auto next = co_await next_poll(id);
        if (!next) co_return;
        co_await parts.clock.sleep(next->row.interval);
        const bool done = co_await poll(std::move(next->row), std::move(next->code));
        if (done) co_return;
        asked = true;
      } catch (const Error& error) {
        parts.logger.warn("whether somebody has signed in cannot be asked now", {{"error", error.what()}});
      }
      if (!asked) co_await parts.clock.sleep(kSlowDown);
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
    // Where there are other hosts, one of them may be asking.
    const auto patience = at_start && parts.peers.me() == 0 ? -kLongestDeviceLife : kForgotten;
    auto work = [now, patience](store::Session& session) {
      remove_old_sign_ins(session, now, now - kKept.count());
      return forgotten_device_codes(session, now, patience);
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
  AsyncLocks locks;
  std::atomic<bool> stopping{false};
  std::atomic<int> exchanging{0};
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
  const auto until = state_->parts.clock.monotonic() + kStopping;
  state_->stopping = true;
  while (state_->exchanging > 0 && state_->parts.clock.monotonic() < until)
    co_await state_->parts.clock.sleep(kStep);
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

asio::awaitable<SignIn> SignIns::take_password(Wanted wanted, Login login) {
  auto provider = co_await state_->parts.provider_of(wanted.plugin, wanted.name, wanted.profile);
  if (!provider.by_password) throw not_offered("password");
  state_->parts.redactor.add(login.password);
  auto row = state_->make(wanted, "password", kCodeLife);
  row.sign_in.shown = "{}";
  auto note = [row](store::Session& session) { insert_sign_in(session, row); };
  co_await state_->parts.store.write(std::move(note));
  Granted granted;
  granted.identity = granted.title = std::move(login.user);
  granted.access_token = std::move(login.password);
  co_return co_await state_->take(row.sign_in, std::move(granted), std::move(provider));
}

asio::awaitable<std::optional<SignIn>> SignIns::find(Id id) {
  auto work = [id](store::Session& session) { return find_sign_in(session, id); };
  auto row = co_await state_->parts.store.read(std::move(work));
  if (!row) co_return std::nullopt;
  auto& s = row->sign_in;
  const bool is_open = s.state == "waiting" || s.state == "exchanging";
  if (is_open && s.expires_at <= to_ms(state_->parts.clock.now())) {
    s.state = "failed";
    s.reason = Text("oauth.too_late").kept();
  }
  co_return s;
}

asio::awaitable<SignIn> SignIns::finish(Callback callback) {
  // Anybody may come here: only who has a state of ours costs a write.
  auto look = [hash = hash_of(callback.state)](store::Session& session) {
    return find_by_state(session, hash);
  };
  const auto known = co_await state_->parts.store.read(std::move(look));
  const bool is_open = known && known->sign_in.state == "waiting" &&
                       known->sign_in.expires_at > to_ms(state_->parts.clock.now());
  if (!is_open) throw Error(Code::invalid, Text("oauth.unknown_state"));
  auto take = [state = state_, row = *known](store::Session& session) {
    std::optional<State::Poll> out;
    if (!take_sign_in(session, row.sign_in.id)) return out;
    auto verifier = state->parts.vault.get(session, secret_of(row.sign_in.id, kVerifier));
    if (verifier) out = State::Poll{row, std::move(*verifier)};
    return out;
  };
  auto taken = co_await state_->parts.store.write(std::move(take));
  if (!taken) throw Error(Code::invalid, Text("oauth.unknown_state"));
  auto& row = taken->row;
  if (!callback.error.empty()) {
    auto words = refusal_text({callback.error, callback.error_description}).kept();
    co_return co_await state_->fail(std::move(row.sign_in), std::move(words));
  }
  const auto id = row.sign_in.id;
  const auto outcome = std::make_shared<State::Outcome>();
  auto held = co_await state_->locks.lock(id);
  state_->tasks.spawn("finish a sign-in", state_->exchange_to(outcome, std::move(row), std::move(callback),
                                                              std::move(taken->code), std::move(held)));
  const auto again = co_await state_->locks.lock(id);
  if (outcome->failed) throw Error(*outcome->failed);
  if (!outcome->done) throw Error(Code::unavailable, Text("oauth.stopping"));
  co_return *outcome->done;
}

}  // namespace patchbay::oauth
