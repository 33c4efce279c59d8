#include "lifecycle/credentials.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugin/settings.hpp"
#include "store/audit.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Profile;

namespace {

constexpr const char* kScope = "profile";
constexpr const char* kCallback = "/oauth/callback";

std::string words_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::string source_of(Id grant) {
  return "grant " + to_string_id(grant);
}

Error no_profile(Id id) {
  return Error(Code::not_found, Text("lifecycle.profile_not_found", {{"id", to_string_id(id)}}));
}

std::map<std::string, std::string> secrets_of(store::Session& session, const vault::Vault& vault,
                                              Id profile) {
  std::map<std::string, std::string> out;
  for (const auto& name : vault.names(session, kScope, profile)) {
    if (auto value = vault.get(session, vault::SecretName(kScope, profile, name)))
      out.emplace(name, std::move(*value));
  }
  return out;
}

}  // namespace

Credentials::Credentials(Parts parts)
    : parts_(std::move(parts)),
      tasks_(parts_.executor, [this](const std::string& name, std::exception_ptr e) {
        parts_.logger.error("task failed", {{"task", name}, {"error", words_of(e)}});
      }) {}

asio::awaitable<void> Credentials::start() {
  auto read = [this](store::Session& session) {
    std::vector<std::string> all;
    for (const auto& profile : plugin::Profiles().list(session, 0, 1'000'000)) {
      for (auto& [name, value] : secrets_of(session, parts_.vault, profile.id))
        all.push_back(std::move(value));
    }
    return all;
  };
  const auto all = co_await parts_.store.read(std::move(read));
  for (const auto& value : all) parts_.redactor.add(value);
}

asio::awaitable<void> Credentials::stop() {
  co_await tasks_.stop();
}

std::shared_ptr<const plugin::Manifest> Credentials::manifest_of(const std::string& plugin) const {
  auto manifest = parts_.catalogue.find(plugin);
  if (!manifest) throw Error(Code::unavailable, Text("lifecycle.plugin_missing", {{"plugin", plugin}}));
  return manifest;
}

void Credentials::audit(store::Session& session, const std::string& who, const char* action, const char* kind,
                        Id id) const {
  store::write_audit(session,
                     store::AuditEntry(parts_.ids.next(), parts_.clock.now().time_since_epoch().count(), who,
                                       action, std::string(kind) + ":" + to_string_id(id)));
}

asio::awaitable<Profile> Credentials::load(Id profile) const {
  auto find = [profile](store::Session& session) { return plugin::Profiles().find(session, profile); };
  auto found = co_await parts_.store.read(std::move(find));
  if (!found) throw no_profile(profile);
  co_return std::move(*found);
}

asio::awaitable<Profile> Credentials::create_profile(NewProfile wanted, std::string who) {
  const auto manifest = parts_.catalogue.find(wanted.plugin);
  if (!manifest || manifest->profile.schema.empty()) {
    const Text words(manifest ? "lifecycle.knows_no_profiles" : "plugin.unknown",
                     {{"plugin", wanted.plugin}});
    throw Error(Code::invalid, words).add(Diagnostic("/plugin", words));
  }
  auto split = plugin::split_settings(plugin::profile_form(*manifest), wanted.settings, {});
  plugin::generate_missing(manifest->profile.secrets, split.secrets);
  Profile profile;
  profile.id = parts_.ids.next();
  profile.plugin = manifest->id;
  profile.name = wanted.name.empty() ? manifest->profile.title : wanted.name;
  profile.settings = split.settings;
  profile.created_at = profile.updated_at = parts_.clock.now().time_since_epoch().count();
  for (const auto& [name, value] : split.secrets) parts_.redactor.add(value);
  auto work = [this, profile, who, secrets = std::move(split.secrets)](store::Session& session) {
    plugin::Profiles().insert(session, profile);
    for (const auto& [name, value] : secrets)
      parts_.vault.put(session, vault::SecretName(kScope, profile.id, name), value);
    audit(session, who, "profile.create", kScope, profile.id);
  };
  co_await parts_.store.write(std::move(work));
  co_return profile;
}

asio::awaitable<Profile> Credentials::change_profile(Id id, ProfileChange change, std::string who) {
  auto profile = co_await load(id);
  const auto manifest = manifest_of(profile.plugin);
  auto read = [this, id](store::Session& session) { return secrets_of(session, parts_.vault, id); };
  const auto before = co_await parts_.store.read(std::move(read));
  std::map<std::string, std::string> given;
  if (change.name) profile.name = *change.name;
  if (change.settings) {
    const auto form = plugin::profile_form(*manifest);
    const auto merged = plugin::merge_settings(profile.settings, *change.settings);
    auto split = plugin::split_settings(form, merged, before);
    plugin::require_secrets_for_new_hosts(form, profile.settings, split.settings, *change.settings);
    profile.settings = split.settings;
    given = std::move(split.secrets);
  }
  profile.updated_at = parts_.clock.now().time_since_epoch().count();
  for (const auto& [name, value] : given) parts_.redactor.add(value);
  auto work = [this, profile, who, given](store::Session& session) {
    plugin::Profiles().update(session, profile);
    for (const auto& [name, value] : given)
      parts_.vault.put(session, vault::SecretName(kScope, profile.id, name), value);
    audit(session, who, "profile.change", kScope, profile.id);
    return plugin::Profiles().users(session, profile.id);
  };
  const auto users = co_await parts_.store.write(std::move(work));
  if (change.settings) {
    for (const auto integration : users) tasks_.spawn("follow a profile", reconfigure(integration));
  }
  co_return profile;
}

asio::awaitable<void> Credentials::remove_profile(Id id, std::string who) {
  const auto profile = co_await load(id);
  auto work = [this, id, who](store::Session& session) {
    if (!plugin::Profiles().remove(session, id)) return false;
    parts_.vault.remove_all(session, kScope, id);
    audit(session, who, "profile.remove", kScope, id);
    return true;
  };
  const bool removed = co_await parts_.store.write(std::move(work));
  if (!removed) throw Error(Code::conflict, Text("lifecycle.profile_used", {{"name", profile.name}}));
}

asio::awaitable<oauth::Provider> Credentials::provider_of(std::string plugin, std::string name,
                                                          std::optional<Id> profile) const {
  const auto manifest = manifest_of(plugin);
  const auto found = manifest->grants.find(name);
  if (found == manifest->grants.end()) {
    const Text words("plugin.no_such_grant", {{"grant", name}});
    throw Error(Code::invalid, words).add(Diagnostic("/grant", words));
  }
  const auto& spec = found->second;
  std::string settings = "{}";
  oauth::Provider out;
  if (profile) {
    const auto known = co_await load(*profile);
    settings = known.settings;
    if (!spec.client_secret.empty()) {
      auto read = [this, id = *profile, secret = spec.client_secret](store::Session& session) {
        return parts_.vault.get(session, vault::SecretName(kScope, id, secret)).value_or("");
      };
      out.client_secret = co_await parts_.store.read(std::move(read));
    }
  }
  const auto filled = [&settings](const std::string& text) {
    return plugin::fill_from_profile(text, settings);
  };
  out.issuer = filled(spec.issuer);
  out.authorize = filled(spec.authorize);
  out.token = filled(spec.token);
  out.revoke = filled(spec.revoke);
  out.device = filled(spec.device);
  out.client_id = filled(spec.client_id);
  out.secret_in_body = spec.secret_in_body;
  out.scopes = spec.scopes;
  for (const auto& [parameter, value] : spec.parameters) out.parameters[parameter] = filled(value);
  co_return out;
}

asio::awaitable<oauth::SignIn> Credentials::sign_in(WantedSignIn wanted, std::string who) {
  oauth::SignIns::Wanted out;
  out.started_by = std::move(who);
  out.name = wanted.name;
  out.profile = wanted.profile;
  if (wanted.again) {
    auto find = [this, id = *wanted.again](store::Session& session) {
      return oauth::Grants(parts_.vault).find(session, id);
    };
    const auto grant = co_await parts_.store.read(std::move(find));
    if (!grant) throw Error(Code::not_found, Text("oauth.no_grant", {{"id", to_string_id(*wanted.again)}}));
    out.grant = grant->id;
    out.plugin = grant->plugin;
    out.name = grant->name;
    out.profile = grant->profile;
  } else if (wanted.integration) {
    auto find = [id = *wanted.integration](store::Session& session) {
      return plugin::Integrations().find(session, id);
    };
    const auto integration = co_await parts_.store.read(std::move(find));
    if (!integration)
      throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", to_string_id(*wanted.integration)}}));
    out.integration = integration->id;
    out.plugin = integration->plugin;
    out.profile = integration->profile;
  } else if (wanted.profile) {
    const auto known = co_await load(*wanted.profile);
    out.plugin = known.plugin;
  } else {
    throw Error(Code::invalid, Text("lifecycle.sign_in_for_what"));
  }
  if (wanted.on_device) co_return co_await parts_.sign_ins.begin_device(std::move(out));
  auto redirect_uri = parts_.address() + kCallback;
  co_return co_await parts_.sign_ins.begin_code(std::move(out), std::move(redirect_uri));
}

asio::awaitable<bool> Credentials::remove_grant(Id id, std::string who) {
  auto look = [id](store::Session& session) {
    std::string names;
    for (const auto user : plugin::users_of_grant(session, id)) {
      const auto integration = plugin::Integrations().find(session, user);
      if (integration && plugin::is_connected(integration->state))
        names += (names.empty() ? "" : ", ") + integration->name;
    }
    return names;
  };
  const auto names = co_await parts_.store.read(std::move(look));
  if (!names.empty()) throw Error(Code::conflict, Text("lifecycle.grant_used", {{"names", names}}));
  auto also = [this, id, who](store::Session& session) {
    session.exec("delete from integration_grants where grant_id = :id", {id});
    audit(session, who, "grant.remove", "grant", id);
  };
  co_return co_await parts_.tokens.revoke(id, std::move(also));
}

void Credentials::attach(store::Session& session, const oauth::SignIn& done) const {
  if (!done.integration || !done.grant) return;
  plugin::use_grant(session, *done.integration, done.name, *done.grant);
}

asio::awaitable<std::vector<Id>> Credentials::users(Id grant) const {
  auto find = [grant](store::Session& session) { return plugin::users_of_grant(session, grant); };
  co_return co_await parts_.store.read(std::move(find));
}

asio::awaitable<void> Credentials::reconfigure(Id integration) {
  try {
    co_await parts_.lifecycle.reconfigure(integration);
  } catch (const Error& error) {
    parts_.logger.warn("an integration does not work with what it shares now",
                       {{"integration", to_string_id(integration)}, {"error", error.what()}});
  }
}

asio::awaitable<void> Credentials::reconfigure_users(Id grant) {
  const auto all = co_await users(grant);
  for (const auto integration : all) {
    parts_.lifecycle.well(integration, source_of(grant));
    co_await reconfigure(integration);
  }
}

asio::awaitable<void> Credentials::tell_signed_out(Id grant, std::string why) {
  auto find = [this, grant](store::Session& session) {
    const oauth::Grants table(parts_.vault);
    std::vector<Id> out;
    for (const auto integration : plugin::users_of_grant(session, grant)) {
      const auto used = plugin::used_grants(session, integration);
      const auto name =
          std::find_if(used.begin(), used.end(), [&](const auto& each) { return each.grant == grant; });
      const bool another = std::any_of(used.begin(), used.end(), [&](const auto& each) {
        const auto other = each.name == name->name ? table.find(session, each.grant) : std::nullopt;
        return other && other->works;
      });
      if (!another) out.push_back(integration);
    }
    return out;
  };
  const auto all = co_await parts_.store.read(std::move(find));
  for (const auto integration : all) parts_.lifecycle.unauthenticated(integration, why);
}

asio::awaitable<void> Credentials::tell_trouble(Id grant, Code code, std::string why) {
  const auto all = co_await users(grant);
  for (const auto integration : all) parts_.lifecycle.trouble(integration, source_of(grant), code, why);
}

asio::awaitable<void> Credentials::tell_well(Id grant) {
  const auto all = co_await users(grant);
  for (const auto integration : all) parts_.lifecycle.well(integration, source_of(grant));
}

void Credentials::signed_in(const oauth::SignIn& done) {
  tasks_.spawn("follow a sign-in", reconfigure_users(done.grant.value_or(0)));
}

void Credentials::signed_out(Id grant, std::string why) {
  tasks_.spawn("tell that somebody has to sign in", tell_signed_out(grant, std::move(why)));
}

void Credentials::trouble(Id grant, Code code, std::string why) {
  tasks_.spawn("tell of a grant", tell_trouble(grant, code, std::move(why)));
}

void Credentials::well(Id grant) {
  tasks_.spawn("tell of a grant", tell_well(grant));
}

}  // namespace patchbay::lifecycle
