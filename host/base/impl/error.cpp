#include "base/error.hpp"

#include <array>
#include <map>

namespace patchbay {
namespace {

constexpr std::array<std::string_view, 13> kNames = {
    "ok",          "invalid",         "unauthenticated", "denied",   "not_found",
    "conflict",    "rate_limited",    "unavailable",     "deadline", "cancelled",
    "unsupported", "outcome_unknown", "internal"};

}  // namespace

std::string_view code_name(Code code) {
  return kNames.at(static_cast<std::size_t>(code));
}

Code code_from(std::int32_t number) {
  return number >= 0 && number < static_cast<std::int32_t>(kNames.size()) ? static_cast<Code>(number)
                                                                          : Code::internal;
}

Diagnostic::Diagnostic(std::string path_, Text summary_, Text remedy_, Severity severity_)
    : severity(severity_), path(std::move(path_)), summary(std::move(summary_)), remedy(std::move(remedy_)) {}

Error::Error(Code code, Text text) : code_(code), text_(std::move(text)), what_(text_.english()) {}

Error& Error::retry_after(std::chrono::milliseconds delay) {
  retry_after_ = delay;
  return *this;
}

Error& Error::add(Diagnostic diagnostic) {
  what_ += "; " + diagnostic.path + ": " + diagnostic.summary.english();
  diagnostics_.push_back(std::move(diagnostic));
  return *this;
}

std::string Error::kept() const {
  std::map<std::string, std::string> words;
  for (const auto& language : languages()) {
    auto& all = words[language];
    all = text_.in(language);
    for (const auto& d : diagnostics_) all += "; " + d.path + ": " + d.summary.in(language);
  }
  return Text::in_each(std::move(words)).kept();
}

}  // namespace patchbay
