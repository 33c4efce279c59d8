#include "plugin/impl/services/host_rules.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "plugin/impl/services/grant_tokens.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

struct Server {
  std::string host;
  std::optional<std::uint16_t> port;  // any
};

// A text, or a whole number as one.
std::string text_at(const std::string& document, const std::string& pointer) {
  const auto settings = json::parse(document, nullptr, false);
  try {
    const auto& value = settings.at(json::json_pointer(pointer));
    if (value.is_number_integer()) return value.dump();
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

// What "setting:/pointer" or "profile:/pointer" stands for; nothing for what is neither.
std::optional<std::string> value_of(const InstanceContext& context, const std::string& reference) {
  constexpr std::string_view kSetting = "setting:";
  constexpr std::string_view kProfile = "profile:";
  if (reference.starts_with(kSetting)) return text_at(context.settings, reference.substr(kSetting.size()));
  if (reference.starts_with(kProfile))
    return text_at(context.profile_settings, reference.substr(kProfile.size()));
  return std::nullopt;
}

std::optional<Server> resolve(const InstanceContext& context, const std::string& pattern) {
  if (const auto value = value_of(context, pattern)) return server_in(*value);
  Server server;
  server.host = pattern;
  return server;
}

const std::vector<std::string>* hosts_of_grant(const GrantSpec& grant, const std::string& reference) {
  const auto dot = reference.find('.');
  const auto part = dot == reference.npos ? std::string() : reference.substr(dot + 1);
  const bool is_token =
      reference.starts_with("oauth:") ? !grant.by_password : part == kGrantPassword && grant.by_password;
  if (is_token || part == kGrantUser) return &grant.hosts;
  const auto secret = grant.secrets.find(part);
  return secret == grant.secrets.end() ? nullptr : &secret->second.hosts;
}

// Where the manifest lets it go; null for what it does not know.
const std::vector<std::string>* hosts_of(const Manifest& manifest, const std::string& reference) {
  const auto colon = reference.find(':');
  const auto kind = reference.substr(0, colon);
  const auto name = reference.substr(colon + 1);
  if (kind == "oauth" || kind == "grant") {
    const auto grant = manifest.grants.find(grant_of(reference));
    return grant == manifest.grants.end() ? nullptr : hosts_of_grant(grant->second, reference);
  }
  if (kind == "system") {
    const auto setting =
        std::find_if(manifest.settings.begin(), manifest.settings.end(),
                     [&](const SettingSpec& one) { return one.code == name && one.type == "secret"; });
    return setting == manifest.settings.end() ? nullptr : &setting->hosts;
  }
  const auto& secrets = kind == "profile" ? manifest.profile.secrets : manifest.secrets;
  const auto secret = secrets.find(name);
  return secret == secrets.end() ? nullptr : &secret->second.hosts;
}

bool is_tied(const InstanceContext& context, const std::string& reference, const net::UrlParts& server) {
  const auto* hosts = hosts_of(*context.manifest, reference);
  if (hosts == nullptr) return false;
  return std::any_of(hosts->begin(), hosts->end(), [&](const std::string& pattern) {
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

bool may_connect(const InstanceContext& context, const std::string& host, std::uint16_t port) {
  const auto place =
      server_in(host.find(':') == host.npos || host.starts_with('[') ? host : "[" + host + "]");
  if (!place || place->port) return false;
  return std::any_of(context.manifest->net.begin(), context.manifest->net.end(), [&](const NetSpec& each) {
    const auto allowed = resolve(context, each.host);
    if (!allowed || !net::matches_host(allowed->host, place->host)) return false;
    return std::any_of(each.ports.begin(), each.ports.end(), [&](const std::string& one) {
      return value_of(context, one).value_or(one) == std::to_string(port);
    });
  });
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
