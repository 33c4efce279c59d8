#pragma once

#include <string>

#include <patchbay/types.hpp>

#include "using.hpp"

namespace twilio {

// What a request does when it is repeated: reading ones may always be, acting ones only when nothing
// happened.
enum class Effect { reads, acts };

// An answer of the API with a status of 400 or more.
struct ApiAnswer {
  explicit ApiAnswer(int status_) : status(status_) {}
  int status;
  Json body;                // null when it was not JSON
  std::string retry_after;  // the header
};

// What it means for whoever called. Pure. The code is in the detail "twilio_code".
patchbay::Error error_of(const ApiAnswer& answer, Effect effect);

// The failure of a message, by its error_code.
patchbay::Error failure_of_code(int code, const std::string& description);

// Twilio's code in an error of the two above; 0: none.
int code_in(const patchbay::Error& error);

}  // namespace twilio
