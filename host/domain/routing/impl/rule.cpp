#include "domain/routing/rule.hpp"

#include "domain/routing/impl/rules/rules.hpp"

namespace patchbay::domain::routing {
namespace {

std::vector<const Rule*> rules() {
  return {&broadcast(), &least_busy()};
}

}  // namespace

const Rule* find_rule(std::string_view name) {
  for (const auto* rule : rules()) {
    if (rule->name() == name) return rule;
  }
  return nullptr;
}

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const auto* rule : rules()) names.push_back(rule->name());
  return names;
}

}  // namespace patchbay::domain::routing
