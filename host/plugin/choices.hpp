#pragma once

#include <map>
#include <string>

#include "base/id.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// What an administrator said about a plugin. Of whom nothing was said is found and not enabled (HOST-1).
struct Choice {
  std::string version;  // that is to run; empty: the newest
  bool disabled = false;

  bool operator==(const Choice&) const = default;
};
using Choices = std::map<std::string, Choice, std::less<>>;  // by plugin

Choices read_choices(store::Session& session);
// In the caller's transaction. `who`: who chose.
void write_choice(store::Session& session, const std::string& plugin, const Choice& choice,
                  const store::Actor& who, std::int64_t now);
// Lets a plugin run of whom nothing was said, since `who` does what needs it; nothing else. `entry`: the id
// of the line in the audit log. In the caller's transaction.
void enable(store::Session& session, const std::string& plugin, const store::Actor& who, Id entry,
            std::int64_t now);
// Nothing was said of it from now on; one that has integrations or profiles stays enabled.
void forget_choice(store::Session& session, const std::string& plugin);

}  // namespace patchbay::plugin
