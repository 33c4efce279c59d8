#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "patchbay/abi.h"

namespace patchbay {

using Json = nlohmann::json;

// One finding about the settings: where (a JSON Pointer into them), what is wrong, what to do about it.
class Diagnostic {
 public:
  Diagnostic(std::string path_, std::string summary_, std::string remedy_ = {})
      : path(std::move(path_)), summary(std::move(summary_)), remedy(std::move(remedy_)) {}

  // Names the sentence in locales/<language>.json; `summary` stays the English fallback.
  Diagnostic& with_text(std::string id, Json args_ = Json::object()) {
    text_id = std::move(id);
    args = std::move(args_);
    return *this;
  }
  Diagnostic& as_warning() {
    severity = "warning";
    return *this;
  }

  Json to_json() const {
    Json out = {{"severity", severity}, {"path", path}, {"summary", summary}};
    if (!remedy.empty()) out["remedy"] = remedy;
    if (!text_id.empty()) {
      out["text_id"] = text_id;
      out["args"] = args;
    }
    return out;
  }

  std::string severity = "error";
  std::string path;
  std::string summary;
  std::string remedy;
  std::string text_id;
  Json args = Json::object();
};

// The word of a code in texts: "rate_limited". Unknown numbers read as "internal".
inline const char* code_name(pb_code code) noexcept {
  static constexpr const char* kNames[] = {"ok",        "invalid",   "unauthenticated", "denied",
                                           "not_found", "conflict",  "rate_limited",    "unavailable",
                                           "deadline",  "cancelled", "unsupported",     "outcome_unknown",
                                           "internal"};
  return code >= 0 && code <= PB_INTERNAL ? kNames[code] : "internal";
}

// The one way to fail. Throw it from a verb and the host gets it as a result; a failed host call throws it.
// What the host does on each code is said in the contract (docs/contract.md, "Errors").
//
//   throw Error(PB_RATE_LIMITED, "The provider asks to slow
//   down").retry_after(1500).in_scope("conversation");
class Error : public std::exception {
 public:
  // `text_`: one line of English for an administrator, without secrets: what failed, on what, what to do.
  Error(pb_code code_, std::string text_) : code(code_), text(std::move(text_)) {}

  Error& retry_after(std::int64_t milliseconds) {
    const std::int64_t top = UINT32_MAX;
    retry_after_ms = static_cast<std::uint32_t>(milliseconds < 0     ? 0
                                                : milliseconds > top ? top
                                                                     : milliseconds);
    return *this;
  }
  // Whom a pause concerns: "conversation", "integration" (the default), "grant" or "profile".
  Error& in_scope(std::string scope_) {
    scope = std::move(scope_);
    return *this;
  }
  // Names the sentence in locales/<language>.json; `text` stays the English fallback.
  Error& with_text(std::string id, Json args_ = Json::object()) {
    text_id = std::move(id);
    args = std::move(args_);
    return *this;
  }
  Error& with(Diagnostic diagnostic) {
    diagnostics.push_back(diagnostic.to_json());
    return *this;
  }
  // A field that a verb asks for on failure, as {"foreign": "https://..."} of pb.remote/1:register.
  Error& with_detail(const std::string& key, Json value) {
    details[key] = std::move(value);
    return *this;
  }

  const char* what() const noexcept override { return text.c_str(); }

  // The message of a failing result, null when there is nothing to say.
  Json to_json() const {
    Json out = details;
    if (!scope.empty()) out["scope"] = scope;
    if (!text_id.empty()) {
      out["text_id"] = text_id;
      out["args"] = args;
    }
    if (!diagnostics.empty()) out["diagnostics"] = diagnostics;
    return out.empty() ? Json() : out;
  }
  // The other way: what the host's failing result said. Wrong types are left out, never an error of their
  // own.
  Error& adopt(Json message) {
    if (!message.is_object()) return *this;
    take(message, "scope", scope);
    take(message, "text_id", text_id);
    if (auto found = message.find("args"); found != message.end()) args = std::move(*found);
    if (auto found = message.find("diagnostics"); found != message.end() && found->is_array())
      for (Json& each : *found) diagnostics.push_back(std::move(each));
    for (const char* known : {"scope", "text_id", "args", "diagnostics"}) message.erase(known);
    details = std::move(message);
    return *this;
  }

  pb_code code;
  std::string text;
  std::uint32_t retry_after_ms = 0;
  std::string scope;
  std::string text_id;
  Json args = Json::object();
  std::vector<Json> diagnostics;
  Json details = Json::object();

 private:
  static void take(const Json& message, const char* key, std::string& into) {
    if (auto found = message.find(key); found != message.end() && found->is_string())
      into = found->get<std::string>();
  }
};

// The document as text. Bytes that are no UTF-8 become U+FFFD instead of an exception.
inline std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Parses bytes that came from outside. Throws Error(code): `what` names them ("the webhook's body").
inline Json parse_json(std::string_view bytes, const std::string& what, pb_code code = PB_INVALID) {
  Json parsed = Json::parse(bytes, nullptr, false);
  if (parsed.is_discarded()) throw Error(code, what + " is not JSON");
  return parsed;
}

}  // namespace patchbay
