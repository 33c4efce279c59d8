#pragma once

#include <map>
#include <string>

#include "store/store.hpp"

namespace patchbay::plugin {

// What an administrator said about a plugin.
struct Choice {
  std::string version;  // that is to run; empty: the newest
  bool disabled = false;

  bool operator==(const Choice&) const = default;
};
using Choices = std::map<std::string, Choice, std::less<>>;  // by plugin

Choices read_choices(store::Session& session);
// In the caller's transaction. `who`: who chose.
void write_choice(store::Session& session, const std::string& plugin, const Choice& choice,
                  const std::string& who, std::int64_t now);

}  // namespace patchbay::plugin
