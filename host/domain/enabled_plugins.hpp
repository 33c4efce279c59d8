#pragma once

#include <memory>
#include <vector>

#include "plugin/catalogue.hpp"

namespace patchbay::domain {

// Of each plugin that may run here, the version that does, or would.
inline std::vector<std::shared_ptr<const plugin::Manifest>> enabled_plugins(
    const plugin::Catalogue& catalogue) {
  std::vector<std::shared_ptr<const plugin::Manifest>> all;
  for (const auto& entry : catalogue.list()) {
    const bool is_found = entry.state == plugin::CatalogueEntry::State::found;  // and not enabled
    if (entry.manifest && !is_found && plugin::goes_first(entry.state)) all.push_back(entry.manifest);
  }
  return all;
}

}  // namespace patchbay::domain
