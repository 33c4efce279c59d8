#pragma once

#include <map>
#include <string>

#include "plugin/manifest.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {

// What an administrator filled in, taken apart: settings that may be stored and shown, and secrets for the
// vault.
struct SplitSettings {
  std::string settings;                        // JSON with the schema's defaults, without secrets
  std::map<std::string, std::string> secrets;  // by name: "/token" is "token", "/a/b" is "a.b"
};

// What somebody fills in.
struct Form {
  std::string schema;  // JSON Schema; empty: there is nothing to fill in
  std::string title;   // of the plugin or profile, for errors
  std::map<std::string, SecretSpec> secrets;
  std::string own_hosts;  // how `hosts` of a secret refers to these settings: "setting:" or "profile:"
  std::string words;      // prefix of the ids of its texts in the plugin's locales
};
Form setup_form(const Manifest& manifest);
Form profile_form(const Manifest& manifest);

// Checks `given` (a JSON object) against the form and takes the secrets out. A secret that is absent but
// named in `kept` counts as given (it stays as it is). Of a draft, what is missing is not missed. Throws
// Error{invalid} "plugin.bad_settings" with diagnostics.
SplitSettings split_settings(const Form& form, const std::string& given,
                             const std::map<std::string, std::string>& kept, bool is_draft = false);

// A secret goes only where its settings say (`hosts`: "setting:/pointer"). When such a setting changes from
// `before` to `after`, whoever changes it must know the secret, or could have it sent anywhere: it must be in
// `given` too, if it is among `kept`. Throws Error{invalid} with a diagnostic for each that is not.
void require_secrets_for_new_hosts(const Form& form, const std::string& before, const std::string& after,
                                   const std::string& given, const std::map<std::string, std::string>& kept);

// The same, when an integration is given another profile: of those of `kept` that go where the profile says.
void require_secrets_for_new_profile(const Manifest& manifest, const std::map<std::string, std::string>& kept,
                                     const std::string& given);

// Pointers into a profile's settings that decide where secrets, tokens or what is asked for them are sent.
std::vector<std::string> addresses_in_profile(const Manifest& manifest);

// Of the fields that are secrets.
std::vector<std::string> secret_names(const Form& form);
// Whether `given` (a JSON object) holds nothing but secrets.
bool is_secrets_only(const Form& form, const std::string& given);

// The form's schema with its texts in this language; empty without a schema.
std::string form_in(const Form& form, const Manifest& manifest, const std::string& language);

// Adds what the host makes: values of `generate` that are not there.
void generate_missing(const std::map<std::string, SecretSpec>& secrets,
                      std::map<std::string, std::string>& values);

// Where the vault has a secret that is a system setting of a plugin. Its owner is part of the name: another
// plugin that declares the same code does not come by it.
vault::SecretName setting_secret(const std::string& plugin, const std::string& code);

// `patch` laid over `settings` (RFC 7396).
std::string merge_settings(const std::string& settings, const std::string& patch);

}  // namespace patchbay::plugin
