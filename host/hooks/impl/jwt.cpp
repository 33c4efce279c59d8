#include "hooks/jwt.hpp"

#include <algorithm>
#include <cmath>

#include "crypto/encoding.hpp"

namespace patchbay::hooks {

namespace {

using crypto::PublicKey;
using nlohmann::json;

constexpr std::size_t kLongest = 16 << 10;
constexpr std::size_t kLongestId = 256;

std::optional<json> object_of(std::string_view part) {
  const auto text = crypto::from_base64url(part);
  if (!text) return std::nullopt;
  auto object = json::parse(*text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<PublicKey::Kind> key_kind(std::string_view algorithm) {
  if (algorithm == "RS256") return PublicKey::Kind::rsa;
  if (algorithm == "ES256") return PublicKey::Kind::p256;
  return std::nullopt;
}

std::optional<Jwt> parse_jwt(std::string_view text) {
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  if (text.size() > kLongest || first == text.npos || text.find('.', first + 1) != last) return std::nullopt;
  const auto header = object_of(text.substr(0, first));
  if (!header || header->contains("crit")) return std::nullopt;
  const auto kind = key_kind(text_at(*header, "alg"));
  auto claims = object_of(text.substr(first + 1, last - first - 1));
  auto signature = crypto::from_base64url(text.substr(last + 1));
  Jwt token;
  token.key_id = text_at(*header, "kid");
  if (!kind || !claims || !signature || token.key_id.empty() || token.key_id.size() > kLongestId)
    return std::nullopt;
  token.kind = *kind;
  token.claims = std::move(*claims);
  token.signed_part = text.substr(0, last);
  token.signature = std::move(*signature);
  return token;
}

bool is_meant_for(const json& claims, std::string_view audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  const auto is_it = [&](const json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == audience;
  };
  return found->is_array() ? std::any_of(found->begin(), found->end(), is_it) : is_it(*found);
}

bool is_in_time(const json& claims, TimePoint now, Duration tolerance) {
  const double present = static_cast<double>(now.time_since_epoch().count()) / 1000;
  const auto allowed = static_cast<double>(tolerance.count()) / 1000;
  const auto time_at = [&claims](const char* name, double otherwise) {
    const auto found = claims.find(name);
    if (found == claims.end()) return otherwise;
    return found->is_number() ? found->get<double>() : std::nan("");
  };
  // Nothing compares with what is no number.
  return time_at("exp", std::nan("")) + allowed > present && time_at("nbf", present) - allowed <= present &&
         time_at("iat", present) - allowed <= present;
}

}  // namespace patchbay::hooks
