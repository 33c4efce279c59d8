#include "domain/settings/of_plugins.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "domain/enabled_plugins.hpp"
#include "plugin/texts.hpp"

namespace patchbay::domain::settings {
namespace {

using nlohmann::json;

// In the plugin's words: "settings.<code>.<what>" of its locales, else as the manifest says.
Text words(const plugin::Manifest& manifest, const std::string& code, const std::string& what,
           const std::string& english) {
  return plugin::text_of(manifest, json({{"text_id", "settings." + code + "." + what}}).dump(), english);
}

Definition definition_of(const plugin::Manifest& manifest, const plugin::SettingSpec& spec) {
  Definition out;
  out.code = spec.code;
  out.title = words(manifest, spec.code, "title", spec.title);
  out.about = words(manifest, spec.code, "about", spec.about);
  out.type = find_type(spec.type).value_or(Type::text);
  out.standard = json::parse(spec.standard);
  out.least = spec.least;
  out.most = spec.most;
  for (const auto& [value, title] : spec.choices)
    out.choices.emplace_back(value, words(manifest, spec.code, value, title));
  out.manager = "CanManagePlugins";
  out.plugin = manifest.id;
  return out;
}

}  // namespace

std::vector<Definition> settings_of(const plugin::Catalogue& catalogue) {
  std::vector<Definition> all;
  for (const auto& manifest : enabled_plugins(catalogue)) {
    for (const auto& spec : manifest->settings) {
      auto definition = definition_of(*manifest, spec);
      const auto is_it = [&](const Definition& one) { return one.code == spec.code; };
      const bool is_secret = definition.type == Type::secret;
      if ((!is_secret && refusal(definition, definition.standard)) ||
          std::any_of(all.begin(), all.end(), is_it))
        continue;
      all.push_back(std::move(definition));
    }
  }
  return all;
}

namespace {

// Those that are this plugin's: another one may have had a code first.
std::vector<Setting> own_settings(const plugin::Manifest& manifest, const Settings& settings) {
  std::vector<Setting> own;
  for (const auto& spec : manifest.settings) {
    if (auto setting = settings.find(spec.code); setting && setting->definition.plugin == manifest.id)
      own.push_back(std::move(*setting));
  }
  return own;
}

}  // namespace

std::string values_for(const plugin::Manifest& manifest, const Settings& settings) {
  auto values = json::object();
  for (auto& setting : own_settings(manifest, settings)) {
    const bool is_secret = setting.definition.type == Type::secret;
    values[setting.definition.code] = is_secret ? json(setting.is_set) : std::move(setting.value);
  }
  return values.dump();
}

std::string changes_for(const plugin::Manifest& manifest, const Settings& settings) {
  auto changes = json::object();
  for (const auto& setting : own_settings(manifest, settings))
    changes[setting.definition.code] = setting.updated_at ? json(*setting.updated_at) : json();
  return changes.dump();
}

}  // namespace patchbay::domain::settings
