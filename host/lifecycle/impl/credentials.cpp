#include "lifecycle/credentials.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"
#include "base/failure.hpp"
#include "plugin/integrations.hpp"
#include "plugin/settings.hpp"
#include "plugin/verifier_secrets.hpp"
#include "store/audit.hpp"
#include "tls/tls.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Profile;

namespace {

constexpr const char* kScope = "profile";
constexpr const char* kCallback = "/oauth/callback";
constexpr Id kNobody = 0;  // as who changed something: every host looks
constexpr Duration kLook{20'000};
constexpr Duration kFirstRepeat{20'000};
constexpr Duration kLongestRepeat{3'600'000};

std::string source_of(Id grant) {
  return "grant " + to_string_id(grant);
}

Error no_profile(Id id) {
  return Error(Code::not_found, Text("lifecycle.profile_not_found", {{"id", to_string_id(id)}}));
}

Error declared_elsewhere(const Profile& profile) {
  return Error(Code::conflict, Text("lifecycle.declared_elsewhere", {{"name", *profile.declared}}));
}

struct Secrets {
  std::map<std::string, std::string> values;
  std::vector<std::string> damaged;  // there, and cannot be read: to be entered anew
};

Secrets secrets_of(store::Session& session, const vault::Vault& vault, Id profile) {
  Secrets out;
  for (const auto& name : vault.names(session, kScope, profile)) {
    try {
      if (auto value = vault.get(session, vault::SecretName(kScope, profile, name)))
        out.values.emplace(name, std::move(*value));
    } catch (const Error& error) {
      if (error.code() != Code::internal) throw;
      out.damaged.push_back(name);
    }
  }
  return out;
}

// Those who use the profile's grants, and its own secret, trusted these addresses.
void require_same_addresses(const plugin::Manifest& manifest, const std::string& before,
                            const std::string& after) {
  const auto old_settings = nlohmann::json::parse(before);
  const auto new_settings = nlohmann::json::parse(after);
  const Text words("lifecycle.address_in_use");
  Error error(Code::invalid, words);
  const auto pointers = plugin::addresses_in_profile(manifest);
  for (const auto& pointer : pointers) {
    const nlohmann::json::json_pointer at(pointer);
    const auto value = [&](const nlohmann::json& settings) {
      return settings.contains(at) ? settings.at(at) : nlohmann::json();
    };
    if (value(old_settings) != value(new_settings))
      error.add(Diagnostic(pointer, words, Text("lifecycle.address_in_use_remedy")));
  }
  if (!error.diagnostics().empty()) throw error;
}

// What it would be refused for with every connection.
void check_authorities(const plugin::Manifest& manifest, const std::string& settings) {
  const auto pem = plugin::authorities_of(manifest, settings);
  if (pem.empty()) return;
  std::optional<Text> why;
  try {
    tls::Trust::of(pem);
  } catch (const Error& error) {
    why = error.text();
  }
  if (!why) return;
  const Text words("plugin.bad_settings", {{"plugin", manifest.title}});
  throw Error(Code::invalid, words).add(Diagnostic(manifest.profile.authorities, *why));
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
      auto secrets = secrets_of(session, parts_.vault, profile.id);
      for (const auto& name : secrets.damaged)
        parts_.logger.error("a secret of a profile cannot be read: enter it anew",
                            {{"profile", profile.name}, {"secret", name}});
      for (auto& [name, value] : secrets.values) all.push_back(std::move(value));
    }
    return all;
  };
  const auto all = co_await parts_.store.read(std::move(read));
  for (const auto& value : all) parts_.redactor.add(value);
  tasks_.spawn("look after those who have to sign in", watch());
}

asio::awaitable<void> Credentials::stop() {
  co_await tasks_.stop();
}

std::shared_ptr<const plugin::Manifest> Credentials::manifest_of(const std::string& plugin) const {
  auto manifest = parts_.catalogue.find_any(plugin);  // it has profiles, so it is enabled
  if (!manifest) throw Error(Code::unavailable, Text("lifecycle.plugin_missing", {{"plugin", plugin}}));
  return manifest;
}

void Credentials::audit(store::Session& session, const store::Actor& who, const char* action,
                        const char* kind, Id id) const {
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

asio::awaitable<Profile> Credentials::create_profile(NewProfile wanted, store::Actor who) {
  const auto manifest = parts_.catalogue.find_any(wanted.plugin);
  if (!manifest || manifest->profile.schema.empty()) {
    const Text words(manifest ? "lifecycle.knows_no_profiles" : "plugin.unknown",
                     {{"plugin", wanted.plugin}});
    throw Error(Code::invalid, words).add(Diagnostic("/plugin", words));
  }
  auto split = plugin::split_settings(plugin::profile_form(*manifest), wanted.settings, {});
  plugin::generate_missing(manifest->profile.secrets, split.secrets);
  check_authorities(*manifest, split.settings);
  Profile profile;
  profile.id = parts_.ids.next();
  profile.plugin = manifest->id;
  profile.name = wanted.name.empty() ? manifest->profile.title : wanted.name;
  profile.settings = split.settings;
  profile.declared = wanted.declared;
  profile.created_at = profile.updated_at = parts_.clock.now().time_since_epoch().count();
  for (const auto& [name, value] : split.secrets) parts_.redactor.add(value);
  auto work = [this, profile, who, secrets = std::move(split.secrets)](store::Session& session) {
    plugin::Profiles().insert(session, profile);
    plugin::enable(session, profile.plugin, who, parts_.ids.next(), profile.created_at);
    for (const auto& [name, value] : secrets)
      parts_.vault.put(session, vault::SecretName(kScope, profile.id, name), value);
    audit(session, who, "profile.create", kScope, profile.id);
  };
  const bool is_new = !parts_.catalogue.find(profile.plugin);
  co_await parts_.store.write(std::move(work));
  if (is_new && parts_.enabled) co_await parts_.enabled();
  co_await parts_.profiles_changed();
  co_return profile;
}

asio::awaitable<Profile> Credentials::change_profile(Id id, ProfileChange change, store::Actor who) {
  struct Present {
    std::optional<Profile> profile;
    Secrets secrets;
    bool used = false;
  };
  auto read = [this, id](store::Session& session) {
    const plugin::Profiles table;
    return Present{table.find(session, id), secrets_of(session, parts_.vault, id),
                   table.is_used(session, id)};
  };
  const auto present = co_await parts_.store.read(std::move(read));
  if (!present.profile) throw no_profile(id);
  const auto before = *present.profile;
  const auto manifest = manifest_of(before.plugin);
  if (before.declared && !change.by_declaration) {
    const bool fills_in = change.settings && !change.name &&
                          plugin::is_secrets_only(plugin::profile_form(*manifest), *change.settings);
    if (!fills_in) throw declared_elsewhere(before);
  }
  auto after = before;
  auto secrets = present.secrets.values;
  if (change.name) after.name = *change.name;
  if (change.settings) {
    const auto form = plugin::profile_form(*manifest);
    auto split = plugin::split_settings(form, plugin::merge_settings(before.settings, *change.settings),
                                        present.secrets.values);
    if (present.used) require_same_addresses(*manifest, before.settings, split.settings);
    plugin::require_secrets_for_new_hosts(form, before.settings, split.settings, *change.settings,
                                          present.secrets.values);
    check_authorities(*manifest, split.settings);
    after.settings = split.settings;
    for (auto& [name, value] : split.secrets) secrets[name] = std::move(value);
  }
  // Never the same twice: others see by it that something has changed.
  after.updated_at = std::max(parts_.clock.now().time_since_epoch().count(), before.updated_at + 1);
  for (const auto& [name, value] : secrets) {
    const auto known = present.secrets.values.find(name);
    if (known != present.secrets.values.end() && known->second == value) continue;
    const bool stays = plugin::is_verifier_secret(*manifest, kScope, name);  // as the former one
    if (known != present.secrets.values.end() && !stays) parts_.redactor.remove(known->second);
    parts_.redactor.add(value);
  }
  auto work = [this, before, after, who, secrets, manifest,
               ends = change.end_formers](store::Session& session) {
    const plugin::Profiles table;
    if (!table.update(session, before, after))
      throw Error(Code::conflict, Text("lifecycle.changed_meanwhile", {{"name", before.name}}));
    for (const auto& [name, value] : secrets)
      plugin::store_secret(session, parts_.vault, *manifest, vault::SecretName(kScope, after.id, name), value,
                           parts_.clock.now());
    if (ends) parts_.vault.set_formers(session, kScope, after.id, {});
    audit(session, who, "profile.change", kScope, after.id);
    auto all = table.users(session, after.id);
    // Every host follows, also when this one ends now.
    for (const auto user : all) plugin::Integrations().touch(session, user, kNobody);
    return all;
  };
  const auto all = co_await parts_.store.write(std::move(work));
  co_await parts_.profiles_changed();
  if (change.settings) {
    for (const auto integration : all) tasks_.spawn("follow a profile", reconfigure(integration));
  }
  co_return after;
}

asio::awaitable<void> Credentials::remove_profile(Id id, store::Actor who) {
  const auto profile = co_await load(id);
  if (profile.declared) throw declared_elsewhere(profile);
  auto work = [this, id, who](store::Session& session) {
    if (!plugin::Profiles().remove(session, id)) return false;
    parts_.vault.remove_all(session, kScope, id);
    audit(session, who, "profile.remove", kScope, id);
    return true;
  };
  const bool removed = co_await parts_.store.write(std::move(work));
  if (!removed) throw Error(Code::conflict, Text("lifecycle.profile_used", {{"name", profile.name}}));
  co_await parts_.profiles_changed();
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
  out.by_password = spec.by_password;
  out.issuer = filled(spec.issuer);
  out.authorize = filled(spec.authorize);
  out.token = filled(spec.token);
  out.revoke = filled(spec.revoke);
  out.device = filled(spec.device);
  out.client_id = filled(spec.client_id);
  out.secret_in_body = spec.secret_in_body;
  out.set_up_only = spec.set_up_only;
  out.authorities = plugin::authorities_of(*manifest, settings);
  out.scopes = spec.scopes;
  for (const auto& [parameter, value] : spec.parameters) out.parameters[parameter] = filled(value);
  co_return out;
}

asio::awaitable<oauth::SignIn> Credentials::sign_in(WantedSignIn wanted, store::Actor who) {
  oauth::SignIns::Wanted out;
  out.started_by = std::move(who.name);
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
  if (wanted.login)
    co_return co_await parts_.sign_ins.take_password(std::move(out), std::move(*wanted.login));
  if (wanted.on_device) co_return co_await parts_.sign_ins.begin_device(std::move(out));
  auto redirect_uri = parts_.address() + kCallback;
  co_return co_await parts_.sign_ins.begin_code(std::move(out), std::move(redirect_uri));
}

asio::awaitable<bool> Credentials::remove_grant(Id id, store::Actor who) {
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
  const plugin::Integrations table;
  // First, so that two who sign in for it do not meet.
  table.touch(session, *done.integration, kNobody);
  const auto integration = table.find(session, *done.integration);
  // It may have gone, or have been given another profile meanwhile.
  if (!integration || integration->plugin != done.plugin || integration->profile != done.profile) return;
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

// What a host that was killed has not told, or what did not work at once: whom a grant fails, and who waits
// though somebody has signed in.
asio::awaitable<void> Credentials::look() {
  struct Found {
    std::vector<std::pair<Id, std::string>> signed_out;
    std::vector<Id> waiting;
  };
  auto find = [](store::Session& session) {
    Found found;
    for (const auto& row : session.query("select i.id, max(g.reason) from integration_grants u join "
                                         "integrations i on i.id = u.integration join "
                                         "grants g on g.id = u.grant_id where i.state in ('active', "
                                         "'degraded') and not exists (select 1 from "
                                         "integration_grants o join grants w on w.id = o.grant_id where "
                                         "o.integration = u.integration and o.name = "
                                         "u.name and w.state = 'active') group by i.id"))
      found.signed_out.emplace_back(row.integer(0), row.text(1));
    for (const auto& row : session.query("select distinct i.id from integration_grants u join integrations i "
                                         "on i.id = u.integration join grants g "
                                         "on g.id = u.grant_id where i.state = 'sign_in_again' and g.state = "
                                         "'active' and g.signed_in_at > "
                                         "i.updated_at"))
      found.waiting.push_back(row.integer(0));
    return found;
  };
  const auto found = co_await parts_.store.read(std::move(find));
  for (const auto& [integration, why] : found.signed_out) {
    if (parts_.lifecycle.owns(integration)) parts_.lifecycle.unauthenticated(integration, why);
  }
  std::erase_if(tries_, [&](const auto& each) {
    return std::find(found.waiting.begin(), found.waiting.end(), each.first) == found.waiting.end();
  });
  const auto now = parts_.clock.monotonic();
  for (const auto integration : found.waiting) {
    auto& [times, next] = tries_[integration];
    if (!parts_.lifecycle.owns(integration) || now < next) continue;
    next = now + back_off(kFirstRepeat, kLongestRepeat, ++times);
    if (times > 1) co_await reconfigure(integration);  // the first try was that of the sign-in itself
  }
}

asio::awaitable<void> Credentials::watch() {
  for (;;) {
    try {
      co_await look();
    } catch (const Error& error) {
      parts_.logger.warn("who has to sign in cannot be looked after now", {{"error", error.what()}});
    }
    co_await parts_.clock.sleep(kLook);
  }
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
