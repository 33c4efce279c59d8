#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::net {

// What one caller may reach. Copied into each request.
//
// A URL is allowed when its scheme and host:port match the rule, and the address really connected to is
// public, unless that host:port or a range with that address is in `opened`. Anything else is refused before
// a packet leaves.
struct EgressRule {
  // Host patterns: "api.example.org", "*.example.org" (one label or more). Case-insensitive. Empty: every
  // public host.
  std::vector<std::string> hosts;
  // What an administrator opened (configuration egress.allow). "host:port": private addresses and plain http
  // are allowed there. "10.1.0.0/16:443", "[fd00::]/8" (every port): whatever resolves into that range is
  // allowed, plain http where the URL holds the address itself.
  std::vector<std::string> opened;
};

// The parts of an absolute http(s) URL; nothing when it is not one, or hides a host (user info, control
// characters, back-slashes, percent signs, numbers that are no dotted quad). `host` is lower-case, without
// brackets; a fragment is left out of `target`.
struct UrlParts {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  std::string target;  // path and query
};
// Whether both lead to the same server: scheme, host and port.
bool same_origin(const UrlParts& a, const UrlParts& b);
std::optional<UrlParts> parse_url(std::string_view url);

// Why a URL is refused, as a text id with the arguments {scheme} and {host}, or nothing. Names, schemes and
// literal addresses only; what a name resolves to is checked by is_public_address when connecting.
std::optional<std::string> refuse_url(const EgressRule& rule, const UrlParts& url);
bool matches_host(std::string_view pattern, std::string_view host);
bool is_opened(const EgressRule& rule, std::string_view host, std::uint16_t port);
// Whether a numeric address lies in an opened range.
bool is_in_opened_range(const EgressRule& rule, const std::string& numeric, std::uint16_t port);
// Whether a numeric address is one of these addresses and ranges: "127.0.0.1", "10.1.0.0/16", "fd00::/8".
bool is_among(const std::vector<std::string>& ranges, const std::string& numeric);
bool is_range(const std::string& range);
// Whether an entry of `opened` can be understood.
bool is_opening(const std::string& entry);

// Whether a numeric address may be reached from a public network: false for private, loopback, link-local,
// multicast, documentation, benchmarking, shared (RFC 6598), unique local, mapped, NAT64 and 6to4 forms of
// those (RFC 6890).
bool is_public_address(std::string_view numeric);

}  // namespace patchbay::net
