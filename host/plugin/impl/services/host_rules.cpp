#include "plugin/impl/services/host_rules.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

struct Server {
  std::string host;
  std::optional<std::uint16_t> port;  // any
};

std::string setting_at(const InstanceContext& context, const std::string& pointer) {
  const auto settings = json::parse(context.settings, nullptr, false);
  try {
    const auto& value = settings.at(json::json_pointer(pointer));
    return value.is_string() ? value.get<std::string>() : std::string();
  } catch (const json::exception&) {
    return {};
  }
}

// Out of "https://host:port/path", "host:port" or "host".
std::optional<Server> server_in(const std::string& address) {
  Server server;
  const bool is_url = address.find("://") != address.npos;
  const auto parts = net::parse_url(is_url ? address : "https://" + address);
  if (!parts) return std::nullopt;
  server.host = parts->host;
  const auto colon = address.rfind(':');
  const bool names_port = is_url || (colon != address.npos && address.find(']', colon) == address.npos);
  if (names_port) server.port = parts->port;
  return server;
}

std::optional<Server> resolve(const InstanceContext& context, const std::string& pattern) {
  constexpr std::string_view kSetting = "setting:";
  if (pattern.starts_with(kSetting)) return server_in(setting_at(context, pattern.substr(kSetting.size())));
  if (pattern.starts_with("profile:")) return std::nullopt;
  Server server;
  server.host = pattern;
  return server;
}

bool is_tied(const InstanceContext& context, const std::string& reference, const net::UrlParts& server) {
  const auto& secrets = context.manifest->secrets;
  const auto spec = secrets.find(reference.substr(reference.find(':') + 1));
  if (spec == secrets.end()) return false;
  return std::any_of(spec->second.hosts.begin(), spec->second.hosts.end(), [&](const std::string& pattern) {
    const auto allowed = resolve(context, pattern);
    return allowed && net::matches_host(allowed->host, server.host) &&
           (!allowed->port || *allowed->port == server.port);
  });
}

}  // namespace

net::EgressRule egress_of(const InstanceContext& context, const std::vector<std::string>& opened) {
  net::EgressRule rule;
  rule.opened = opened;
  for (const auto& pattern : context.manifest->egress) {
    if (const auto server = resolve(context, pattern)) rule.hosts.push_back(server->host);
  }
  // An empty list would mean "every public host"; no host has an empty name.
  if (rule.hosts.empty()) rule.hosts.emplace_back();
  return rule;
}

bool may_have(const InstanceContext& context, const SecretNames& names, const net::UrlParts& server) {
  return std::all_of(names.begin(), names.end(),
                     [&](const auto& name) { return is_tied(context, name, server); });
}

void require_tied(const InstanceContext& context, const SecretNames& names, const net::UrlParts& server) {
  for (const auto& name : names) {
    if (is_tied(context, name, server)) continue;
    throw Error(Code::denied, Text("plugin.secret_not_for_host", {{"secret", name}, {"host", server.host}}));
  }
}

}  // namespace patchbay::plugin
