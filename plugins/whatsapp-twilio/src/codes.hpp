#pragma once

#include <string>

#include "using.hpp"

namespace twilio {

// What an error code of Twilio means for whoever sent something.
enum class Meaning {
  final,        // this message will never arrive as it is
  person,       // nothing will arrive at this person
  credentials,  // the account's token is wrong
  unknown_to,   // there is no such thing, or no such person
  wait          // later
};

// Codes of api.twilio.com and of WhatsApp's failures (https://www.twilio.com/docs/api/errors). Twilio refines
// them often: what is not known is final and shows the code.
Meaning meaning_of(int code);

// The text of a code: its own, or the one that quotes Twilio's words.
struct CodeText {
  CodeText(int code, const std::string& description);
  std::string id;
  Json args;
};

}  // namespace twilio
