#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace patchbay::oauth {

// What a token endpoint gave (RFC 6749, 5.1).
struct Granted {
  std::string access_token;
  std::string refresh_token;         // empty: none was given
  std::optional<Duration> lifetime;  // of the access token
  std::string scopes;                // empty: those that were asked for
  std::string identity;              // issuer and subject of an ID token (OpenID Connect Core, 2), or empty
  std::string title;                 // an address or a name out of it, or empty
  std::string id_token;              // as it came, unproven; empty: none
};

// What it said instead (5.2).
struct Refused {
  std::string error;        // "invalid_grant"
  std::string description;  // for people, as the provider wrote it; may be empty
};

using TokenReply = std::variant<Granted, Refused>;

// Takes any bytes. Throws Error{unavailable} "oauth.unreadable" for what is no such reply and for every
// status of 500 and more: that says nothing about the grant. `client_id`: whom an ID token must be for.
TokenReply read_token_reply(int status, std::string_view body, std::string_view client_id);

// What a device authorisation endpoint gave (RFC 8628, 3.2).
struct DeviceCode {
  std::string device_code;
  std::string user_code;
  std::string address;           // where it is to be entered
  std::string complete_address;  // with the code in it; may be empty
  Duration lifetime{0};
  Duration interval{0};  // between two questions
};

// Throws Error: unavailable "oauth.unreadable", invalid "oauth.refused" with the provider's words.
DeviceCode read_device_reply(int status, std::string_view body);

// The words for a refusal: "oauth.refused" with error and description.
Text refusal_text(const Refused& refused);

}  // namespace patchbay::oauth
