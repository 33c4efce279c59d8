#include "lifecycle/impl/shared.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "oauth/grants.hpp"

namespace patchbay::lifecycle {
namespace {

using nlohmann::json;

Error at(const char* path, Text words) {
  Error error(Code::invalid, words);
  error.add(Diagnostic(path, words));
  return error;
}

void require_profile(store::Session& session, const plugin::Manifest& manifest, bool is_draft,
                     std::optional<Id>& profile) {
  if (profile) {
    const auto found = plugin::Profiles().find(session, *profile);
    if (found && found->plugin == manifest.id) return;
    throw at("/profile",
             Text("lifecycle.no_such_profile", {{"id", to_string_id(*profile)}, {"plugin", manifest.title}}));
  }
  if (manifest.profile.schema.empty()) return;
  const auto all =
      session.query("select id from profiles where plugin = :plugin order by id limit 2", {manifest.id});
  if (all.size() == 1) profile = all.front().integer(0);
  if (!profile && !is_draft)
    throw at("/profile", Text("lifecycle.profile_missing",
                              {{"plugin", manifest.title}, {"profile", manifest.profile.title}}));
}

}  // namespace

void require_shared(store::Session& session, const vault::Vault& vault, const plugin::Manifest& manifest,
                    bool is_draft, const std::vector<plugin::UsedGrant>& grants, std::optional<Id>& profile) {
  require_profile(session, manifest, is_draft, profile);
  const oauth::Grants table(vault);
  for (const auto& used : grants) {
    const auto grant = table.find(session, used.grant);
    const bool fits = grant && manifest.grants.contains(used.name) && grant->plugin == manifest.id &&
                      grant->name == used.name && (!grant->profile || grant->profile == profile);
    if (!fits)
      throw at("/grants",
               Text("lifecycle.no_such_grant", {{"id", to_string_id(used.grant)}, {"name", used.name}}));
  }
}

Shared read_shared(store::Session& session, const vault::Vault& vault,
                   const plugin::Integration& integration) {
  Shared shared;
  if (integration.profile) shared.profile = plugin::Profiles().find(session, *integration.profile);
  shared.used = plugin::used_grants(session, integration.id);
  const oauth::Grants table(vault);
  auto told = json::array();
  for (const auto& used : shared.used) {
    const auto grant = table.find(session, used.grant);
    if (!grant) continue;
    told.push_back({{"name", used.name},
                    {"id", to_string_id(grant->id)},
                    {"title", grant->title},
                    {"identity", grant->identity},
                    {"state", grant->works ? "active" : "sign_in_again"},
                    {"scopes", grant->scopes}});
  }
  shared.grants = told.dump();
  return shared;
}

void add_shared(const Shared& shared, RunSpec& spec) {
  for (const auto& used : shared.used) spec.grants[used.name].push_back(used.grant);
  if (!shared.profile) return;
  spec.profile = shared.profile->id;
  spec.profile_settings = shared.profile->settings;
}

std::vector<std::string> RouteSecrets::former_values() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : former) out.push_back(value);
  return out;
}

void add_formers(store::Session& session, const vault::Vault& vault, const std::string& scope, Id owner,
                 const std::string& prefix, RouteSecrets& secrets) {
  for (auto& [name, former] : vault.formers(session, scope, owner)) {
    if (!secrets.values.contains(prefix + name)) continue;
    secrets.until = std::min(secrets.until.value_or(former.until), former.until);
    secrets.former[prefix + name] = former.value;
  }
}

void add_profile(store::Session& session, const vault::Vault& vault, Id profile, RouteSecrets& secrets) {
  for (const auto& name : vault.names(session, "profile", profile)) {
    auto value = vault.get(session, vault::SecretName("profile", profile, name));
    if (value) secrets.values.emplace("profile:" + name, std::move(*value));
  }
  add_formers(session, vault, "profile", profile, "profile:", secrets);
}

hooks::SecretLookup lookup_in(RouteSecrets secrets) {
  return [secrets = std::move(secrets)](const std::string& reference) {
    constexpr std::string_view kPrefix = "secret:";
    const auto name = reference.rfind(kPrefix, 0) == 0 ? reference.substr(kPrefix.size()) : reference;
    std::vector<std::string> all;
    for (const auto* values : {&secrets.values, &secrets.former}) {
      const auto found = values->find(name);
      if (found != values->end()) all.push_back(found->second);
    }
    return all;
  };
}

}  // namespace patchbay::lifecycle
