#pragma once

#include <string>
#include <vector>

#include "using.hpp"

namespace messenger {

// What a body does not say about itself.
struct Arrival {
  Arrival(std::string app_id_, std::string received_at_)
      : app_id(std::move(app_id_)), received_at(std::move(received_at_)) {}
  std::string app_id;       // ours: what this app wrote, and whether a conversation is ours
  std::string received_at;  // RFC 3339; the time of what carries none
};

// The fields of a page that translate() turns into events, as `subscribed_fields`.
std::vector<std::string> subscribed_fields();

// The identity that `page` has as an integration.
std::string identity_of(const std::string& page);

// One body of the webhook of a Meta app as the events of sdk/docs/verbs.md: an array, in the order of the
// body, each with the `identity` of its page. All entries and all items are taken. Pure: no clock, no I/O;
// any thread. Never throws on foreign data: members of the wrong type count as absent, and what is not ours
// (feeds, kinds made later) gives no events.
//
// A conversation is the client's page-scoped id. What a client does leaves the time in the conversation's
// facts ({"user_at": milliseconds}), from which Sender computes the 24-hour window; an edit opens none. What
// arrives on `standby` is told with "handled_by": "bot"; what others wrote from the page with "from_us":
// true; our own messages come back as message.status.
//
// Keys, unique per page for ever, so that what is delivered twice is one event:
//   message:<mid>, sent:<mid> (our own), edit:<mid>:<number>, press:<mid>,
//   reaction:<mid>:<time>:<action>, delivered:<client>:<watermark>:<mid>, read:<client>:<watermark>,
//   referral:<client>:<time>, control:<client>:<time>:<holder>
Json translate(const Json& body, const Arrival& arrival);

}  // namespace messenger
