#include "lifecycle/portable.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugin/settings.hpp"
#include "schema/schema.hpp"

namespace patchbay::lifecycle {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_schemas();

namespace asio = boost::asio;
using nlohmann::json;
using plugin::Integration;
using plugin::State;

namespace {

constexpr const char* kFormat = "patchbay-setup-1";
constexpr std::int64_t kAll = 1'000'000;

const schema::Schema& document_schema() {
  static const auto* schema = new schema::Schema(
      schema::Schema::compile(json::parse(embedded_schemas().front().second), "schemas/portable.json"));
  return *schema;
}

// Names without values; what the host makes itself is made anew elsewhere.
json names_of(const std::vector<std::string>& names, const std::map<std::string, plugin::SecretSpec>& specs) {
  auto out = json::object();
  for (const auto& name : names) {
    const auto spec = specs.find(name);
    if (spec == specs.end() || spec->second.generate == 0) out[name] = nullptr;
  }
  return out;
}

// `settings` with the values of secrets at their places.
std::string with_secrets(json settings, const std::map<std::string, std::string>& secrets) {
  for (const auto& [name, value] : secrets) {
    auto pointer = "/" + name;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    settings[json::json_pointer(pointer)] = value;
  }
  return settings.dump();
}

// What changes `before` into `after` when it is laid over it (RFC 7396).
json patch_between(const json& before, const json& after) {
  auto patch = after;
  for (const auto& item : before.items()) {
    if (!after.contains(item.key()))
      patch[item.key()] = nullptr;
    else if (item.value().is_object() && after.at(item.key()).is_object())
      patch[item.key()] = patch_between(item.value(), after.at(item.key()));
  }
  return patch;
}

bool has_all(const std::map<std::string, std::string>& kept,
             const std::map<std::string, std::string>& given) {
  return std::all_of(given.begin(), given.end(), [&](const auto& secret) {
    const auto known = kept.find(secret.first);
    return known != kept.end() && known->second == secret.second;
  });
}

// Those of the form alone: what a plugin has found it finds again.
std::vector<std::string> given_ones(const plugin::Form& form, const std::vector<std::string>& names) {
  const auto known = plugin::secret_names(form);
  std::vector<std::string> out;
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) out.push_back(name);
  }
  return out;
}

}  // namespace

std::string declaration_of(const std::string& plugin, const std::string& name) {
  return plugin + "/" + name;
}

std::string profile_declaration_of(const std::string& name) {
  return "profile " + name;
}

struct Portable::Entry {
  Entry(const json& entry, std::shared_ptr<const plugin::Manifest> manifest_, const plugin::Form& form,
        const Options& options)
      : plugin(entry.at("plugin").get<std::string>()),
        name(entry.at("name").get<std::string>()),
        profile(entry.value("profile", std::string())),
        settings(entry.value("settings", json::object())),
        manifest(std::move(manifest_)) {
    if (entry.contains("active")) active = entry.at("active").get<bool>();
    if (entry.contains("accepts_unverified")) accepts_unverified = entry.at("accepts_unverified").get<bool>();
    const auto given = entry.value("secrets", json::object());
    const auto names = plugin::secret_names(form);
    for (const auto& item : given.items()) {
      const auto& value = item.value();
      if (std::find(names.begin(), names.end(), item.key()) == names.end())
        throw Error(Code::invalid,
                    Text("lifecycle.no_such_secret", {{"secret", item.key()}, {"plugin", manifest->title}}));
      if (value.is_null()) {
        absent.push_back(item.key());
      } else if (value.is_string()) {
        secrets[item.key()] = value.get<std::string>();
      } else if (options.secret) {
        secrets[item.key()] = options.secret(value.dump());
      } else {
        throw Error(Code::invalid, Text("lifecycle.secret_by_reference", {{"secret", item.key()}}));
      }
    }
  }

  std::string plugin;
  std::string name;
  std::string profile;
  json settings;
  std::map<std::string, std::string> secrets;
  std::vector<std::string> absent;  // named without a value
  std::optional<bool> active;
  std::optional<bool> accepts_unverified;
  std::shared_ptr<const plugin::Manifest> manifest;

  std::vector<std::string> missing(const std::map<std::string, std::string>& kept) const {
    std::vector<std::string> out;
    for (const auto& each : absent) {
      if (!kept.contains(each)) out.push_back(each);
    }
    return out;
  }
};

asio::awaitable<std::string> Portable::export_all() {
  auto read = [this](store::Session& session) {
    auto profiles = json::array();
    std::map<Id, std::string> names;
    for (const auto& profile : plugin::Profiles().list(session, 0, kAll)) {
      names[profile.id] = profile.name;
      const auto manifest = catalogue_.find(profile.plugin);
      json entry = {
          {"plugin", profile.plugin}, {"name", profile.name}, {"settings", json::parse(profile.settings)}};
      const auto set = vault_.names(session, "profile", profile.id);
      entry["secrets"] =
          names_of(manifest ? given_ones(plugin::profile_form(*manifest), set) : set,
                   manifest ? manifest->profile.secrets : std::map<std::string, plugin::SecretSpec>());
      profiles.push_back(std::move(entry));
    }
    auto integrations = json::array();
    for (const auto& integration : table_.list(session, 0, kAll)) {
      if (integration.state == State::draft) continue;
      const auto manifest = catalogue_.find(integration.plugin);
      json entry = {{"plugin", integration.plugin},
                    {"name", integration.name},
                    {"settings", json::parse(integration.settings)},
                    {"active", plugin::is_connected(integration.state)}};
      if (integration.consent_at) entry["accepts_unverified"] = true;
      if (integration.profile) entry["profile"] = names[*integration.profile];
      const auto set = vault_.names(session, "integration", integration.id);
      entry["secrets"] = names_of(manifest ? given_ones(plugin::setup_form(*manifest), set) : set,
                                  manifest ? manifest->secrets : std::map<std::string, plugin::SecretSpec>());
      integrations.push_back(std::move(entry));
    }
    return json{
        {"format", kFormat}, {"profiles", std::move(profiles)}, {"integrations", std::move(integrations)}}
        .dump();
  };
  co_return co_await store_.read(std::move(read));
}

asio::awaitable<std::map<std::string, std::string>> Portable::secrets_of(const char* scope, Id owner) {
  auto read = [this, scope, owner](store::Session& session) {
    std::map<std::string, std::string> out;
    for (const auto& name : vault_.names(session, scope, owner)) {
      if (auto value = vault_.get(session, vault::SecretName(scope, owner, name)))
        out.emplace(name, std::move(*value));
    }
    return out;
  };
  co_return co_await store_.read(std::move(read));
}

asio::awaitable<std::optional<Integration>> Portable::find(std::string plugin, std::string name,
                                                           bool declared) {
  auto look = [this, plugin, name, declared](store::Session& session) {
    std::optional<Integration> found;
    for (auto& integration : table_.list(session, 0, kAll)) {
      if (declared && integration.declared == declaration_of(plugin, name)) return std::optional(integration);
      if (integration.plugin != plugin || integration.name != name) continue;
      if (found)
        throw Error(Code::invalid,
                    Text("lifecycle.name_not_unique", {{"name", name},
                                                       {"first", to_string_id(found->id)},
                                                       {"second", to_string_id(integration.id)}}));
      found = std::move(integration);
    }
    return found;
  };
  co_return co_await store_.read(std::move(look));
}

asio::awaitable<std::vector<Applied>> Portable::apply(std::string document, Options options) {
  const auto parsed = json::parse(document, nullptr, false);
  if (parsed.is_discarded()) throw Error(Code::invalid, Text("lifecycle.bad_document"));
  schema::throw_if_any(document_schema().check(parsed), Text("lifecycle.bad_document"));
  std::vector<Applied> all;
  for (const auto* kind : {"profile", "integration"}) {
    const auto entries = parsed.value(std::string(kind) + "s", json::array());
    for (const auto& each : entries) {
      Applied out;
      out.kind = kind;
      out.plugin = each.at("plugin").get<std::string>();
      out.name = each.at("name").get<std::string>();
      out.result = "failed";
      try {
        const auto manifest = catalogue_.find_any(out.plugin);
        if (!manifest) throw Error(Code::unavailable, Text("plugin.unknown", {{"plugin", out.plugin}}));
        const auto form =
            out.kind == "profile" ? plugin::profile_form(*manifest) : plugin::setup_form(*manifest);
        const Entry entry(each, manifest, form, options);
        const auto is_same = [&](const json& other) {
          return other.at("plugin") == each.at("plugin") && other.at("name") == each.at("name");
        };
        if (std::count_if(entries.begin(), entries.end(), is_same) > 1)
          throw Error(Code::invalid,
                      Text("lifecycle.named_twice", {{"name", declaration_of(out.plugin, out.name)}}));
        if (out.kind == "profile")
          co_await apply_profile(entry, options, out);
        else
          co_await apply_integration(entry, options, out);
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) throw;
        out.error = error;
      } catch (const json::exception& error) {
        out.error = Error(Code::invalid, Text::verbatim(error.what()));
      }
      all.push_back(std::move(out));
    }
  }
  co_return all;
}

asio::awaitable<void> Portable::apply_profile(const Entry& entry, const Options& options, Applied& out) {
  auto look = [&entry](store::Session& session) {
    return plugin::Profiles().named(session, entry.plugin, entry.name);
  };
  const auto found = co_await store_.read(std::move(look));
  if (!found) {
    NewProfile wanted;
    wanted.plugin = entry.plugin;
    wanted.name = entry.name;
    wanted.settings = with_secrets(entry.settings, entry.secrets);
    if (options.declared) wanted.declared = declaration_of(entry.plugin, entry.name);
    const auto made = co_await credentials_.create_profile(std::move(wanted), options.who);
    out.id = made.id;
    out.result = "created";
    co_return;
  }
  out.id = found->id;
  if (!options.declared && found->declared)
    throw Error(Code::conflict, Text("lifecycle.declared_elsewhere", {{"name", *found->declared}}));
  const auto kept = co_await secrets_of("profile", found->id);
  out.missing = entry.missing(kept);
  const auto form = plugin::profile_form(*entry.manifest);
  const auto split = plugin::split_settings(form, with_secrets(entry.settings, entry.secrets), kept);
  const auto before = json::parse(found->settings);
  const bool same = json::parse(split.settings) == before && has_all(kept, entry.secrets);
  out.result = "unchanged";
  if (!same) {
    ProfileChange change;
    change.settings = with_secrets(patch_between(before, entry.settings), entry.secrets);
    change.by_declaration = options.declared;
    co_await credentials_.change_profile(found->id, std::move(change), options.who);
    out.result = "changed";
  }
  if (!options.declared || found->declared) co_return;
  auto own = [id = found->id, name = declaration_of(entry.plugin, entry.name)](store::Session& session) {
    plugin::Profiles().set_declared(session, id, name);
  };
  co_await store_.write(std::move(own));
  out.result = "changed";
}

asio::awaitable<Integration> Portable::make_or_change(const Entry& entry, const Options& options,
                                                      Applied& out) {
  const auto found = co_await find(entry.plugin, entry.name, options.declared);
  std::optional<Id> profile;
  if (!entry.profile.empty()) {
    auto look = [&entry](store::Session& session) {
      return plugin::Profiles().named(session, entry.plugin, entry.profile);
    };
    const auto named = co_await store_.read(std::move(look));
    if (!named)
      throw Error(Code::invalid,
                  Text("lifecycle.no_profile_named", {{"name", entry.profile}, {"plugin", entry.plugin}}));
    profile = named->id;
  }
  if (!found) {
    out.missing = entry.missing({});
    NewIntegration wanted;
    wanted.plugin = entry.plugin;
    wanted.name = entry.name;
    wanted.settings = with_secrets(entry.settings, entry.secrets);
    wanted.profile = profile;
    wanted.draft = !out.missing.empty();
    wanted.who = options.who;
    if (options.declared) wanted.declared = declaration_of(entry.plugin, entry.name);
    auto made = co_await lifecycle_.create(std::move(wanted));
    out.result = "created";
    co_return made;
  }
  auto integration = *found;
  out.id = integration.id;
  if (!options.declared && integration.declared)
    throw Error(Code::conflict, Text("lifecycle.declared_elsewhere", {{"name", *integration.declared}}));
  // What is not to be connected need not work.
  if (entry.active == false && plugin::is_connected(integration.state)) {
    const auto ended = co_await lifecycle_.deactivate(integration.id, options.who);
    integration = ended.integration;
    out.result = "changed";
  }
  const auto kept = co_await secrets_of("integration", integration.id);
  out.missing = entry.missing(kept);
  const bool is_draft = integration.state == State::draft && !out.missing.empty();
  const auto form = plugin::setup_form(*entry.manifest);
  const auto split =
      plugin::split_settings(form, with_secrets(entry.settings, entry.secrets), kept, is_draft);
  const auto before = json::parse(integration.settings);
  const bool same = json::parse(split.settings) == before && has_all(kept, entry.secrets) &&
                    integration.name == entry.name && (!profile || profile == integration.profile);
  if (!same) {
    Change change;
    change.name = entry.name;
    change.settings = with_secrets(patch_between(before, entry.settings), entry.secrets);
    change.profile = profile;
    change.by_declaration = options.declared;
    integration = co_await lifecycle_.change(integration.id, std::move(change), options.who);
    out.result = "changed";
  }
  if (options.declared && !integration.declared) {
    auto own = [this, id = integration.id, name = declaration_of(entry.plugin, entry.name)](
                   store::Session& session) { table_.set_declared(session, id, name); };
    co_await store_.write(std::move(own));
    out.result = "changed";
  }
  if (out.result == "failed") out.result = "unchanged";
  co_return integration;
}

// Whether it has changed. What is not agreed to is told, and the rest goes on.
asio::awaitable<bool> Portable::follow_consent(const Entry& entry, const Options& options,
                                               const Integration& integration, Applied& out) {
  if (!entry.accepts_unverified || *entry.accepts_unverified == integration.consent_at.has_value())
    co_return false;
  if (*entry.accepts_unverified && !options.accept_unverified) {
    const Text words("lifecycle.consent_not_taken", {{"name", entry.name}});
    out.error = Error(Code::invalid, words);
    out.error->add(Diagnostic("/accepts_unverified", words, Text("lifecycle.consent_not_taken_remedy")));
    co_return false;
  }
  out.opened = *entry.accepts_unverified;
  if (out.result == "unchanged") out.result = "changed";
  co_await lifecycle_.consent(integration.id, out.opened, options.who);
  co_return true;
}

asio::awaitable<void> Portable::apply_integration(const Entry& entry, const Options& options, Applied& out) {
  auto integration = co_await make_or_change(entry, options, out);
  out.id = integration.id;
  // What it lacked has been given.
  if (integration.state == State::draft && out.missing.empty())
    integration = co_await lifecycle_.finish(integration.id);
  const bool consents = co_await follow_consent(entry, options, integration, out);
  const bool connected = plugin::is_connected(integration.state);
  const bool active = entry.active.value_or(connected);
  // Connected anew, it says whether it may be so.
  const bool stays = active == connected && !(consents && connected);
  if (integration.state == State::draft || stays) co_return;
  // It is there, whether or not its provider answers now.
  if (out.result == "unchanged") out.result = "changed";
  try {
    if (active)
      co_await lifecycle_.activate(integration.id, false, options.who);
    else
      co_await lifecycle_.deactivate(integration.id, options.who);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    out.error = error;
  }
}

asio::awaitable<std::vector<std::string>> Portable::release_undeclared(std::vector<std::string> declared,
                                                                       std::string host) {
  const auto key = "declared:" + host;
  auto read = [this, key](store::Session& session) {
    const auto row = session.query_one("select value from settings_kv where name = :name", {key});
    return std::tuple(table_.declared(session), plugin::Profiles().declared(session),
                      row ? row->text(0) : std::string("[]"));
  };
  const auto [all, profiles, before] = co_await store_.read(std::move(read));
  const auto had = json::parse(before).get<std::vector<std::string>>();
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> out;
  for (const auto& integration : all) {
    const auto& name = *integration.declared;
    if (has(declared, name) || !has(had, name)) continue;
    co_await lifecycle_.deactivate(integration.id, "configuration");
    auto release = [this, id = integration.id](store::Session& session) {
      table_.set_declared(session, id, std::nullopt);
    };
    co_await store_.write(std::move(release));
    out.push_back(name);
  }
  for (const auto& profile : profiles) {
    const auto name = profile_declaration_of(*profile.declared);
    if (has(declared, name) || !has(had, name)) continue;
    auto release = [id = profile.id](store::Session& session) {
      plugin::Profiles().set_declared(session, id, std::nullopt);
    };
    co_await store_.write(std::move(release));
    out.push_back(name);
  }
  auto note = [key, now = json(declared).dump()](store::Session& session) {
    session.exec(
        "insert into settings_kv(name, value) values (:name, :value) on conflict (name) do update set value "
        "= "
        "excluded.value",
        {key, now});
  };
  co_await store_.write(std::move(note));
  co_return out;
}

}  // namespace patchbay::lifecycle
