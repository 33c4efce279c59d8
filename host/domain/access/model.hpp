#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/text.hpp"

namespace patchbay::domain::access {

// What somebody may do (ACC-1).
struct Operation {
  std::string_view code;  // "CanManageChats"
  Text about;
};

// All there are, sorted by code.
const std::vector<Operation>& operations();

// A person. Never removed, since histories name them; who is not active can do nothing and is asked nothing.
struct User {
  Id id = 0;
  std::string login;  // lower case, one of a kind
  std::string name;   // shown to people
  std::optional<std::string> email;
  std::string language = "en";
  bool active = true;
  std::vector<std::string> operations;  // granted directly, sorted
  std::int64_t created_at = 0;          // Unix milliseconds, here and below
  std::int64_t updated_at = 0;
};

// Roles form trees: members of a role are members of those above it, and have what is granted to those.
struct Role {
  Id id = 0;
  std::string name;  // one of a kind
  std::string kind;  // organisational (a part of the company) or functional (what people do)
  std::optional<Id> parent;
  std::vector<std::string> operations;  // granted directly, sorted
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

}  // namespace patchbay::domain::access
