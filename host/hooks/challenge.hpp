#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hooks/request.hpp"
#include "hooks/secrets.hpp"

namespace patchbay::hooks {

// The proof of ownership that a provider asks for when an address is registered, as data:
//   {"when": {"method": "GET", "query": ["challenge"]}, "reply": {"text": "{query:challenge}"}}
//   {"when": {"method": "GET", "query": {"hub.mode": "text:subscribe", "hub.verify_token": "secret:verify"}},
//   "reply": ...}
//   {"when": ..., "reply": {"json": {"code": "{query:code}", "response":
//   "{hmac-sha256-hex:profile:secret:query:code}"}}}
// Such requests carry no signature, so they are answered before the verifier is asked, and nothing of them is
// stored. Immutable; any thread.
class Challenge {
 public:
  // Throws as Verifier::compile does.
  static Challenge compile(const std::string& spec, const SecretLookup& lookup);

  // Nothing when the request is no challenge (the query fields of "when" are not all there). Else the echo,
  // as text/plain or JSON, never sniffed; 401 when a field has not the wanted value, 400 when the echo would
  // be over 512 bytes.
  std::optional<Answer> answer(const Request& request) const;

  const std::string& method() const { return method_; }

 private:
  struct Condition {
    std::string field;
    std::vector<std::string> values;  // none: any value will do
  };
  // "plain{query:x}plain": what stands between braces is computed.
  struct Piece {
    enum class Kind { text, query, hmac };
    Kind kind = Kind::text;
    std::string text;  // words, or the name of the query field
    std::string key;
  };
  using Template = std::vector<Piece>;

  static Template parse_template(const std::string& text, const SecretLookup& lookup);
  static std::string fill(const Template& pieces, const Request& request);

  std::string method_;
  std::vector<Condition> conditions_;
  Template text_;
  std::vector<std::pair<std::string, Template>> members_;  // of the JSON reply; empty: the reply is text
};

}  // namespace patchbay::hooks
