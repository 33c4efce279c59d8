#pragma once

#include <string>

#include "form.hpp"
#include "using.hpp"

namespace twilio {

// "+4915112345678" of "whatsapp:+4915112345678"; a business-scoped user id likewise.
std::string without_channel(const std::string& address);

// Of a request with a contact card: the field in which its text goes along, if it could be had.
constexpr const char* kCard = "ContactCard";

// The address of the contact card that the message holds; "" when it holds none.
std::string card_address(const Form& form);

// The events that a request of the route "message" tells of: an array of objects as pb.webhook/1:process
// answers them. Pure: the same request and time give the same events. `received_at` (RFC 3339) is the time of
// messages that carry none ("DateSent", which only those have that were fetched). Never silent: a message
// without anything that can be shown says so.
Json translate_message(const Form& form, const std::string& received_at);

// The same for the route "status". None for steps on the way that say nothing ("queued", "sending").
Json translate_status(const Form& form, const std::string& received_at);

}  // namespace twilio
