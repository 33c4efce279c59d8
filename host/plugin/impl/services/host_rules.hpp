#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/egress.hpp"
#include "plugin/impl/services/placeholders.hpp"
#include "plugin/services.hpp"

namespace patchbay::plugin {

// Host patterns of a manifest are "api.example.org", "*.example.org" or "setting:/pointer" or
// "profile:/pointer", which stands for the host (and the port, when it names one) of the address in that
// setting. One that has no value matches nothing.

// What this instance may reach. A manifest that declares nothing reaches nothing.
net::EgressRule egress_of(const InstanceContext& context, const std::vector<std::string>& opened);

// Whether the manifest lets it connect to this place (pb.net/1).
bool may_connect(const InstanceContext& context, const std::string& host, std::uint16_t port);

// Whether every one of these secrets may be sent to this server.
bool may_have(const InstanceContext& context, const SecretNames& names, const net::UrlParts& server);
// Throws Error{denied} "plugin.secret_not_for_host" when one may not.
void require_tied(const InstanceContext& context, const SecretNames& names, const net::UrlParts& server);

}  // namespace patchbay::plugin
