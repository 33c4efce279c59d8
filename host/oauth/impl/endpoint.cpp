#include "oauth/endpoint.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::oauth {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 20s;
constexpr std::uint64_t kLargestReply = 1u << 20;
constexpr int kTooMany = 429;
constexpr Duration kLongestPause = 15min;

Duration retry_after(const net::HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name != "retry-after") continue;
    std::int64_t seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(kLongestPause).count();
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most));
  }
  return Duration(0);
}

// What nobody may read in a log while it is sent.
class Hidden {
 public:
  Hidden(log::Redactor& redactor, const Provider& provider, const net::Fields& form) : redactor_(redactor) {
    values_.push_back(provider.client_secret);
    for (const auto& [name, value] : form) {
      if (name == "refresh_token" || name == "code" || name == "code_verifier" || name == "device_code")
        values_.push_back(value);
    }
    for (const auto& value : values_) redactor_.add(value);
  }
  ~Hidden() {
    for (const auto& value : values_) redactor_.remove(value);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  log::Redactor& redactor_;
  std::vector<std::string> values_;
};

}  // namespace

std::string joined(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

asio::awaitable<net::HttpResponse> Endpoint::post(std::string address, Provider provider,
                                                  net::Fields form) const {
  net::HttpRequest request("POST", std::move(address));
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  if (!provider.client_secret.empty() && !provider.secret_in_body) {
    // Both are form-encoded first (RFC 6749, 2.3.1).
    const auto pair =
        net::percent_encode(provider.client_id) + ":" + net::percent_encode(provider.client_secret);
    request.headers.emplace_back("Authorization", "Basic " + crypto::to_base64(pair));
  } else {
    form.emplace_back("client_id", provider.client_id);
    if (!provider.client_secret.empty()) form.emplace_back("client_secret", provider.client_secret);
  }
  request.body = net::encode_form(form);
  request.authorities = provider.authorities;
  request.timeout = kLimit;
  request.max_response = kLargestReply;
  net::EgressRule guard;
  guard.opened = opened_();
  auto response = co_await http_.fetch(std::move(request), std::move(guard));
  if (response.status == kTooMany) {
    Error busy(Code::unavailable, Text("oauth.unreadable", {{"status", std::to_string(kTooMany)}}));
    busy.retry_after(retry_after(response));
    throw busy;
  }
  co_return response;
}

asio::awaitable<TokenReply> Endpoint::token(Provider provider, net::Fields form) const {
  const Hidden hidden(redactor_, provider, form);
  const auto client_id = provider.client_id;
  auto address = provider.token;
  const auto response = co_await post(std::move(address), std::move(provider), std::move(form));
  auto reply = read_token_reply(response.status, response.body, client_id);
  if (auto* refused = std::get_if<Refused>(&reply)) {
    refused->error = redactor_.redact(refused->error);
    refused->description = redactor_.redact(refused->description);
  }
  co_return reply;
}

asio::awaitable<DeviceCode> Endpoint::device(Provider provider) const {
  net::Fields form;
  if (!provider.scopes.empty()) form.emplace_back("scope", joined(provider.scopes));
  auto address = provider.device;
  const auto response = co_await post(std::move(address), std::move(provider), std::move(form));
  co_return read_device_reply(response.status, response.body);
}

asio::awaitable<bool> Endpoint::revoke(Provider provider, std::string token, const char* kind) const {
  if (provider.revoke.empty() || token.empty()) co_return false;
  net::Fields form;
  form.emplace_back("token", std::move(token));
  form.emplace_back("token_type_hint", kind);
  auto address = provider.revoke;
  try {
    const auto response = co_await post(std::move(address), std::move(provider), std::move(form));
    co_return response.status >= 200 && response.status < 300;
  } catch (const Error&) {
    co_return false;
  }
}

std::string authorization_address(const Provider& provider, const std::string& redirect_uri,
                                  const std::string& state, const std::string& verifier) {
  net::Fields query;
  query.emplace_back("response_type", "code");
  query.emplace_back("client_id", provider.client_id);
  query.emplace_back("redirect_uri", redirect_uri);
  if (!provider.scopes.empty()) query.emplace_back("scope", joined(provider.scopes));
  query.emplace_back("state", state);
  query.emplace_back("code_challenge", crypto::to_base64url(crypto::digest(crypto::Hash::sha256, verifier)));
  query.emplace_back("code_challenge_method", "S256");
  for (const auto& parameter : provider.parameters) query.push_back(parameter);
  const char mark = provider.authorize.find('?') == std::string::npos ? '?' : '&';
  return provider.authorize + mark + net::encode_form(query);
}

}  // namespace patchbay::oauth
