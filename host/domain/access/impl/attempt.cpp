#include <algorithm>
#include <charconv>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "domain/access/open_id.hpp"

namespace patchbay::domain::access {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretLength = 43;  // of 32 bytes as base64url
constexpr std::size_t kLongestPath = 1000;
constexpr std::size_t kLongestCookie = 2000;

}  // namespace

bool is_local_path(const std::string& path) {
  const bool begins = path.starts_with('/') && !path.starts_with("//");
  return begins && path.size() <= kLongestPath && std::all_of(path.begin(), path.end(), [](char c) {
           return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
         });
}

// "<secret>.<Unix milliseconds>.<return_to as base64url>"
Attempt Attempt::make(TimePoint now, const std::string& return_to) {
  Attempt out;
  out.begun_ = now;
  out.return_to_ = return_to;
  out.cookie_ = crypto::to_base64url(crypto::random_bytes(kSecretBytes)) + "." +
                std::to_string(now.time_since_epoch().count()) + "." + crypto::to_base64url(return_to);
  return out;
}

std::optional<Attempt> Attempt::read(const std::string& cookie) {
  const auto last = cookie.rfind('.');
  if (cookie.size() > kLongestCookie || cookie.find('.') != kSecretLength || last == kSecretLength)
    return std::nullopt;
  const auto secret = crypto::from_base64url(cookie.substr(0, kSecretLength));
  const auto return_to = crypto::from_base64url(cookie.substr(last + 1));
  const auto time = cookie.substr(kSecretLength + 1, last - kSecretLength - 1);
  std::int64_t begun = 0;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), begun);
  const bool is_time = error == std::errc() && end == time.data() + time.size() && begun > 0;
  if (!secret || secret->size() != kSecretBytes || !is_time || !return_to || !is_local_path(*return_to))
    return std::nullopt;
  Attempt out;
  out.cookie_ = cookie;
  out.begun_ = TimePoint(Duration(begun));
  out.return_to_ = *return_to;
  return out;
}

// The rest of the cookie counts too: with another time it is another attempt.
std::string Attempt::derived(const char* what) const {
  const auto secret = cookie_.substr(0, kSecretLength);
  return crypto::to_base64url(
      crypto::hmac(crypto::Hash::sha256, secret, what + cookie_.substr(kSecretLength)));
}

}  // namespace patchbay::domain::access
