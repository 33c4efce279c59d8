#include "domain/calls/signed_call.hpp"

#include <algorithm>
#include <charconv>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "net/egress.hpp"

namespace patchbay::domain::calls {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxUrl = 2000;
constexpr std::uint64_t kMostAnswer = 1u << 20;
constexpr std::int64_t kLongestWait = 3'600;

}  // namespace

std::optional<Text> refuse_address(const std::string& url, const std::vector<std::string>& opened) {
  const auto parts = net::parse_url(url);
  if (!parts || url.size() > kMaxUrl) return Text("domain.calls.url");
  net::EgressRule rule;
  rule.opened = opened;
  const auto refused = net::refuse_url(rule, *parts);
  if (!refused) return std::nullopt;
  return Text(*refused, {{"scheme", parts->scheme}, {"host", parts->host}});
}

std::string make_secret() {
  return std::string(kPrefix) + crypto::to_base64(crypto::random_bytes(kSecretBytes));
}

std::vector<std::string> secrets_of(const vault::Vault& vault, store::Session& session,
                                    const std::string& scope, Id owner) {
  std::vector<std::string> secrets;
  if (auto secret = vault.get(session, vault::SecretName(scope, owner, "secret")))
    secrets.push_back(std::move(*secret));
  for (auto& [name, former] : vault.formers(session, scope, owner)) secrets.push_back(former.value);
  return secrets;
}

std::string signature(const std::vector<std::string>& secrets, const std::string& id, std::int64_t seconds,
                      const std::string& body) {
  const auto signed_text = id + "." + std::to_string(seconds) + "." + body;
  std::string all;
  for (const auto& secret : secrets) {
    const auto key = crypto::from_base64(secret.substr(kPrefix.size())).value_or("");
    all += (all.empty() ? "v1," : " v1,") +
           crypto::to_base64(crypto::hmac(crypto::Hash::sha256, key, signed_text));
  }
  return all;
}

net::HttpRequest signed_post(const std::string& url, const std::string& id, std::string body,
                             const std::vector<std::string>& secrets, TimePoint now) {
  net::HttpRequest request("POST", url);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  request.body = std::move(body);
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", signature(secrets, id, seconds, request.body)}};
  request.max_response = kMostAnswer;
  return request;
}

std::optional<Duration> asked_wait(const net::HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name != "retry-after") continue;
    std::int64_t seconds = 0;
    const auto* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, seconds);
    if (error == std::errc() && stop == end && seconds >= 0)
      return Duration(std::min(seconds, kLongestWait) * 1'000);
  }
  return std::nullopt;
}

Duration back_off(std::int64_t attempts, Duration longest) {
  Duration wait{1'000};
  for (std::int64_t i = 1; i < attempts && wait < longest; ++i) wait *= 4;
  return std::min(wait, longest);
}

}  // namespace patchbay::domain::calls
