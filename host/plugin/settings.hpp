#pragma once

#include <map>
#include <string>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// What an administrator filled in, taken apart: settings that may be stored and shown, and secrets for the
// vault.
struct SplitSettings {
  std::string settings;                        // JSON with the schema's defaults, without secrets
  std::map<std::string, std::string> secrets;  // by name: "/token" is "token", "/a/b" is "a.b"
};

// Checks `given` (a JSON object) against the plugin's set-up schema and takes the secrets out. A secret that
// is absent but named in `kept` counts as given (it stays as it is). Throws Error{invalid}
// "plugin.bad_settings" with diagnostics.
SplitSettings split_settings(const Manifest& manifest, const std::string& given,
                             const std::map<std::string, std::string>& kept);

// A secret goes only where its settings say (`hosts`: "setting:/pointer"). When such a setting changes from
// `before` to `after`, whoever changes it must know the secret, or could have it sent anywhere: it must be in
// `given` too. Throws Error{invalid} with a diagnostic for each that is not.
void require_secrets_for_new_hosts(const Manifest& manifest, const std::string& before,
                                   const std::string& after, const std::string& given);

// `patch` laid over `settings` (RFC 7396).
std::string merge_settings(const std::string& settings, const std::string& patch);

// The words of a text id in the plugin's locales/<language>.json, filled with `args` (a JSON object);
// `fallback` otherwise.
std::string words_of(const Manifest& manifest, const std::string& language, const std::string& message,
                     const std::string& fallback);

}  // namespace patchbay::plugin
