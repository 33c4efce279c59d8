#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "crypto/public_key.hpp"
#include "hooks/request.hpp"
#include "hooks/secrets.hpp"

namespace patchbay::hooks {

// Proves that a request comes from the provider. Immutable; any thread. What is not proven is refused: a
// missing or repeated header, an encoding that is not exact, a body that the signature does not cover.
//
// Types, as manifests write them (a reference is "secret:x", "profile:x" or, where it is no secret,
// "text:x"):
//   {"type": "header-equals", "header": "X-Token", "secret": ref or [refs]}
//   {"type": "hmac", "hash": "sha256", "key": [refs], "message": ["text:v0:", "header:x-time", "body"],
//   "header": "X-Sig",
//    "strip": "sha256=", "encoding": "hex" or "base64", "timestamp": "X-Time", "tolerance_s": 300,
//    "url_ports": "both", "body_sha256": "bodyHash"}
//     parts: body, url (the configured public address and the query), form-sorted (names and values of a form
//     body), header:<n>, query:<n>, text:<t>. "timestamp" is Unix time in seconds or milliseconds and must be
//     part of the message. "body_sha256" names the query field that holds the hex digest of a body which the
//     message does not cover.
//   {"type": "basic", "user": ref, "password": ref or [refs]}
//   {"type": "json-equals", "pointer": "/value/*/token", "secret": ref or [refs]}   every match must be equal
//   {"type": "jwt", "issuer": "https://id.example" or [..], "audience": ["url", refs], "keys":
//   "https://id.example/keys",
//    "claims": {"email": ref}, "tolerance_s": 60}
//     a bearer token (RFC 7519) signed with RS256 or ES256 by a key of that JSON Web Key Set; "url" is the
//     configured public address of the route; claims must be equal. It says who sends, not what: the body is
//     not signed.
//   {"type": "session"}   a token of the integration's session route, as a bearer token: anybody has one, but
//   none but his own
//   {"type": "none"}   lets everybody in; compiles only with an administrator's consent
class Verifier {
 public:
  struct Context {
    Context(std::string_view url_, TimePoint now_) : url(url_), now(now_) {}
    std::string_view url;  // the configured public address of this route, without query
    TimePoint now;
    std::optional<crypto::PublicKey> key;  // what wanted_key() asked for, if the provider has it
    bool has_session = false;              // a token of ours was sent that is good here (wants_session)
  };
  // A key that a provider publishes.
  struct WantedKey {
    WantedKey(std::string address_, std::string id_) : address(std::move(address_)), id(std::move(id_)) {}
    std::string address;
    std::string id;
  };

  virtual ~Verifier() = default;
  // What to fetch before accepts() is asked. Nothing: it can tell as it is.
  virtual std::optional<WantedKey> wanted_key(const Request& request, const Context& context) const {
    static_cast<void>(request);
    static_cast<void>(context);
    return std::nullopt;
  }
  // Whether to look for a session before accepts() is asked.
  virtual bool wants_session() const { return false; }
  virtual bool accepts(const Request& request, const Context& context) const = 0;
  // Makes of a request that has method and path one that accepts() takes, as the provider would; false: only
  // the provider can. For tests of the way here.
  virtual bool sign(Request& request, const Context& context) const {
    static_cast<void>(request);
    static_cast<void>(context);
    return false;
  }
  // The word for the inbox: "verified", or "open" when everybody gets in.
  virtual std::string_view verdict() const { return "verified"; }
  // Headers that hold the secret itself, in lower case: not for storing.
  virtual std::vector<std::string> secret_headers() const { return {}; }
  // Takes the secret itself out of the body of a request that was accepted: it is not for storing either.
  virtual void hide_secrets(std::string& body) const { static_cast<void>(body); }

  // `spec` is the JSON text. Throws Error{invalid} naming what is wrong, Error{unavailable} for a missing
  // secret and Error{denied} for "none" without consent.
  static std::unique_ptr<const Verifier> compile(const std::string& spec, const SecretLookup& lookup,
                                                 bool consent);
};

}  // namespace patchbay::hooks
