#pragma once

#include <functional>
#include <string>

namespace patchbay::web {

// Whether a numeric address is that of a proxy whose word is believed. Any thread.
using TrustsProxy = std::function<bool(const std::string& numeric)>;

// Who sent a request (OPS-12): `peer`, the other end of the connection, unless that is a trusted proxy; then
// the last address in X-Forwarded-For that is none. What stands before that may be anybody's invention.
// `forwarded_for`: the header's fields, joined by commas. An entry that is no address ends the search: the
// last believed one is it.
std::string client_of(const std::string& peer, const std::string& forwarded_for, const TrustsProxy& trusts);

}  // namespace patchbay::web
