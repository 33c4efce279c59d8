#pragma once

#include <string>
#include <utility>

#include "using.hpp"

namespace whatsapp {

// What a body does not say about itself.
struct Arrival {
  Arrival(std::string phone_number_id_, std::string received_at_)
      : phone_number_id(std::move(phone_number_id_)), received_at(std::move(received_at_)) {}
  std::string phone_number_id;  // ours: an address may get what concerns other numbers of the account
  std::string received_at;      // RFC 3339; the time of what carries none
};

// One body of the webhook as the events of sdk/docs/verbs.md: an array, in the order of the body. All
// entries, changes and items are taken. Pure: no clock, no I/O; any thread. Never throws on foreign data:
// members of the wrong type count as absent, and what is not about this number gives no events.
//
// A conversation is called by the client's number ("+49…"), else by the business-scoped user id. Once both
// are told the one by id goes on as the one by number.
//
// Keys, unique for ever, so that what is delivered twice is one event:
//   message:<wamid> (presses of buttons too), edit:<wamid>, revoke:<wamid>, status:<wamid>:<state>,
//   unreachable:<wamid>, same:<user id>:<number>, moved:<wamid>
Json translate(const Json& body, const Arrival& arrival);

// What we called a message of ours ("biz_opaque_callback_data") and what WhatsApp calls it, from the statuses
// of a body: [{"key", "id"}].
Json receipts_in(const Json& body);

}  // namespace whatsapp
