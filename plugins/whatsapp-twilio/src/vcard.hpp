#pragma once

#include <string>

#include "using.hpp"

namespace twilio {

// Name, phone and e-mail of the first card in a vCard file (RFC 6350, and the 2.1 and 3.0 that phones write),
// as `contact` of sdk/docs/verbs.md; null when it names nobody. Takes any bytes.
Json contact_in(const std::string& vcard);

}  // namespace twilio
