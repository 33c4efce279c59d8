#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/error.hpp>
#include <patchbay/read.hpp>

namespace meta {

using patchbay::Json;

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

// What a code of a product means. `id`: the text, behind the product's prefix.
struct Known {
  static constexpr std::int64_t kAny = -1;
  std::int64_t code;
  std::int64_t subcode;  // kAny: whatever it is
  pb_code means;         // PB_DENIED: nothing can be written to this person
  const char* id;
  // Of PB_RATE_LIMITED, whom the pause concerns, and how long at least; else nothing.
  const char* scope = "integration";
  std::int64_t pause_ms = 0;
};

// How a product speaks of errors. The plugin's catalogue has the texts "<prefix>.token_dead", "rate_limited"
// (minutes), "permission", "refused" (description, code), "unavailable" and "outcome_unknown" (status), and
// those that `known` names.
struct Dialect {
  Dialect(std::string prefix_, std::vector<Known> known_)
      : prefix(std::move(prefix_)), known(std::move(known_)) {}
  std::string prefix;
  std::vector<Known> known;             // first match wins
  const char* limit_scope = "profile";  // whom a limit of the whole app (4) concerns
};

// What it means for whoever called. Codes decide, not the HTTP status; what is the same for all products
// (190, limits, permissions, passing faults) needs no entry in the dialect. Texts hold no token; the detail
// "graph_code" is the number. Pure.
patchbay::Error error_of(const GraphAnswer& answer, Effect effect, const Dialect& dialect);

// The number in an error of error_of(); 0: none.
std::int64_t code_in(const patchbay::Error& error);

// Words of a server without anything that may be a token, cut to a line of 300 characters.
std::string harmless(const std::string& words);

// An address without what stands behind "?" and "#", and without tokens: to be shown.
std::string harmless_address(const std::string& url);

}  // namespace meta
