#include "web/access.hpp"

#include <array>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "domain/access/model.hpp"
#include "schema/nearest.hpp"

namespace patchbay::web {
namespace {

constexpr std::array<std::string_view, kOperationCount> kNames = {
    "public",          "chats:read",         "chats:write",          "files:read",
    "files:write",     "integrations:read",  "integrations:manage",  "plugins:read",
    "plugins:manage",  "inbox:read",         "inbox:manage",         "status:read",
    "tokens:manage",   "secrets:manage",     "access:read",          "access:manage",
    "session:own",     "chat-settings:read", "chat-settings:manage", "settings:read",
    "settings:manage", "records:read",       "records:write",        "objects:manage",
    "processes:read",  "processes:run",      "processes:manage",     "subscriptions:manage",
    "audit:read"};

struct Scope {
  std::string_view name;
  Operations operations;
};

const std::vector<Scope>& scopes() {
  using enum Operation;
  static const auto* all = new std::vector<Scope>{
      {"admin", Operations::everything()},
      {"read",
       {read_chats, read_files, read_integrations, read_plugins, read_inbox, read_status, read_access,
        read_chat_settings, read_settings, read_records, read_processes}},
      {"chats", {read_chats, write_chats, read_files, write_files}},
      {"records", {read_records, write_records}},
      {"processes", {read_processes, run_processes}},
      {"integrations", {read_integrations, manage_integrations, read_plugins}},
      {"plugins", {read_plugins, manage_plugins}},
      {"inbox", {read_inbox, manage_inbox}},
      {"status", {read_status}},
      {"audit", {read_audit}}};
  return *all;
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto end = list.find_first_of(" ,");
    if (end != 0) words.emplace_back(list.substr(0, end));
    list = end == list.npos ? std::string_view() : list.substr(end + 1);
  }
  return words;
}

Error unknown(const std::string& scope) {
  const auto near = schema::nearest(scope, scope_names());
  const std::string id = near.empty() ? "web.unknown_scope" : "web.unknown_scope_nearest";
  return Error(Code::invalid,
               Text(id, {{"scope", scope}, {"nearest", near}, {"known", joined(scope_names())}}));
}

}  // namespace

std::string_view operation_name(Operation operation) {
  return kNames.at(static_cast<std::size_t>(operation));
}

Operations Operations::everything() {
  Operations all;
  for (int i = 1; i < kOperationCount; ++i) all.add(static_cast<Operation>(i));
  return all;
}

const std::vector<std::string>& scope_names() {
  static const auto* names = [] {
    auto* all = new std::vector<std::string>();
    for (const auto& scope : scopes()) all->emplace_back(scope.name);
    return all;
  }();
  return *names;
}

std::optional<Operations> scope_operations(std::string_view name) {
  for (const auto& scope : scopes()) {
    if (scope.name == name) return scope.operations;
  }
  return std::nullopt;
}

Operations granted_operations(const std::set<std::string>& codes) {
  using enum Operation;
  Operations all{own_session, read_records, write_records, read_processes, run_processes};
  if (codes.contains("CanManageAdministration"))
    all.add({read_access, manage_access, manage_tokens, read_status, read_settings, manage_settings,
             manage_objects, manage_processes, manage_subscriptions, read_audit});
  if (codes.contains("CanManageChats"))
    all.add({read_chats, write_chats, read_files, write_files, read_chat_settings, manage_chat_settings,
             read_settings, manage_settings});
  if (codes.contains("CanManagePlugins"))
    all.add({read_plugins, manage_plugins, read_integrations, manage_integrations, read_inbox, manage_inbox,
             manage_secrets, read_status, read_settings, manage_settings});
  return all;
}

std::vector<std::string> granting_codes(Operation operation) {
  std::vector<std::string> codes;
  for (const auto& one : domain::access::operations()) {
    if (granted_operations({std::string(one.code)}).has(operation)) codes.emplace_back(one.code);
  }
  return codes;
}

Operations parse_scopes(std::string_view scopes) {
  Operations all;
  const auto words = words_of(scopes);
  if (words.empty()) throw Error(Code::invalid, Text("web.no_scope", {{"known", joined(scope_names())}}));
  for (const auto& word : words) {
    const auto found = scope_operations(word);
    if (!found) throw unknown(word);
    all.add(*found);
  }
  return all;
}

Operations known_scopes(std::string_view scopes) {
  Operations all;
  for (const auto& word : words_of(scopes)) {
    if (const auto found = scope_operations(word)) all.add(*found);
  }
  return all;
}

}  // namespace patchbay::web
