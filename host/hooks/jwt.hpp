#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "crypto/public_key.hpp"

namespace patchbay::hooks {

// A signed JSON Web Token as it was sent (RFC 7519 in the compact form of RFC 7515): nothing of it is proven
// yet.
struct Jwt {
  crypto::PublicKey::Kind kind = crypto::PublicKey::Kind::rsa;  // by its "alg"
  std::string key_id;
  nlohmann::json claims;         // an object
  std::string_view signed_part;  // of the text that was parsed
  std::string signature;
};

// Nothing for what is no token, is over 16 KiB, names no key, has critical extensions, or is signed by other
// means than RS256 and ES256: "none" and HMAC with a public key as its secret never get any further. Any
// bytes are safe.
std::optional<Jwt> parse_jwt(std::string_view text);

// What an "alg" asks of a key; nothing for one that is not taken.
std::optional<crypto::PublicKey::Kind> key_kind(std::string_view algorithm);

// Whether "aud", one or a list, holds `audience`.
bool is_meant_for(const nlohmann::json& claims, std::string_view audience);
// RFC 7519, 4.1.4 to 4.1.6, with so much difference between clocks. A token without an end is none.
bool is_in_time(const nlohmann::json& claims, TimePoint now, Duration tolerance);

}  // namespace patchbay::hooks
