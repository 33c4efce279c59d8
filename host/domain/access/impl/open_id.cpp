#include "domain/access/open_id.hpp"

#include <variant>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/secure.hpp"
#include "domain/access/identities.hpp"
#include "domain/access/impl/admit.hpp"
#include "domain/access/impl/discovery.hpp"
#include "hooks/jwt.hpp"
#include "net/form.hpp"
#include "oauth/endpoint.hpp"

namespace patchbay::domain::access {

namespace asio = boost::asio;

namespace {

constexpr const char* kScope = "session";
constexpr const char* kIdToken = "id_token";

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Error refused(const char* id, const oauth::Refused& by) {
  return Error(Code::invalid, Text(id, {{"why", oauth::refusal_text(by).kept()}}));
}

// Of the tokens that the identity server gave, which are nobody's after the sign-in.
struct Tokens {
  std::string id;
  std::string access;
};

}  // namespace

struct OpenId::State {
  explicit State(Parts p)
      : parts(std::move(p)),
        endpoint(parts.http, parts.redactor, parts.opened),
        discovery({parts.executor, parts.clock, parts.http, parts.opened, parts.logger}) {}

  std::string setting(const char* code) const { return parts.settings.text(code); }

  asio::awaitable<oauth::Provider> provider_of(const IdentityServer& server) {
    oauth::Provider provider;
    provider.authorize = server.authorize;
    provider.token = server.token;
    provider.client_id = setting("IdentityServerClientId");
    provider.secret_in_body = server.secret_in_body;
    provider.scopes = words_of(setting("IdentityServerScopes"));
    auto reading = parts.settings.secret("IdentityServerClientSecret");
    provider.client_secret = co_await std::move(reading);
    co_return provider;
  }

  Attempt require_attempt(const Back& back) const {
    auto attempt = Attempt::read(back.cookie);
    if (!attempt) throw Error(Code::invalid, Text("domain.identity.no_attempt"));
    if (!crypto::equal(attempt->state(), back.callback.state))
      throw Error(Code::invalid, Text("domain.identity.wrong_state"));
    const auto age = parts.clock.now() - attempt->begun();
    if (age > kTime || age < -kTime) throw Error(Code::invalid, Text("domain.identity.too_late"));
    return std::move(*attempt);
  }

  // Before the code is used: who comes twice is not told twice.
  asio::awaitable<void> spend(std::string state) {
    const auto until = (parts.clock.now() + 2 * kTime).time_since_epoch().count();
    auto work = [state, until](store::Session& session) { return Identities(session).spend(state, until); };
    const bool is_first = co_await parts.store.write(std::move(work));
    if (!is_first) throw Error(Code::invalid, Text("domain.identity.used"));
  }

  asio::awaitable<Tokens> exchange(const IdentityServer& server, const Attempt& attempt, const Back& back) {
    net::Fields form;
    form.emplace_back("grant_type", "authorization_code");
    form.emplace_back("code", back.callback.code);
    form.emplace_back("redirect_uri", back.redirect_uri);
    form.emplace_back("code_verifier", attempt.verifier());
    auto provider = co_await provider_of(server);
    std::optional<oauth::TokenReply> reply;
    std::optional<Error> failed;
    try {
      reply = co_await endpoint.token(std::move(provider), std::move(form));
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code() == Code::cancelled) throw Error(*failed);
    if (failed)
      throw Error(Code::unavailable,
                  Text("domain.identity.away", {{"address", server.token}, {"why", failed->kept()}}));
    if (const auto* by = std::get_if<oauth::Refused>(&*reply))
      throw refused("domain.identity.code_refused", *by);
    auto& granted = std::get<oauth::Granted>(*reply);
    if (granted.id_token.empty()) throw Error(Code::invalid, Text("domain.identity.no_token"));
    co_return Tokens{std::move(granted.id_token), std::move(granted.access_token)};
  }

  // The claims, proven by a key of the server's.
  asio::awaitable<nlohmann::json> proven(const IdentityServer& server, const std::string& id_token) {
    const Error bad(Code::invalid, Text("domain.identity.bad_signature"));
    auto token = hooks::parse_jwt(id_token);
    if (!token) throw Error(bad);
    auto finding = parts.key_sets.find(server.keys, token->key_id);
    const auto key = co_await std::move(finding);
    if (!key || key->kind() != token->kind || !key->accepts(token->signed_part, token->signature))
      throw Error(bad);
    co_return std::move(token->claims);
  }

  asio::awaitable<Identity> identity_of(const IdentityServer& server, const Attempt& attempt,
                                        const Tokens& tokens) {
    auto proving = proven(server, tokens.id);
    auto claims = co_await std::move(proving);
    check_claims(claims, IdTokenTerms(server.issuer, setting("IdentityServerClientId"), attempt.nonce(),
                                      parts.clock.now()));
    if (!server.user_info.empty()) {
      const auto info = co_await discovery.get(server.user_info, tokens.access);
      add_user_info(claims, info);
    }
    co_return read_identity(claims, setting("IdentityServerRolesClaim"));
  }

  asio::awaitable<SignedIn> sign_in(Identity identity, std::string id_token, Client client) {
    Admission admission(parts.ids, parts.clock.now());
    admission.adds_users = parts.settings.yes("IdentityServerAddsUsers");
    admission.links_users = parts.settings.yes("IdentityServerLinksUsers");
    admission.language = setting("DefaultLanguage");
    auto work = [this, identity, id_token, client, admission](store::Session& session) {
      const auto user = admit(session, identity, admission);
      auto in = parts.sessions.begin(session, user, client);
      parts.vault.put(session, vault::SecretName(kScope, in.session.id, kIdToken), id_token,
                      in.session.expires_at.time_since_epoch().count());
      return in;
    };
    co_return co_await parts.store.write(std::move(work));
  }

  asio::awaitable<SignedIn> complete(const Attempt& attempt, Back back, Client client) {
    if (!back.callback.error.empty())
      throw refused("domain.identity.refused", {back.callback.error, back.callback.error_description});
    const auto server = co_await discovery.find(setting("IdentityServerUrl"));
    // A code of another server must not be told to this one (RFC 9207, 2.4).
    const bool tells = server.names_itself || !back.callback.issuer.empty();
    if (tells && back.callback.issuer != server.issuer)
      throw Error(Code::invalid,
                  Text("domain.identity.wrong_issuer", {{"issuer", back.callback.issuer.substr(0, 500)}}));
    const auto tokens = co_await exchange(server, attempt, back);
    auto identity = co_await identity_of(server, attempt, tokens);
    auto signing = sign_in(std::move(identity), tokens.id, std::move(client));
    co_return co_await std::move(signing);
  }

  const Parts parts;
  const oauth::Endpoint endpoint;
  Discovery discovery;
};

OpenId::OpenId(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {}
OpenId::~OpenId() = default;

bool OpenId::is_offered() const {
  return !state_->setting("IdentityServerUrl").empty() && !state_->setting("IdentityServerClientId").empty();
}

asio::awaitable<OpenId::Begun> OpenId::begin(std::string redirect_uri, std::string return_to) {
  if (!is_offered()) throw Error(Code::unsupported, Text("domain.identity.not_offered"));
  const auto server = co_await state_->discovery.find(state_->setting("IdentityServerUrl"));
  auto provider = co_await state_->provider_of(server);
  const auto attempt = Attempt::make(state_->parts.clock.now(), return_to);
  provider.parameters["nonce"] = attempt.nonce();
  co_return Begun{oauth::authorization_address(provider, redirect_uri, attempt.state(), attempt.verifier()),
                  attempt.cookie()};
}

asio::awaitable<OpenId::Done> OpenId::finish(Back back, Client client) {
  if (!is_offered()) throw Error(Code::unsupported, Text("domain.identity.not_offered"));
  const auto attempt = state_->require_attempt(back);
  co_await state_->spend(attempt.state());
  Done done;
  done.return_to = attempt.return_to();
  const auto address = client.address;
  auto completing = state_->complete(attempt, std::move(back), std::move(client));
  try {
    done.in = co_await std::move(completing);
  } catch (const Error& error) {
    state_->parts.logger.warn("sign-in failed", {{"address", address}, {"error", error.what()}});
    throw;
  }
  co_return done;
}

asio::awaitable<std::string> OpenId::sign_out_address(Session session, std::string return_to) {
  if (!is_offered()) co_return std::string();
  auto take = [this, name = vault::SecretName(kScope, session.id, kIdToken)](store::Session& transaction) {
    auto token = state_->parts.vault.get(transaction, name);
    if (token) state_->parts.vault.remove(transaction, name);
    return token;
  };
  const auto id_token = co_await state_->parts.store.write(std::move(take));
  if (!id_token) co_return std::string();
  std::string address;
  try {
    const auto server = co_await state_->discovery.find(state_->setting("IdentityServerUrl"));
    address = server.end_session;
  } catch (const Error& error) {
    // Who signs out is signed out here in any case.
    state_->parts.logger.warn("signing out at the identity server is left out", {{"error", error.what()}});
  }
  if (address.empty()) co_return address;
  net::Fields query;
  query.emplace_back("id_token_hint", *id_token);
  query.emplace_back("client_id", state_->setting("IdentityServerClientId"));
  query.emplace_back("post_logout_redirect_uri", return_to);
  co_return address + (address.find('?') == std::string::npos ? '?' : '&') + net::encode_form(query);
}

}  // namespace patchbay::domain::access
