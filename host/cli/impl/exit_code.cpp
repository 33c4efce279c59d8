#include "cli/exit_code.hpp"

#include <cstdlib>
#include <iostream>

#include <nlohmann/json.hpp>

namespace patchbay::cli {
namespace {

bool starts_with(const std::string& text, std::string_view prefix) {
  return text.rfind(prefix, 0) == 0;
}

}  // namespace

std::string language() {
  for (const auto* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const auto* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return language_of(value);
  }
  return "en";
}

int exit_code_of(const Error& error) {
  const auto& id = error.text().id();
  if (starts_with(id, "config.no_file")) return kNoInput;
  if (starts_with(id, "config.") || id == "cli.bad_opening" || starts_with(id, "vault.") ||
      id == "store.newer_schema")
    return kConfiguration;
  if (id == "store.second_host" || id == "store.older_schema") return kBusy;
  switch (error.code()) {
    case Code::ok:
      return kDone;
    case Code::invalid:
    case Code::not_found:
    case Code::conflict:
      return kBadInput;
    case Code::unauthenticated:
    case Code::denied:
      return kNotAllowed;
    case Code::unavailable:
    case Code::deadline:
      return kUnavailable;
    case Code::rate_limited:
      return kBusy;
    default:
      return kInternal;
  }
}

void print_error(const Error& error, bool as_json) {
  const auto in = language();
  if (as_json) {
    auto findings = nlohmann::json::array();
    for (const auto& each : error.diagnostics())
      findings.push_back(
          {{"path", each.path}, {"summary", each.summary.in(in)}, {"remedy", each.remedy.in(in)}});
    const nlohmann::json shown = {{"error", error.text().in(in)},
                                  {"code", std::string(code_name(error.code()))},
                                  {"exit_code", exit_code_of(error)},
                                  {"errors", std::move(findings)}};
    std::cerr << shown.dump() << '\n';
    return;
  }
  std::cerr << "patchbay: " << error.text().in(in) << '\n';
  for (const auto& diagnostic : error.diagnostics()) {
    std::cerr << "  " << diagnostic.path << ": " << diagnostic.summary.in(in);
    if (!diagnostic.remedy.empty()) std::cerr << ". " << diagnostic.remedy.in(in);
    std::cerr << '\n';
  }
}

}  // namespace patchbay::cli
