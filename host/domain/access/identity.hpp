#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace patchbay::domain::access {

// What an identity server says of itself (OpenID Connect Discovery 1.0, 3).
struct IdentityServer {
  std::string issuer;
  std::string authorize;
  std::string token;
  std::string keys;         // of its tokens
  std::string user_info;    // empty: not offered
  std::string end_session;  // empty: not offered (OpenID Connect RP-Initiated Logout 1.0)
  bool secret_in_body = false;
  bool names_itself = false;  // in every redirect back (RFC 9207)
};

// Takes any bytes. Throws Error{unavailable} "domain.identity.no_document" for what is no such document, or
// is of another issuer than `address` (but for a slash at its end).
IdentityServer read_discovery(std::string_view body, const std::string& address);

// What an ID token must fit.
struct IdTokenTerms {
  IdTokenTerms(std::string issuer_, std::string client_, std::string nonce_, TimePoint now_)
      : issuer(std::move(issuer_)), client(std::move(client_)), nonce(std::move(nonce_)), now(now_) {}
  std::string issuer;
  std::string client;
  std::string nonce;
  TimePoint now;
};

// OpenID Connect Core, 3.1.3.7, but for the signature; a minute of difference between clocks is allowed.
// Throws Error{invalid} "domain.identity.bad_token" that says which claim is wrong.
void check_claims(const nlohmann::json& claims, const IdTokenTerms& terms);

// Adds what the user info endpoint said, where the ID token says nothing of it. Takes any bytes. Throws
// Error{invalid} "domain.identity.bad_user_info" for what is none, or is about another subject (OpenID
// Connect Core, 5.3.2).
void add_user_info(nlohmann::json& claims, std::string_view body);

// A person as the claims say.
struct Identity {
  std::string issuer;
  std::string subject;
  std::string login;  // in our spelling
  std::string name;
  std::string email;               // empty: none that can be used
  std::string language;            // empty: nothing is said
  std::vector<std::string> roles;  // values of the claim, as they are
};

// `roles_claim`: a claim's name, or a JSON Pointer; empty: none. The login is preferred_username, or else an
// email that is said to be verified. Throws Error{invalid} "domain.identity.no_login" when neither can
// be one.
Identity read_identity(const nlohmann::json& claims, const std::string& roles_claim);

}  // namespace patchbay::domain::access
