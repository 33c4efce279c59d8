#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/error.hpp"

// Requests and replies of the verbs (docs/verbs.md), as far as they are not plain JSON.
namespace patchbay {

// "2026-07-01T09:30:00.250Z": how times are written in requests, replies and events.
inline std::string rfc3339(std::int64_t unix_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
  const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto ms = static_cast<long long>((time - day).count());
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02lld:%02lld:%02lld.%03lldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3'600'000,
                ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
  return out;
}

// The member as text, or `otherwise` when it is missing or of another type.
inline std::string string_at(const Json& object, const std::string& key, std::string otherwise = {}) {
  if (!object.is_object()) return otherwise;
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

// Something that happened at the provider. `dedupe_key` is unique per integration for ever; what has the same
// `order_key` (a conversation) is applied in order.
class Event {
 public:
  Event(std::string type_, std::string dedupe_key_, std::string order_key_, Json data_)
      : type(std::move(type_)),
        dedupe_key(std::move(dedupe_key_)),
        order_key(std::move(order_key_)),
        data(std::move(data_)) {}

  // One of several events that are one message (an album): those with the same order key and `key` join it,
  // whenever they come. `quiet`: milliseconds that whoever acts on the message waits for another one.
  Event& part_of(std::string key, std::int64_t quiet) {
    group_key = std::move(key);
    quiet_ms = quiet;
    return *this;
  }
  // On a route of a profile: the integration that it concerns, by what its check answers.
  Event& of(std::string identity_) {
    identity = std::move(identity_);
    return *this;
  }
  Json to_json() const {
    Json out = {{"type", type}, {"dedupe_key", dedupe_key}, {"order_key", order_key}, {"data", data}};
    if (!identity.empty()) out["identity"] = identity;
    if (!group_key.empty()) out["part_of"] = {{"key", group_key}, {"quiet_ms", quiet_ms}};
    return out;
  }

  std::string type;
  std::string dedupe_key;
  std::string order_key;
  Json data;
  std::string identity;
  std::string group_key;
  std::int64_t quiet_ms = 0;
};

using Events = std::vector<Event>;

// pb.lifecycle/1:configure. `settings` are checked against the setup schema and hold no secret.
class Configuration {
 public:
  Configuration() = default;
  explicit Configuration(Json request);

  std::string integration_id;
  std::string integration_name;
  Json settings = Json::object();
  std::vector<std::string> secrets;           // names of those that are set
  std::string site_url;                       // "" when the host has no public address
  Json system_settings = Json::object();      // of those that the manifest adds, by code
  std::map<std::string, std::string> routes;  // id -> public address, those that hold
  Json profile;                               // null without one
  Json grants = Json::array();
  std::string locale;
  std::string host_version;
  std::vector<std::string> host_extensions;  // "pb.http/1"
};

inline Configuration::Configuration(Json request) {
  const Json none = Json::object();
  const Json integration = request.value("integration", none);
  integration_id = string_at(integration, "id");
  integration_name = string_at(integration, "name");
  settings = request.value("settings", none);
  secrets = request.value("secrets", secrets);
  site_url = string_at(request, "site_url");
  system_settings = request.value("system_settings", none);
  routes = request.value("routes", routes);
  profile = request.value("profile", Json());
  grants = request.value("grants", grants);
  locale = string_at(request, "locale");
  const Json host = request.value("host", none);
  host_version = string_at(host, "version");
  host_extensions = host.value("extensions", host_extensions);
}

// Reply of check: who we are at the provider ("bot:123"), and what works or does not.
class CheckReply {
 public:
  CheckReply() = default;
  explicit CheckReply(std::string identity_, std::string title_ = {})
      : identity(std::move(identity_)), title(std::move(title_)) {}

  std::string identity;
  std::string title;
  Json facts = Json::object();
  std::vector<Diagnostic> diagnostics;  // one of severity error means "does not work"
};

class Health {
 public:
  Health() = default;
  explicit Health(std::string degraded_because) : reason(std::move(degraded_because)) {}
  std::string reason;   // empty: all is well
  std::string text_id;  // as of an Error, with its args
  Json args = Json::object();
};

// Request of remote_register, remote_unregister, remote_status.
class RemoteRequest {
 public:
  explicit RemoteRequest(const Json& request)
      : routes(request.value("routes", routes)),
        state(request.value("state", Json())),
        take_over(request.value("take_over", false)) {}
  std::map<std::string, std::string> routes;  // id -> public address
  Json state;                                 // what register answered last, or null
  bool take_over = false;                     // replace somebody else's subscription
};

class RemoteState {
 public:
  explicit RemoteState(Json state_ = Json::object(), std::string expires_at_ = {})
      : state(std::move(state_)), expires_at(std::move(expires_at_)) {}
  Json state;
  std::string expires_at;  // RFC 3339, or empty: never
};

class RemoteStatus {
 public:
  // `status_`: "ours", "foreign", "none" or "unknown".
  explicit RemoteStatus(std::string status_, std::string address_ = {}, std::string problem_ = {})
      : status(std::move(status_)), address(std::move(address_)), problem(std::move(problem_)) {}
  std::string status;
  std::string address;
  std::string problem;
  std::string text_id;  // as of an Error, with its args
  Json args = Json::object();
};

// Request of process: a webhook as it was received, or a body that inject() stored.
class WebhookRequest {
 public:
  WebhookRequest(const Json& request, std::string body_)
      : id(string_at(request, "id")),
        route(string_at(request, "route")),
        method(string_at(request, "method")),
        path(string_at(request, "path")),
        query(string_at(request, "query")),
        headers(request.value("headers", headers)),
        received_at(string_at(request, "received_at")),
        session(string_at(request, "session")),
        body(std::move(body_)) {}
  std::string id;
  std::string route;
  std::string method;
  std::string path;
  std::string query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string received_at;
  std::string session;  // of the visitor, on a route that verifies by session; else empty
  std::string body;
};

class ListenRequest {
 public:
  explicit ListenRequest(const Json& request)
      : listener(string_at(request, "listener")), lease(request.value("lease", std::int64_t{0})) {}
  std::string listener;
  std::int64_t lease;  // hand it to inject() and emit(): an old one is refused
};

class SendReply {
 public:
  // One id for each provider message made, in order.
  explicit SendReply(std::vector<std::string> provider_ids_, std::string sent_at_ = {})
      : provider_ids(std::move(provider_ids_)), sent_at(std::move(sent_at_)) {}
  std::vector<std::string> provider_ids;
  std::string sent_at;
  std::string moved_to;  // the conversation's new id, when it got one
};

// What a name says (pb.dns/1), as far as its type has it.
class DnsRecord {
 public:
  explicit DnsRecord(const Json& record)
      : ttl(record.value("ttl", std::int64_t{0})),
        address(string_at(record, "address")),
        text(string_at(record, "text")),
        target(string_at(record, "target")),
        priority(record.value("priority", 0)),
        weight(record.value("weight", 0)),
        port(record.value("port", 0)) {}
  std::int64_t ttl;     // seconds
  std::string address;  // A, AAAA
  std::string text;     // TXT
  std::string target;   // MX, SRV; empty: the service is not offered
  int priority;         // MX, SRV: the lowest first
  int weight;           // SRV
  int port;             // SRV
};

class LookupReply {
 public:
  explicit LookupReply(bool found_, std::vector<std::string> provider_ids_ = {})
      : found(found_), provider_ids(std::move(provider_ids_)) {}
  bool found;
  std::vector<std::string> provider_ids;
};

// A file that is now a blob of the host.
class FileReply {
 public:
  explicit FileReply(std::string blob_) : blob(std::move(blob_)) {}
  std::string blob;
  std::string name;
  std::string type;
  std::int64_t size = 0;
};

}  // namespace patchbay
