#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.hpp"

namespace patchbay::plugin {

// Words in API and database: "draft", "inactive", "active", "degraded", "sign_in_again", "quarantined".
enum class State { draft, inactive, active, degraded, sign_in_again, quarantined };

std::string_view state_name(State state);
std::optional<State> parse_state(std::string_view name);

// Whether the integration is connected: its routes are mounted and its instance is wanted.
inline bool is_connected(State state) {
  return state != State::draft && state != State::inactive;
}

// One configured instance of a plugin (a bot, a mailbox).
struct Integration {
  Id id = 0;
  std::string plugin;
  std::string version;  // of the plugin that last ran it
  std::string name;
  std::string settings = "{}";  // JSON, without secrets
  int setup_version = 1;        // of the plugin, whose shape the settings have
  std::string notice;           // JSON {"code", "text", "version"} for an administrator, or empty
  State state = State::draft;
  std::string reason_code;  // empty: none. A code of base/error.hpp or a text id
  std::string reason_text;  // as Text::kept
  std::string identity;     // what the plugin says it is ("bot:123"); claimed while connected
  std::string title;
  std::string remote_state;  // JSON: the last registration, or empty
  std::optional<Id> profile;
  std::optional<Id> owner;
  std::string setup;                    // JSON: where the set-up of a draft stands, or empty
  std::optional<std::string> declared;  // under which name files of the configuration declare it
  std::string visibility = "shared";    // shared, private
  std::optional<std::int64_t>
      consent_at;               // when it was agreed that routes may verify nothing; Unix milliseconds
  std::int64_t created_at = 0;  // Unix milliseconds
  std::int64_t updated_at = 0;
};

}  // namespace patchbay::plugin
