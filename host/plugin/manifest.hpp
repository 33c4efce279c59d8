#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "schedule/schedule.hpp"

namespace patchbay::plugin {

// A part of the manifest that holds only while a setting has a value: {"setting": "/mode", "equals":
// "webhook"}.
struct Condition {
  std::string pointer;
  std::string equals;
};

// A webhook route as data (plugin-needs N5, N6), or one for browsers of strangers (N15). JSON parts are
// compiled by hooks.
struct RouteSpec {
  enum class Kind {
    webhook,  // stored, then processed
    session,  // makes an anonymous session, or renews one
    live      // the events of the caller's session, as they happen
  };

  std::string id;
  Kind kind = Kind::webhook;
  std::vector<std::string> methods = {"POST"};
  std::string verify;              // JSON object; empty: not a webhook
  bool is_open = false;            // it verifies nothing: an administrator has to agree (HOOK-6)
  std::string challenge;           // JSON object, or empty
  std::string reply;               // JSON object {status, type, body}, or empty: 200 and an empty body
  std::vector<std::string> order;  // JSON Pointers, or "form:<field>"; the first that exists wins
  std::vector<std::string> dedupe;
  std::uint64_t body_limit = 1u << 20;
  bool https = false;       // the address that the provider calls must be https
  bool of_profile = false;  // one route for all integrations of a profile (N1)
  // Of such a route: what a body names is the identity of the integration that is asked first.
  std::string identity_prefix;
  std::string identity_place;  // JSON Pointer; empty: none does
  std::string cors;  // JSON Pointer to a setting with the origins whose pages may call it; empty: none
  std::chrono::seconds session_ttl{86'400};  // of what a session route makes
  std::vector<std::string> settings;         // JSON Pointers: what a session route tells anybody of them
  std::optional<Condition> when;
};

struct ListenerSpec {
  std::string id;
  std::optional<Condition> when;
};

// What is to be done again and again (JOB-1).
struct JobSpec {
  std::string id;
  std::string title;
  schedule::Schedule schedule = schedule::Schedule::on_demand();
  std::string when_due;  // for people, as the manifest says it: "every 10m", "cron 0 3 * * * Europe/Berlin"
  Duration jitter{0};
  Duration time_limit{600'000};
  std::optional<Condition> when;
};

// Where pb.net/1 may connect to.
struct NetSpec {
  std::string host;                // as in egress
  std::vector<std::string> ports;  // a number, "setting:/pointer" or "profile:/pointer"
};

struct SecretSpec {
  std::vector<std::string>
      hosts;  // where a placeholder of it may go: host patterns, "setting:/pointer", "profile:/pointer"
  int generate = 0;  // bytes made by the host at creation; 0: an administrator gives it
};

// What one person allows at a provider, by OAuth 2.0 (SETUP-4) or by a password (plugin-needs N1): the plugin
// says where and what for, the host does it. Addresses, client_id and parameters may hold
// "{profile:/pointer}", which stands for that value of the profile.
inline constexpr std::string_view kGrantUser = "user";          // of {{grant:<name>.user}}: who signed in
inline constexpr std::string_view kGrantPassword = "password";  // what was typed in, of one by password
struct GrantSpec {
  bool by_password = false;  // then only title, hosts and secrets say something
  std::string title;
  std::string issuer;  // in every redirect (RFC 9207); empty: not checked
  std::string authorize;
  std::string token;
  std::string revoke;  // RFC 7009; empty: not offered
  std::string device;  // RFC 8628; empty: not offered
  std::string client_id;
  std::string client_secret;  // name of a secret of the profile; empty: a public client
  bool secret_in_body = false;
  bool set_up_only = false;  // that its token ends asks nobody to sign in again
  std::vector<std::string> scopes;
  std::map<std::string, std::string> parameters;  // further ones, of the authorisation request
  std::vector<std::string> hosts;                 // where the token may go, as in SecretSpec
  std::map<std::string, SecretSpec> secrets;      // that the plugin finds and that belong to it (N4)
};

// An app or a server that an administrator sets up once and integrations share (plugin-needs N1).
struct ProfileSpec {
  std::string schema;  // JSON Schema, draft-07; empty: the plugin knows none
  std::string title;
  std::map<std::string, SecretSpec> secrets;
  std::string
      authorities;  // JSON Pointer to a setting: PEM, whom to believe in its name; empty: the system's
};

// A system setting that the plugin adds: one value for the whole installation (SET-1).
struct SettingSpec {
  std::string code;
  std::string type;  // text, number, yes_no, secret, lookup
  std::string title;
  std::string about;
  std::string standard;  // JSON
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::vector<std::pair<std::string, std::string>> choices;  // value and title
  std::vector<std::string> hosts;                            // of a secret, as in SecretSpec
};

// A file of the plugin's folder web/, for browsers.
struct WebFile {
  std::string type;  // Content-Type
  std::string etag;  // with its quotes
  std::string bytes;
};

// plugin.json and the files that it names: the only truth about a plugin, read without running its code.
struct Manifest {
  std::string id;
  std::string version;  // semantic version
  std::string sdk;      // "0.0"
  std::vector<std::string> kinds;
  std::string title;
  std::string description;
  std::string licence;
  std::string library;              // file name beside plugin.json
  std::vector<std::string> needs;   // host extensions: "pb.http/1"
  std::vector<std::string> offers;  // plugin extensions: "pb.channel/1"
  std::vector<std::string> egress;  // host patterns, "setting:/pointer"
  std::vector<NetSpec> net;
  std::map<std::string, SecretSpec> secrets;
  ProfileSpec profile;
  std::map<std::string, GrantSpec> grants;
  std::vector<RouteSpec> routes;
  std::map<std::string, WebFile, std::less<>> web;  // by path below web/: "widget.js"
  std::vector<SettingSpec> settings;
  std::vector<std::string> required_settings;  // codes; unset, nothing is connected (CHAT-25)
  std::vector<std::string> processes;          // that it runs (pb.process/1): JSON, as the manifest has them
  std::vector<ListenerSpec> listeners;
  std::vector<JobSpec> jobs;
  std::string setup_schema;  // JSON Schema, draft-07
  bool has_steps = false;    // pb.setup/1:step leads through the set-up
  int setup_version = 1;     // of the shape of settings and checkpoints: pb.lifecycle/1:migrate
  std::string channel;       // JSON: idempotency, limits, rates; empty when it is no channel
  std::map<std::string, std::map<std::string, std::string>> locales;  // language -> id -> words
  int calls_per_instance = 16;
  int instances_per_worker = 0;  // 0: all in one
  bool blocking = false;         // its calls block: every instance gets a thread of its own
  std::filesystem::path folder;
  std::string sha256;   // of the library
  std::string package;  // hash of all files of the plugin
  std::filesystem::path
      artefact;  // the copy of the library that is loaded: named by content, so never changed under a worker
};

// Whether a condition holds for these settings (a JSON object). No condition always holds.
bool holds(const std::optional<Condition>& condition, const nlohmann::json& settings);

}  // namespace patchbay::plugin
