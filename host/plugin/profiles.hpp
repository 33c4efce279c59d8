#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "plugin/manifest.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// An app or a server at a provider that integrations share (plugin-needs N1). Its secrets are in the vault,
// scope "profile".
struct Profile {
  Id id = 0;
  std::string plugin;
  std::string name;                     // one of a kind within the plugin
  std::string settings = "{}";          // JSON, without secrets
  std::optional<std::string> declared;  // under which name files of the configuration declare it
  std::int64_t created_at = 0;          // Unix milliseconds
  std::int64_t updated_at = 0;
};

// The table of profiles. Each function runs in the caller's transaction.
class Profiles {
 public:
  // Both throw Error{conflict} "plugin.profile_name" for a name that another profile of the plugin has.
  void insert(store::Session& session, const Profile& profile) const;
  // Name, settings, updated_at. False when it is not as `before` any more.
  bool update(store::Session& session, const Profile& before, const Profile& after) const;
  std::optional<Profile> find(store::Session& session, Id id) const;
  std::optional<Profile> named(store::Session& session, std::string_view plugin, std::string_view name) const;
  // Ordered by id, after `after`; at most `limit`.
  std::vector<Profile> list(store::Session& session, Id after, std::int64_t limit) const;
  std::vector<Profile> declared(store::Session& session) const;
  void set_declared(store::Session& session, Id id, const std::optional<std::string>& name) const;
  // Whether integrations or grants belong to it.
  bool is_used(store::Session& session, Id id) const;
  // Integrations that use it.
  std::vector<Id> users(store::Session& session, Id id) const;
  // False while integrations or grants belong to it.
  bool remove(store::Session& session, Id id) const;
};

// A grant that an integration uses under a name of the manifest.
struct UsedGrant {
  std::string name;
  Id grant = 0;
};

// In the order in which they are tried.
std::vector<UsedGrant> used_grants(store::Session& session, Id integration);
// Adds it, last of its name; nothing when it is there.
void use_grant(store::Session& session, Id integration, const std::string& name, Id grant);
void set_grants(store::Session& session, Id integration, const std::vector<UsedGrant>& grants);
// Who uses it.
std::vector<Id> users_of_grant(store::Session& session, Id grant);

// `text` with every "{profile:/pointer}" replaced by that value of the profile's settings, percent-encoded
// unless it stands at the beginning. Throws
// Error{invalid} "plugin.profile_value" for one that is not set.
std::string fill_from_profile(std::string_view text, const std::string& settings);

// Whom the profile believes, as PEM; empty: whom the machine does.
std::string authorities_of(const Manifest& manifest, const std::string& settings);

}  // namespace patchbay::plugin
