#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meta/graph.hpp"
#include "using.hpp"

namespace messenger {

// From when to when a client may be written to, and how (Messenger Platform, "messaging window").
struct Window {
  // `conversation`: of a SendRequest; `human_agent`: the app has Meta's feature of this name.
  Window(const Json& conversation, std::int64_t now_ms, bool human_agent);
  // "RESPONSE" within 24 hours after the client last did something, or when that is not known: Meta decides
  // then. "MESSAGE_TAG" (HUMAN_AGENT) within seven days, with the feature. Empty: closed.
  std::string type;
  bool human_agent;
};

// The calls that send one part of a message, in order: each file one, then the words. `request` is
// SendRequest of verbs.md. None when there is nothing to see. What Messenger cannot show (places, cards,
// buttons that open addresses beside long words) is readable text. Pure. Throws Error(PB_INVALID) for what
// cannot be sent: a closed window, more than 13 quick replies.
std::vector<meta::GraphCall> calls_for(const Json& request, const std::string& page, const Window& window);

}  // namespace messenger
