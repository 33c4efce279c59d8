#include "plugin/verifier_secrets.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace patchbay::plugin {
namespace {

using nlohmann::json;

bool refers_to(const json& part, const std::string& reference) {
  if (part.is_string()) return part.get_ref<const std::string&>() == reference;
  return part.is_structured() && std::any_of(part.begin(), part.end(),
                                             [&](const json& inner) { return refers_to(inner, reference); });
}

}  // namespace

bool is_verifier_secret(const Manifest& manifest, const std::string& scope, const std::string& name) {
  const auto reference = (scope == "profile" ? "profile:" : "secret:") + name;
  return std::any_of(manifest.routes.begin(), manifest.routes.end(), [&](const RouteSpec& route) {
    return refers_to(json::parse(route.verify, nullptr, false), reference);
  });
}

void store_secret(store::Session& session, const vault::Vault& vault, const Manifest& manifest,
                  const vault::SecretName& name, const std::string& value, TimePoint now,
                  std::optional<std::int64_t> expires_at) {
  if (is_verifier_secret(manifest, name.scope, name.name))
    vault.replace(session, name, value, (now + kFormerLife).time_since_epoch().count(), expires_at);
  else
    vault.put(session, name, value, expires_at);
}

}  // namespace patchbay::plugin
