#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "plugin/integration.hpp"
#include "plugin/profiles.hpp"
#include "store/audit.hpp"

// What is asked of Lifecycle, and what it answers. JSON is text.
namespace patchbay::lifecycle {

// What a plugin's live check found (SETUP-2).
struct CheckReport {
  bool ok = false;
  std::string identity;
  std::string title;
  std::string facts = "{}";  // JSON object: what else the plugin says of itself there
  std::vector<Diagnostic> diagnostics;
};

struct NewIntegration {
  std::string plugin;
  std::string name;
  std::string settings = "{}";  // JSON object, secrets included
  std::optional<Id> owner;
  // Not set: the only one that there is, if the plugin knows profiles.
  std::optional<Id> profile;
  std::vector<plugin::UsedGrant> grants;
  bool draft = false;                   // what is missing may be given later
  std::optional<std::string> declared;  // by a file of the configuration: under which name
  store::Actor who;
};

// What is not set stays as it is.
struct Change {
  std::optional<std::string> name;
  std::optional<std::string>
      settings;  // JSON object, laid over what is there (RFC 7396); secrets may be absent
  std::optional<Id> profile;
  std::optional<std::vector<plugin::UsedGrant>> grants;
  bool end_formers = false;     // what its secrets were before is accepted no more
  bool by_declaration = false;  // else only secrets of a declared integration may be given

  bool concerns_plugin() const { return settings || profile || grants; }
};

struct Disconnected {
  plugin::Integration integration;
  std::string warning;  // as Text::kept; not empty when the provider could not be told
};

// One of the choices of a field that only the remote side knows.
struct Choice {
  std::string value;  // JSON
  std::string title;
};

// Where the set-up of a draft stands (SETUP-3).
struct SetupStep {
  std::string id;
  std::string title;
  std::string description;
  std::string schema;   // JSON Schema of what is to be filled in; empty: nothing
  std::string sign_in;  // name of a grant that somebody has to sign in for first, or empty
};

struct Advanced {
  std::optional<SetupStep> next;
  std::vector<plugin::Integration> made;  // when there is no next one; the draft is the first of them
  std::vector<std::string> known;         // names of those that were not made: they are connected already
};

}  // namespace patchbay::lifecycle
