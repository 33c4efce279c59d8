#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"

namespace patchbay::hooks {

// The verdict of a row that is no request: its body holds events that a plugin has emitted.
inline constexpr const char* kEmitted = "emitted";

// Whose a row is, as logs say it.
inline const char* owner_word(bool of_profile) {
  return of_profile ? "profile" : "integration";
}

// A raw request as it stands in the inbox. Text is valid UTF-8 without U+0000; the body is bytes.
class InboxRow {
 public:
  std::size_t bytes() const { return body.size() + request.size(); }

  Id id = 0;           // minted when it is stored, so that ids of a lane rise in the order of arrival
  Id integration = 0;  // or a profile, to whose route it came
  bool of_profile = false;
  std::string plugin;
  std::string route;
  std::string lane;  // what the route's order found; empty: the integration
  std::optional<std::string> dedupe_key;
  std::string request = "{}";  // JSON object: method, path, query, headers without those that hold a secret
  std::string body;
  std::int64_t received_at = 0;  // Unix milliseconds
  std::string trace;             // W3C traceparent
  std::string verdict;           // "verified", "injected", "open" (nothing to verify), kEmitted
  std::int64_t attempts = 0;
  std::int64_t not_before = 0;  // Unix milliseconds
};

}  // namespace patchbay::hooks
