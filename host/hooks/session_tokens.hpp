#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "plugin/host_key.hpp"

namespace patchbay::hooks {

// An anonymous visitor of an integration (plugin-needs N15).
class VisitorSession {
 public:
  VisitorSession(Id integration_, std::string id_, TimePoint expires_at_)
      : integration(integration_), id(std::move(id_)), expires_at(expires_at_) {}

  Id integration;
  std::string id;        // 22 characters of base64url: 128 random bits
  TimePoint expires_at;  // whole seconds
};

// A token as it was sent, not yet believed: "<integration>.<session>.<Unix seconds>.<signature>".
class SessionToken {
 public:
  SessionToken(VisitorSession session_, std::string_view signed_part_, std::string_view signature_)
      : session(std::move(session_)), signed_part(signed_part_), signature(signature_) {}

  VisitorSession session;
  std::string_view signed_part;  // of the text that was parsed
  std::string_view signature;
};
// Nothing for what no token of ours looks like: there is one way to write each.
std::optional<SessionToken> parse_session_token(std::string_view text);

// Tokens by which visitors show that a session is theirs; nothing of them is stored. HMAC-SHA-256 with a key
// of the hosts. Any thread. Key and clock outlive it.
class SessionTokens {
 public:
  SessionTokens(plugin::HostKey& key, const Clock& clock) : key_(key), clock_(clock) {}

  static std::string new_id();
  boost::asio::awaitable<std::string> sign(VisitorSession session);
  // The session that a token proves now at this integration; nothing for any other token. Throws what the
  // store throws while the key was never read.
  boost::asio::awaitable<std::optional<VisitorSession>> verify(std::string token, Id integration);

 private:
  plugin::HostKey& key_;
  const Clock& clock_;
};

}  // namespace patchbay::hooks
