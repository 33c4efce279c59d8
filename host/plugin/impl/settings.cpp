#include "plugin/settings.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "schema/schema.hpp"
#include "schema/vocabulary.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

// Stands for a kept secret while the rest is checked; removed before anything is stored.
std::string name_of_secret(const std::string& pointer) {
  auto name = pointer.substr(1);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::string pointer_of_secret(const std::string& name) {
  auto pointer = "/" + name;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  return pointer;
}

json value_at(const json& settings, const std::string& pointer) {
  const json::json_pointer at(pointer);
  return settings.contains(at) ? settings.at(at) : json();
}

void remove_at(json& value, const json::json_pointer& pointer) {
  if (!value.contains(pointer)) return;
  value.at(pointer.parent_pointer()).erase(pointer.back());
}

}  // namespace

Form setup_form(const Manifest& manifest) {
  return {manifest.setup_schema, manifest.title, manifest.secrets, "setting:", "setup"};
}

Form profile_form(const Manifest& manifest) {
  const auto& profile = manifest.profile;
  return {profile.schema, profile.title, profile.secrets, "profile:", "profile"};
}

SplitSettings split_settings(const Form& form, const std::string& given,
                             const std::map<std::string, std::string>& kept, bool is_draft) {
  const auto document = form.schema.empty() ? json{{"type", "object"}, {"additionalProperties", false}}
                                            : json::parse(form.schema);
  const auto whole = schema::Schema::compile(document, "schema/setup.json");
  auto value = whole.with_defaults(json::parse(given));
  for (const auto& pointer : whole.secrets()) {
    const auto known = kept.find(name_of_secret(pointer));
    const json::json_pointer at(pointer);
    const bool has_place = value.contains(at.parent_pointer()) && value.at(at.parent_pointer()).is_object();
    if (known != kept.end() && !value.contains(at) && has_place) value[at] = known->second;
  }
  const auto completeness = is_draft ? schema::Completeness::draft : schema::Completeness::whole;
  const auto schema =
      schema::Schema::compile(schema::effective(document, value, completeness), "schema/setup.json");
  schema::throw_if_any(schema.check(value), Text("plugin.bad_settings", {{"plugin", form.title}}));
  SplitSettings out;
  for (const auto& pointer : schema.secrets()) {
    const json::json_pointer at(pointer);
    if (!value.contains(at)) continue;
    const auto& secret = value.at(at);
    out.secrets[name_of_secret(pointer)] = secret.is_string() ? secret.get<std::string>() : secret.dump();
    remove_at(value, at);
  }
  out.settings = value.dump();
  return out;
}

void require_secrets_for_new_hosts(const Form& form, const std::string& before, const std::string& after,
                                   const std::string& given, const std::map<std::string, std::string>& kept) {
  const auto old_settings = json::parse(before);
  const auto new_settings = json::parse(after);
  const auto request = json::parse(given);
  std::vector<Diagnostic> missing;
  for (const auto& [name, secret] : form.secrets) {
    const auto at = pointer_of_secret(name);
    if (secret.generate > 0 || !kept.contains(name) || request.contains(json::json_pointer(at))) continue;
    for (const auto& host : secret.hosts) {
      if (host.rfind(form.own_hosts, 0) != 0) continue;
      const auto setting = host.substr(form.own_hosts.size());
      if (value_at(old_settings, setting) == value_at(new_settings, setting)) continue;
      missing.emplace_back(at, Text("plugin.secret_for_new_host", {{"setting", setting}}),
                           Text("plugin.secret_for_new_host_remedy"));
      break;
    }
  }
  schema::throw_if_any(std::move(missing), Text("plugin.bad_settings", {{"plugin", form.title}}));
}

void require_secrets_for_new_profile(const Manifest& manifest, const std::map<std::string, std::string>& kept,
                                     const std::string& given) {
  const auto request = json::parse(given);
  std::vector<Diagnostic> missing;
  for (const auto& [name, secret] : manifest.secrets) {
    const auto at = pointer_of_secret(name);
    const bool follows = std::any_of(secret.hosts.begin(), secret.hosts.end(),
                                     [](const std::string& host) { return host.starts_with("profile:"); });
    if (!follows || !kept.contains(name) || request.contains(json::json_pointer(at))) continue;
    missing.emplace_back(at, Text("plugin.secret_for_new_host", {{"setting", "/profile"}}),
                         Text("plugin.secret_for_new_host_remedy"));
  }
  schema::throw_if_any(std::move(missing), Text("plugin.bad_settings", {{"plugin", manifest.title}}));
}

std::vector<std::string> addresses_in_profile(const Manifest& manifest) {
  constexpr std::string_view kHost = "profile:";
  constexpr std::string_view kPart = "{profile:";
  std::set<std::string> out;
  const auto add_hosts = [&](const std::vector<std::string>& hosts) {
    for (const auto& host : hosts) {
      if (host.starts_with(kHost)) out.insert(host.substr(kHost.size()));
    }
  };
  for (const auto& [name, secret] : manifest.secrets) add_hosts(secret.hosts);
  for (const auto& [name, secret] : manifest.profile.secrets) add_hosts(secret.hosts);
  for (const auto& [name, grant] : manifest.grants) {
    add_hosts(grant.hosts);
    for (const auto& [secret, spec] : grant.secrets) add_hosts(spec.hosts);
    for (const auto* address : {&grant.authorize, &grant.token, &grant.revoke, &grant.device}) {
      for (auto at = address->find(kPart); at != address->npos; at = address->find(kPart, at + 1)) {
        const auto begin = at + kPart.size();
        out.insert(address->substr(begin, address->find('}', begin) - begin));
      }
    }
  }
  // It decides who is believed to be the one that secrets go to.
  if (!manifest.profile.authorities.empty()) out.insert(manifest.profile.authorities);
  return {out.begin(), out.end()};
}

std::vector<std::string> secret_names(const Form& form) {
  std::vector<std::string> out;
  if (form.schema.empty()) return out;
  const auto schema = schema::Schema::compile(json::parse(form.schema), form.title);
  for (const auto& pointer : schema.secrets()) out.push_back(name_of_secret(pointer));
  return out;
}

bool is_secrets_only(const Form& form, const std::string& given) {
  auto rest = json::parse(given);
  for (const auto& name : secret_names(form)) remove_at(rest, json::json_pointer(pointer_of_secret(name)));
  for (auto& item : rest.items()) {
    if (!item.value().is_object() || !item.value().empty()) return false;
  }
  return true;
}

std::string form_in(const Form& form, const Manifest& manifest, const std::string& language) {
  if (form.schema.empty()) return {};
  const auto words = manifest.locales.find(language);
  if (words == manifest.locales.end()) return form.schema;
  return schema::translated(json::parse(form.schema), form.words, words->second).dump();
}

void generate_missing(const std::map<std::string, SecretSpec>& secrets,
                      std::map<std::string, std::string>& values) {
  for (const auto& [name, spec] : secrets) {
    if (spec.generate > 0 && !values.contains(name))
      values[name] = vault::generate(static_cast<std::size_t>(spec.generate));
  }
}

vault::SecretName setting_secret(const std::string& plugin, const std::string& code) {
  return {"setting", 0, plugin + "/" + code};
}

std::string merge_settings(const std::string& settings, const std::string& patch) {
  auto value = json::parse(settings);
  value.merge_patch(json::parse(patch));
  return value.dump();
}

}  // namespace patchbay::plugin
