#include "web/access.hpp"

#include <array>

#include "base/error.hpp"
#include "schema/nearest.hpp"

namespace patchbay::web {
namespace {

constexpr std::array<std::string_view, kOperationCount> kNames = {
    "public",         "chats:read",      "chats:write", "files:read",   "files:write", "integrations:read",
    "integrations:manage", "plugins:read", "plugins:manage", "inbox:read", "inbox:manage", "status:read",
    "tokens:manage"};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

std::string_view operation_name(Operation operation) { return kNames.at(static_cast<std::size_t>(operation)); }

Operations Operations::everything() {
  Operations all;
  for (int i = 1; i < kOperationCount; ++i) all.add(static_cast<Operation>(i));
  return all;
}

const std::vector<std::string>& scope_names() {
  static const auto* names =
      new std::vector<std::string>{"admin", "read", "chats", "integrations", "plugins", "inbox", "status"};
  return *names;
}

std::optional<Operations> scope_operations(std::string_view scope) {
  using enum Operation;
  if (scope == "admin") return Operations::everything();
  if (scope == "read") {
    return Operations{read_chats, read_files, read_integrations, read_plugins, read_inbox, read_status};
  }
  if (scope == "chats") return Operations{read_chats, write_chats, read_files, write_files};
  if (scope == "integrations") return Operations{read_integrations, manage_integrations, read_plugins};
  if (scope == "plugins") return Operations{read_plugins, manage_plugins};
  if (scope == "inbox") return Operations{read_inbox, manage_inbox};
  if (scope == "status") return Operations{read_status};
  return std::nullopt;
}

Operations parse_scopes(std::string_view scopes) {
  Operations all;
  bool any = false;
  while (!scopes.empty()) {
    const auto end = scopes.find_first_of(" ,");
    const auto word = scopes.substr(0, end);
    scopes = end == scopes.npos ? std::string_view() : scopes.substr(end + 1);
    if (word.empty()) continue;
    const auto found = scope_operations(word);
    if (!found) {
      const auto near = schema::nearest(word, scope_names());
      const std::string id = near.empty() ? "web.unknown_scope" : "web.unknown_scope_nearest";
      throw Error(Code::invalid,
                  Text(id, {{"scope", std::string(word)}, {"nearest", near}, {"known", joined(scope_names())}}));
    }
    all.add(*found);
    any = true;
  }
  if (!any) throw Error(Code::invalid, Text("web.no_scope", {{"known", joined(scope_names())}}));
  return all;
}

}  // namespace patchbay::web
