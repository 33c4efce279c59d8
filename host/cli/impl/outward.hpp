#pragma once

#include <string>
#include <vector>

#include "cli/impl/findings.hpp"

namespace patchbay::cli {

// What doctor asks the network, when it is told to (OPS-4). Both block, a few seconds a server at most.

// Whether these hosts of plugins have addresses.
void look_at_names(const std::vector<std::string>& hosts, Findings& out);
// Whether a mail server can be reached: "mail.example.org", at every port of mail, or "mail.example.org:465".
void look_at_mail(const std::string& server, Findings& out);

}  // namespace patchbay::cli
