#pragma once

#include "base/clock.hpp"
#include "net/dns.hpp"
#include "plugin/services.hpp"

namespace patchbay::plugin {

// pb.dns/1:resolve, for plugins whose manifest needs it: 100 questions at once for an integration, and ten a
// second after that. All of them outlive the services.
void add_dns(Services& services, net::Dns& dns, const Clock& clock);

}  // namespace patchbay::plugin
