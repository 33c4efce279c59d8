#pragma once

#include <string>
#include <string_view>

namespace patchbay {

// One id from webhook to effect to reply (HOOK-5): a W3C traceparent, "00-<32 hex>-<16 hex>-01"
// (https://www.w3.org/TR/trace-context/).
class Trace {
 public:
  // A trace of its own.
  static Trace make();
  // Goes on with the trace of a caller; a malformed header starts a new one.
  static Trace from(std::string_view traceparent);

  const std::string& traceparent() const { return text_; }
  // The 32 hex digits that stay the same along the way: the id to search for.
  std::string_view id() const { return std::string_view(text_).substr(3, 32); }

 private:
  explicit Trace(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace patchbay
