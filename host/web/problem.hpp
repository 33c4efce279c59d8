#pragma once

#include <exception>
#include <string_view>

#include "base/error.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// An error whose HTTP status says more than its code: 405, 413, 415, 431 and the like.
class StatusError : public Error {
 public:
  StatusError(int status, Text text, Code code = Code::invalid)
      : Error(code, std::move(text)), status_(status) {}

  int status() const { return status_; }
  Headers headers;  // go into the answer: Allow, WWW-Authenticate

 private:
  int status_;
};

// The status for a code: invalid 422, unauthenticated 401, denied 403, not_found 404, conflict 409,
// rate_limited 429, unavailable 503, deadline 504, unsupported 501, outcome_unknown 502, internal 500.
int status_of(Code code);
// "Not Found"; RFC 9110's words, or empty.
std::string_view reason_of(int status);

// RFC 9457: {type, title, status, detail, code, errors: [{pointer, detail}], request_id} in the reader's
// language. Internal errors tell no detail. 429 and 503 carry Retry-After, 401 WWW-Authenticate.
Response problem(const Error& error, std::string_view language, std::string_view request_id);

}  // namespace patchbay::web
