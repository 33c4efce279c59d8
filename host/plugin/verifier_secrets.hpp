#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "plugin/manifest.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {

// How long a route accepts what its secret was before, so that no webhook is lost while the provider changes
// over (plugin-needs N4).
constexpr Duration kFormerLife = std::chrono::hours(24);

// Whether a verifier of the plugin's routes checks with it. `scope`: "integration" or "profile".
bool is_verifier_secret(const Manifest& manifest, const std::string& scope, const std::string& name);

// Puts a secret into the vault; what a verifier checks with keeps its former value for a day.
void store_secret(store::Session& session, const vault::Vault& vault, const Manifest& manifest,
                  const vault::SecretName& name, const std::string& value, TimePoint now,
                  std::optional<std::int64_t> expires_at = {});

}  // namespace patchbay::plugin
