#pragma once

#include <string>
#include <utility>

#include <patchbay/error.hpp>

#include "using.hpp"

namespace telegram {

// What a method does when it is repeated: reading ones may always be, acting ones only when nothing happened.
enum class Effect { reads, acts };

// An answer of the Bot API that is not {"ok": true}.
struct ApiAnswer {
  ApiAnswer(std::string method_, int status_, Json body_)
      : method(std::move(method_)), status(status_), body(std::move(body_)) {}
  std::string method;
  int status;
  Json body;                // null when it was not JSON
  std::string retry_after;  // the header
};

// What it means for whoever called. Pure. A chat that moved is in the detail "moved_to". Texts hold no token.
patchbay::Error error_of(const ApiAnswer& answer, Effect effect);

// Words of a server with everything that looks like a bot's token taken out, and cut to a line of 300
// characters.
std::string harmless(const std::string& words);

// A web address to show to people: without a token in it, a password, or what stands behind its "?".
std::string harmless_address(const std::string& url);

}  // namespace telegram
