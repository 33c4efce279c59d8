#include "domain/processes/of_plugins.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "domain/enabled_plugins.hpp"

namespace patchbay::domain::processes {

std::vector<Process> processes_of(const plugin::Catalogue& catalogue) {
  std::vector<Process> all;
  for (const auto& manifest : enabled_plugins(catalogue)) {
    for (const auto& document : manifest->processes) {
      try {
        auto process = read_plugin_process(nlohmann::json::parse(document), manifest->id);
        const auto is_it = [&](const Process& one) { return one.code == process.code; };
        if (std::none_of(all.begin(), all.end(), is_it)) all.push_back(std::move(process));
      } catch (const Error&) {
        // What the manifest's schema cannot say.
      }
    }
  }
  return all;
}

}  // namespace patchbay::domain::processes
