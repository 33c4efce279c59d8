#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "hooks/secrets.hpp"
#include "lifecycle/runner.hpp"
#include "plugin/integration.hpp"
#include "plugin/manifest.hpp"
#include "plugin/profiles.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::lifecycle {

// What an integration shares with others: its profile and its grants (plugin-needs N1).

// Whether it may use them: both are the plugin's, the grants the profile's. Chooses the profile where only
// one can be meant. Throws Error{invalid} with findings at /profile and /grants.
void require_shared(store::Session& session, const vault::Vault& vault, const plugin::Manifest& manifest,
                    bool is_draft, const std::vector<plugin::UsedGrant>& grants, std::optional<Id>& profile);

// As configure tells it, and as services need it.
struct Shared {
  std::optional<plugin::Profile> profile;
  std::vector<plugin::UsedGrant> used;
  std::string grants;                  // JSON: [{"name", "id", "title", "identity", "state", "scopes"}]
  std::string system_settings = "{}";  // of the plugin's own, JSON
};
Shared read_shared(store::Session& session, const vault::Vault& vault,
                   const plugin::Integration& integration);
void add_shared(const Shared& shared, RunSpec& spec);

// What routes check with: those of an integration by their names, those of its profile as "profile:name".
struct RouteSecrets {
  explicit RouteSecrets(std::map<std::string, std::string> own = {}) : values(std::move(own)) {}

  std::map<std::string, std::string> values;
  std::map<std::string, std::string> former;  // accepted as well, of those that are there
  std::optional<std::int64_t> until;          // when the first of these ends, Unix milliseconds

  std::vector<std::string> former_values() const;
};
// Adds what secrets of the owner were before; `prefix` as in RouteSecrets.
void add_formers(store::Session& session, const vault::Vault& vault, const std::string& scope, Id owner,
                 const std::string& prefix, RouteSecrets& secrets);
// Adds those of a profile. Throws Error{internal} "vault.damaged" when one cannot be read.
void add_profile(store::Session& session, const vault::Vault& vault, Id profile, RouteSecrets& secrets);
hooks::SecretLookup lookup_in(RouteSecrets secrets);

}  // namespace patchbay::lifecycle
