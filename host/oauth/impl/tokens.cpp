#include "oauth/tokens.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async_lock.hpp"
#include "base/back_off.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "oauth/endpoint.hpp"
#include "oauth/impl/write_surely.hpp"

namespace patchbay::oauth {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstLook = 2s;
constexpr Duration kLook = 20s;
constexpr Duration kDoubt = 60s;
constexpr Duration kBrokenOff = 21s;              // a refresh takes 20 s at most
constexpr Duration kIdle = std::chrono::days(7);  // providers end refresh tokens that are unused for months
constexpr std::int64_t kAtOnce = 100;             // grants a look
constexpr Duration kFirstPause = 1s;              // after a refresh that failed
constexpr Duration kLongestPause = 60s;
constexpr Duration kStopping = 5s;
constexpr Duration kStep = 20ms;

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

Error signed_out(const std::string& why) {
  return Error(Code::unauthenticated, Text("oauth.sign_in_again", {{"why", why}}));
}

struct Want {
  Duration min_valid;
  std::string rejected;
};

struct Kept {
  AccessToken token;
  TimePoint since;
};

// A token that lives shorter than is wanted is used for three quarters of its life.
bool is_good(const Kept& kept, const Want& want, TimePoint now) {
  if (kept.token.value.empty() || kept.token.value == want.rejected) return false;
  if (!kept.token.expires_at) return true;
  const auto quarter = (*kept.token.expires_at - kept.since) / 4;
  return *kept.token.expires_at - now > std::min<Duration>(want.min_valid, quarter);
}

struct Row {
  Grant grant;
  TokenPair tokens;
};

struct Outcome {
  std::string plugin;
  std::optional<AccessToken> token;
  std::optional<Error> failed;
};

}  // namespace

struct Tokens::Held {
  Held(AsyncLocks::Held local_, cluster::Peers::Held among_)
      : among(std::move(among_)), local(std::move(local_)) {}
  cluster::Peers::Held among;
  AsyncLocks::Held local;
};

struct Tokens::State {
  struct Failure {
    Error error;
    std::chrono::nanoseconds until{0};
    int times = 0;
  };

  explicit State(Parts p)
      : parts(std::move(p)),
        table(parts.vault),
        endpoint(parts.http, parts.redactor, parts.opened),
        locks(parts.executor),
        tasks(parts.executor,
              [this](const std::string& name, std::exception_ptr e) {
                parts.logger.error("task failed", {{"task", name}, {"error", words_of(e)}});
              }),
        refreshes(parts.metrics.define({metrics::Kind::counter,
                                        "patchbay_oauth_refreshes_total",
                                        "Refreshes of access tokens, by how they ended",
                                        {"plugin", "outcome"}})) {}

  std::optional<AccessToken> kept_for(Id grant, const Want& want) {
    const std::lock_guard lock(mutex);
    const auto found = kept.find(grant);
    if (found == kept.end() || !is_good(found->second, want, parts.clock.now())) return std::nullopt;
    return found->second.token;
  }

  AccessToken keep(const Row& row) {
    Kept fresh;
    fresh.token.value = row.tokens.access;
    fresh.token.user = row.grant.title;
    if (row.grant.expires_at) fresh.token.expires_at = TimePoint(Duration(*row.grant.expires_at));
    fresh.since = TimePoint(Duration(row.grant.refreshed_at));
    forget(row.grant.id);
    const std::lock_guard lock(mutex);
    parts.redactor.add(fresh.token.value);
    failures.erase(row.grant.id);
    return kept.insert_or_assign(row.grant.id, std::move(fresh)).first->second.token;
  }

  void forget(Id grant) {
    const std::lock_guard lock(mutex);
    const auto found = kept.find(grant);
    if (found == kept.end()) return;
    parts.redactor.remove(found->second.token.value);
    vault::wipe(found->second.token.value);
    kept.erase(found);
  }

  // Who asks meanwhile is told the same: a provider that is down is not asked by every call.
  void throw_if_failed_lately(Id grant) {
    const std::lock_guard lock(mutex);
    const auto found = failures.find(grant);
    if (found == failures.end() || parts.clock.monotonic() >= found->second.until) return;
    throw Error(found->second.error);
  }

  bool has_failed_lately(Id grant) {
    const std::lock_guard lock(mutex);
    const auto found = failures.find(grant);
    return found != failures.end() && parts.clock.monotonic() < found->second.until;
  }

  void note_failure(Id grant, const Error& error) {
    const std::lock_guard lock(mutex);
    auto& failure = failures.try_emplace(grant, Failure{error}).first->second;
    failure.error = error;
    const auto pause =
        std::max<Duration>(back_off(kFirstPause, kLongestPause, ++failure.times), error.retry_after());
    failure.until = parts.clock.monotonic() + pause;
  }

  asio::awaitable<Row> load(Id grant) {
    auto work = [this, grant](store::Session& session) {
      Row row;
      auto found = table.find(session, grant);
      if (!found) throw Error(Code::not_found, Text("oauth.no_grant", {{"id", to_string_id(grant)}}));
      row.grant = std::move(*found);
      row.tokens = table.tokens(session, grant);
      return row;
    };
    co_return co_await parts.store.read(std::move(work));
  }

  std::optional<AccessToken> usable(const Row& row, const Want& want) {
    if (!row.grant.works) throw signed_out(row.grant.reason);
    Kept stored;
    stored.token.value = row.tokens.access;
    if (row.grant.expires_at) stored.token.expires_at = TimePoint(Duration(*row.grant.expires_at));
    stored.since = TimePoint(Duration(row.grant.refreshed_at));
    if (!is_good(stored, want, parts.clock.now())) return std::nullopt;
    return keep(row);
  }

  asio::awaitable<void> sign_out(Row row, std::string why) {
    auto work = [this, id = row.grant.id, used = row.tokens.refresh, why](store::Session& session) {
      return table.sign_out(session, id, why, used);
    };
    const bool done =
        co_await write_surely(parts.store, parts.clock, parts.logger, stopping, std::move(work));
    forget(row.grant.id);
    if (!done) co_return;  // somebody has signed in meanwhile
    parts.logger.warn("somebody has to sign in again", {{"plugin", row.grant.plugin},
                                                        {"grant", to_string_id(row.grant.id)},
                                                        {"error", Text::from_kept(why).english()}});
    if (parts.reports.signed_out) parts.reports.signed_out(row.grant.id, why);
  }

  asio::awaitable<AccessToken> take(Row row, Granted granted) {
    const auto now = to_ms(parts.clock.now());
    const auto used = row.tokens.refresh;
    row.tokens.access = granted.access_token;
    if (!granted.refresh_token.empty()) row.tokens.refresh = granted.refresh_token;
    if (!granted.scopes.empty()) row.grant.scopes = granted.scopes;
    row.grant.renewable = !row.tokens.refresh.empty();
    row.grant.refreshed_at = now;
    row.grant.expires_at = std::nullopt;
    if (granted.lifetime) row.grant.expires_at = now + granted.lifetime->count();
    auto work = [this, row, used](store::Session& session) {
      // A commit whose answer was lost runs again, and finds what it has stored.
      return table.tokens(session, row.grant.id).access == row.tokens.access ||
             table.renew(session, row.grant, row.tokens, used);
    };
    const bool taken =
        co_await write_surely(parts.store, parts.clock, parts.logger, stopping, std::move(work));
    if (!taken) {
      row = co_await load(row.grant.id);  // throws when it is gone
      if (!row.grant.works) throw signed_out(row.grant.reason);
    }
    refreshes.add(1, {row.grant.plugin, "refreshed"});
    if (parts.reports.well) parts.reports.well(row.grant.id);
    co_return keep(row);
  }

  // Some APIs say 401 for what no token mends: a token that replaced a rejected one less than a minute ago is
  // not replaced again. One that cannot be renewed is used to its end, unless it is rejected again and again.
  bool is_to_be_kept(const Row& row, const Want& want) {
    if (want.rejected.empty() || want.rejected != row.tokens.access) return false;
    const auto now = parts.clock.monotonic();
    const std::lock_guard lock(mutex);
    if (row.grant.renewable) {
      const auto last = replaced.find(row.grant.id);
      return last != replaced.end() && now - last->second < kDoubt;
    }
    const auto first = replaced.emplace(row.grant.id, now).first->second;
    const bool ended = row.grant.expires_at && *row.grant.expires_at <= to_ms(parts.clock.now());
    return !ended && now - first < kDoubt;
  }

  void note_replaced(Id grant) {
    const std::lock_guard lock(mutex);
    replaced[grant] = parts.clock.monotonic();
  }

  asio::awaitable<AccessToken> refreshed(Id grant, Want want, std::shared_ptr<Outcome> outcome) {
    auto row = co_await load(grant);
    outcome->plugin = row.grant.plugin;
    if (auto token = usable(row, want)) co_return *token;
    const auto among = co_await parts.peers.lock(grant);
    row = co_await load(grant);  // perhaps another host has done it
    if (auto token = usable(row, want)) co_return *token;
    const bool ended = row.grant.expires_at && *row.grant.expires_at <= to_ms(parts.clock.now());
    const bool enough = row.tokens.refresh.empty() && want.rejected.empty() && !ended;
    if (enough || is_to_be_kept(row, want)) co_return keep(row);
    if (row.tokens.refresh.empty()) {
      const auto why = Text("oauth.not_renewable").kept();
      co_await sign_out(row, why);
      throw signed_out(why);
    }
    auto provider = co_await parts.provider_of(row.grant.plugin, row.grant.name, row.grant.profile);
    auto note = [this, grant, now = to_ms(parts.clock.now())](store::Session& session) {
      table.note_refresh(session, grant, now);
    };
    co_await parts.store.write(std::move(note));
    net::Fields form;
    form.emplace_back("grant_type", "refresh_token");
    form.emplace_back("refresh_token", row.tokens.refresh);
    auto reply = co_await endpoint.token(std::move(provider), std::move(form));
    // From here to the commit nothing breaks it off.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    if (auto* granted = std::get_if<Granted>(&reply)) {
      const auto token = co_await take(std::move(row), std::move(*granted));
      if (!want.rejected.empty()) note_replaced(grant);
      co_return token;
    }
    const auto& refused = std::get<Refused>(reply);
    const auto why = refusal_text(refused);
    // Any other error is about us, not about the grant: whoever keeps the profile can mend it.
    if (refused.error != "invalid_grant") throw Error(Code::unavailable, why);
    refreshes.add(1, {row.grant.plugin, "revoked"});
    const auto words = why.kept();
    co_await sign_out(std::move(row), words);
    throw signed_out(words);
  }

  asio::awaitable<void> refresh(Id grant, Want want, std::shared_ptr<Outcome> outcome,
                                AsyncLocks::Held held) {
    const auto until_done = std::move(held);
    try {
      outcome->token = co_await refreshed(grant, std::move(want), outcome);
    } catch (const Error& error) {
      outcome->failed = error;
    }
    if (!outcome->failed || outcome->failed->code() == Code::unauthenticated || outcome->plugin.empty())
      co_return;
    // Whatever stands in the way of a refresh, nothing of what the token was wanted for has happened.
    const auto cause = *outcome->failed;
    outcome->failed = Error(Code::unavailable, cause.text());
    outcome->failed->retry_after(cause.retry_after());
    note_failure(grant, *outcome->failed);
    refreshes.add(1, {outcome->plugin, "failed"});
    parts.logger.warn("a token cannot be refreshed now",
                      {{"grant", to_string_id(grant)}, {"error", outcome->failed->what()}});
    if (parts.reports.trouble) parts.reports.trouble(grant, outcome->failed->code(), outcome->failed->kept());
  }

  // `broken_off`: how long a refresh must have been on its way to be looked after. Zero at the start: this
  // host's are over, and those of others hold the lock.
  asio::awaitable<void> look(Duration broken_off) {
    const auto began = to_ms(parts.clock.now());
    for (Id after = 0;;) {
      auto find = [this, after, began, broken_off](store::Session& session) {
        return table.due(session, after, began, began - broken_off.count(), began - kIdle.count(), kAtOnce);
      };
      const auto due = co_await parts.store.read(std::move(find));
      for (const auto grant : due) {
        after = grant;
        if (!parts.peers.owned().has(grant) || has_failed_lately(grant)) continue;
        try {
          co_await look_at(grant, began);
        } catch (const Error& error) {
          parts.logger.warn("a grant cannot be looked after now",
                            {{"grant", to_string_id(grant)}, {"error", error.what()}});
        }
      }
      if (std::ssize(due) < kAtOnce) co_return;
    }
  }

  asio::awaitable<void> look_at(Id grant, std::int64_t since) {
    auto held = co_await locks.lock(grant);
    const auto row = co_await load(grant);
    if (row.grant.refreshed_at >= since) co_return;  // somebody wanted it meanwhile
    {
      const std::lock_guard lock(mutex);
      replaced.erase(grant);
    }
    Want want{kLook, row.grant.renewable ? row.tokens.access : std::string()};
    tasks.spawn("refresh a token",
                refresh(grant, std::move(want), std::make_shared<Outcome>(), std::move(held)));
  }

  asio::awaitable<void> watch() {
    for (bool first = true;; first = false) {
      const auto pause = first ? kFirstLook : kLook;
      const auto broken_off = first ? Duration(0) : kBrokenOff;
      co_await parts.clock.sleep(pause);
      try {
        co_await look(broken_off);
      } catch (const Error& error) {
        parts.logger.warn("grants cannot be looked after now", {{"error", error.what()}});
      }
    }
  }

  const Parts parts;
  const Grants table;
  const Endpoint endpoint;
  AsyncLocks locks;
  TaskScope tasks;
  const metrics::Metric refreshes;
  std::atomic<bool> stopping{false};
  std::mutex mutex;  // of what follows
  std::map<Id, Kept> kept;
  std::map<Id, Failure> failures;
  std::map<Id, std::chrono::nanoseconds> replaced;  // when a rejected token was, or was rejected first
};

Tokens::Tokens(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}
Tokens::~Tokens() = default;

void Tokens::start() {
  state_->tasks.spawn("look after grants", state_->watch());
}

asio::awaitable<void> Tokens::stop() {
  const auto until = state_->parts.clock.monotonic() + kStopping;
  state_->stopping = true;
  // The look-out is one of them.
  while (state_->tasks.running() > 1 && state_->parts.clock.monotonic() < until)
    co_await state_->parts.clock.sleep(kStep);
  co_await state_->tasks.stop();
}

asio::awaitable<AccessToken> Tokens::token(Id grant, Duration min_valid, std::string rejected) {
  const Want want{min_valid, std::move(rejected)};
  if (auto known = state_->kept_for(grant, want)) co_return *known;
  auto held = co_await state_->locks.lock(grant);
  if (auto known = state_->kept_for(grant, want)) co_return *known;
  state_->throw_if_failed_lately(grant);
  // A task of its own: whoever asked may be gone before the provider has answered.
  const auto outcome = std::make_shared<Outcome>();
  state_->tasks.spawn("refresh a token", state_->refresh(grant, want, outcome, std::move(held)));
  const auto again = co_await state_->locks.lock(grant);
  if (outcome->failed) throw Error(*outcome->failed);
  if (!outcome->token) throw Error(Code::unavailable, Text("oauth.stopping"));
  co_return *outcome->token;
}

asio::awaitable<std::shared_ptr<Tokens::Held>> Tokens::hold(Id grant) {
  auto local = co_await state_->locks.lock(grant);
  auto among = co_await state_->parts.peers.lock(grant);
  co_return std::make_shared<Held>(std::move(local), std::move(among));
}

void Tokens::forget(Id grant) {
  state_->forget(grant);
  const std::lock_guard lock(state_->mutex);
  state_->failures.erase(grant);
  state_->replaced.erase(grant);
}

asio::awaitable<bool> Tokens::revoke(Id grant, std::function<void(store::Session&)> also) {
  const auto held = co_await hold(grant);
  const auto row = co_await state_->load(grant);
  auto work = [this, grant, also](store::Session& session) {
    if (also) also(session);
    state_->table.remove(session, grant);
  };
  co_await state_->parts.store.write(std::move(work));
  forget(grant);
  bool told = false;
  try {
    auto provider = co_await state_->parts.provider_of(row.grant.plugin, row.grant.name, row.grant.profile);
    const bool renewable = !row.tokens.refresh.empty();
    auto token = renewable ? row.tokens.refresh : row.tokens.access;
    const char* kind = renewable ? "refresh_token" : "access_token";
    told = co_await state_->endpoint.revoke(std::move(provider), std::move(token), kind);
  } catch (const Error& error) {
    state_->parts.logger.warn("a grant cannot be taken back at the provider",
                              {{"grant", to_string_id(grant)}, {"error", error.what()}});
  }
  co_return told;
}

}  // namespace patchbay::oauth
