#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace patchbay {

// One list of codes for the plugin seam, the wire, the outbox and the API; numbers are those of
// patchbay/abi.h and never change meaning. What the host does on each is said in sdk/docs/contract.md.
enum class Code : std::int32_t {
  ok = 0,
  invalid = 1,
  unauthenticated = 2,
  denied = 3,
  not_found = 4,
  conflict = 5,
  rate_limited = 6,
  unavailable = 7,
  deadline = 8,
  cancelled = 9,
  unsupported = 10,
  outcome_unknown = 11,
  internal = 12,
};

// "rate_limited"; the word in logs, API and database.
std::string_view code_name(Code code);
// A number that came from outside; unknown ones read as `internal`.
Code code_from(std::int32_t number);

// One finding about input: where (a JSON Pointer, RFC 6901, into what was given), what is wrong, what to do.
struct Diagnostic {
  enum class Severity { error, warning };

  Diagnostic(std::string path_, Text summary_, Text remedy_ = {}, Severity severity_ = Severity::error);

  Severity severity;
  std::string path;
  Text summary;
  Text remedy;
};

// What ends the current request. Thrown inside the host, caught only at the roots (seam, spawned task,
// request handler, job runner, main). Expected outcomes are return values instead.
class Error : public std::exception {
 public:
  Error(Code code, Text text);

  Error& retry_after(std::chrono::milliseconds delay);
  Error& add(Diagnostic diagnostic);

  Code code() const { return code_; }
  const Text& text() const { return text_; }
  std::chrono::milliseconds retry_after() const { return retry_after_; }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  // Text and findings as they are kept in a row (Text::kept).
  std::string kept() const;
  // English, for logs.
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  Code code_;
  Text text_;
  std::string what_;
  std::chrono::milliseconds retry_after_{0};
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace patchbay
