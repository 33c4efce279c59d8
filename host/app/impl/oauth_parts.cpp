// What signing in at providers needs of the other modules.
#include "app/impl/modules.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

// Between two modules that do not know each other.
asio::awaitable<plugin::GrantToken> Modules::token(Id grant, Duration min_valid, std::string rejected) {
  const auto token = co_await oauth_tokens.token(grant, min_valid, std::move(rejected));
  co_return plugin::GrantToken{token.value, token.expires_at, token.user, grant};
}

oauth::ProviderOf Modules::provider_of() {
  return [this](std::string plugin, std::string name, std::optional<Id> profile) {
    return credentials.provider_of(std::move(plugin), std::move(name), profile);
  };
}

oauth::Tokens::Parts Modules::token_parts() {
  oauth::Tokens::Reports reports;
  reports.signed_out = [this](Id grant, std::string why) { credentials.signed_out(grant, std::move(why)); };
  reports.trouble = [this](Id grant, Code code, std::string why) {
    credentials.trouble(grant, code, std::move(why));
  };
  reports.well = [this](Id grant) { credentials.well(grant); };
  return {io.get_executor(),
          clock,
          *store,
          *vault,
          *http,
          peers,
          redactor,
          metrics,
          logger,
          [this] { return opened_hosts.get(); },
          provider_of(),
          std::move(reports)};
}

oauth::SignIns::Parts Modules::sign_in_parts() {
  return {io.get_executor(),
          clock,
          ids,
          *store,
          *vault,
          *http,
          peers,
          redactor,
          logger,
          [this] { return opened_hosts.get(); },
          provider_of(),
          oauth_tokens,
          [this](store::Session& session, const oauth::SignIn& done) { credentials.attach(session, done); },
          [this](const oauth::SignIn& done) { credentials.signed_in(done); }};
}

}  // namespace patchbay::app
