#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "domain/routing/model.hpp"

namespace patchbay::domain::routing {

// How the operators of a queue get its chats. Constant, any thread. One more is a file in impl/rules and its
// line in impl/rule.cpp.
class Rule {
 public:
  virtual std::string_view name() const = 0;
  // True: choose() says who is asked to accept. False: a waiting chat is shown to everybody who may take one,
  // and the first to accept has it.
  virtual bool assigns() const = 0;
  // One of `free`, who may all take one more and are at least one; null where the rule does not assign.
  virtual const Operator* choose(std::span<const Operator* const> free) const = 0;

 protected:
  ~Rule() = default;
};

// Null for a name that is none. Rules are never destroyed.
const Rule* find_rule(std::string_view name);
std::vector<std::string_view> rule_names();

}  // namespace patchbay::domain::routing
