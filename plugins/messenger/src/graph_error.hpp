#pragma once

#include <map>
#include <string>
#include <utility>

#include <patchbay/error.hpp>

#include "read.hpp"

namespace messenger {

// What a call does when it is repeated: reading ones may always be, acting ones only when nothing happened.
enum class Effect { reads, acts };

// An answer of the Graph API that is not what was asked for.
struct GraphAnswer {
  GraphAnswer(int status_, Json body_) : status(status_), body(std::move(body_)) {}
  int status;
  Json body;                                   // null when it was not JSON
  std::map<std::string, std::string> headers;  // names in lower case
};

// The numbers of an error envelope; 0 where there is none.
struct GraphCode {
  explicit GraphCode(const Json& body);
  std::int64_t code;
  std::int64_t subcode;
};

// What it means for whoever called (Meta's error codes of the Graph API and the Messenger Platform; the table
// is in README.md). Pure. Texts hold no token.
patchbay::Error error_of(const GraphAnswer& answer, Effect effect);

// The conversation belongs to another app: subcode 2018300.
bool is_not_owner(const patchbay::Error& error);

// Words of a server without anything that may be a token, cut to a line of 300 characters.
std::string harmless(const std::string& words);

}  // namespace messenger
