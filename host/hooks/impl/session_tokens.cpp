#include "hooks/session_tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kIdLength = 22;         // of its base64url
constexpr std::size_t kSignatureLength = 43;  // of 32 bytes
constexpr std::string_view kPurpose = "session ";

// One way to write each: no sign, no zero in front.
std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value <= 0 || text.front() == '0') return std::nullopt;
  return value;
}

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string signed_part_of(const VisitorSession& session) {
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(session.expires_at).time_since_epoch().count();
  return to_string_id(session.integration) + "." + session.id + "." + std::to_string(seconds);
}

std::string signature_of(const std::string& key, std::string_view signed_part) {
  return crypto::to_base64url(
      crypto::hmac(crypto::Hash::sha256, key, std::string(kPurpose).append(signed_part)));
}

}  // namespace

std::optional<SessionToken> parse_session_token(std::string_view text) {
  std::array<std::string_view, 4> parts;
  auto rest = text;
  for (auto& part : parts) {
    part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  const auto& [integration_text, id, seconds_text, signature] = parts;
  if (signature.size() != kSignatureLength || text.size() < kSignatureLength ||
      text.substr(text.size() - kSignatureLength).data() != signature.data())
    return std::nullopt;
  const auto integration = number(integration_text);
  const auto seconds = number(seconds_text);
  const bool is_ours = id.size() == kIdLength && is_base64url(id) && is_base64url(signature);
  if (!integration || !seconds || !is_ours) return std::nullopt;
  // As far as milliseconds go.
  if (*seconds >
      std::chrono::duration_cast<std::chrono::seconds>(TimePoint::max().time_since_epoch()).count())
    return std::nullopt;
  VisitorSession session(*integration, std::string(id), TimePoint(std::chrono::seconds(*seconds)));
  return SessionToken(std::move(session), text.substr(0, text.size() - kSignatureLength - 1), signature);
}

std::string SessionTokens::new_id() {
  return crypto::to_base64url(crypto::random_bytes(kIdBytes));
}

asio::awaitable<std::string> SessionTokens::sign(VisitorSession session) {
  auto keyed = key_.get();
  const auto key = co_await std::move(keyed);
  const auto signed_part = signed_part_of(session);
  co_return signed_part + "." + signature_of(key, signed_part);
}

asio::awaitable<std::optional<VisitorSession>> SessionTokens::verify(std::string token, Id integration) {
  const auto parsed = parse_session_token(token);
  if (!parsed || parsed->session.integration != integration || parsed->session.expires_at <= clock_.now())
    co_return std::nullopt;
  auto keyed = key_.get();
  const auto key = co_await std::move(keyed);
  if (!crypto::equal(parsed->signature, signature_of(key, parsed->signed_part))) co_return std::nullopt;
  co_return parsed->session;
}

}  // namespace patchbay::hooks
