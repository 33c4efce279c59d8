#include "hooks/check_routes.hpp"

#include "hooks/route_table.hpp"

namespace patchbay::hooks {

// Mounted for nobody: every secret is there and everything is agreed to.
void check_routes(const plugin::Manifest& manifest) {
  RouteTable table("https://host.invalid");
  Mount mount(0, manifest.id, [](const std::string&) { return std::vector<std::string>{"secret"}; });
  mount.consent = true;
  for (auto spec : manifest.routes) {
    spec.cors.clear();  // names a setting
    mount.add(std::move(spec));
  }
  table.mount(std::move(mount));
}

}  // namespace patchbay::hooks
