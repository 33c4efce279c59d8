#include "domain/settings/definition.hpp"

namespace patchbay::domain::settings {

const std::vector<Definition>& definitions() {
  static const auto* all = new std::vector<Definition>{
      {"OmniChatOperatorAcceptChatTimeout", Text("domain.settings.accept_timeout"),
       Text("domain.settings.accept_timeout_about"), "number", 5, 1, 24 * 60, "CanManageChats"},
      {"SimultaneousChats", Text("domain.settings.simultaneous_chats"),
       Text("domain.settings.simultaneous_chats_about"), "number", 5, 1, 1000, "CanManageChats"},
  };
  return *all;
}

const Definition* find_definition(std::string_view code) {
  for (const auto& one : definitions()) {
    if (one.code == code) return &one;
  }
  return nullptr;
}

}  // namespace patchbay::domain::settings
