#include "net/egress.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

#include "net/impl/ascii.hpp"

namespace patchbay::net {
namespace {

constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '\\'; });
}

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(family, text.c_str(), bytes.data()) == 1;
}

// A last label that begins with a digit ("1", "0x7f") may be read as a number by a resolver; no top-level
// domain does.
bool ends_in_number(std::string_view host) {
  const auto label = host.substr(host.rfind('.') + 1);
  return !label.empty() && is_digit(label.front());
}

bool is_name(const std::string& host) {
  if (host.empty() || host.size() > 253 || host.find_first_not_of(kHostCharacters) != host.npos) return false;
  if (host.front() == '.' || host.back() == '.' || host.find("..") != host.npos) return false;
  return !ends_in_number(host) || is_address(AF_INET, host);
}

bool is_literal(const std::string& host) {
  return is_address(AF_INET, host) || is_address(AF_INET6, host);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
    return std::nullopt;
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// Host and port out of "host", "host:port", "[v6]" or "[v6]:port"; `parts.port` stays when none is written.
bool parse_authority(std::string_view authority, UrlParts& parts) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos) return false;
    parts.host = lower(authority.substr(1, end - 1));
    if (!is_address(AF_INET6, parts.host)) return false;
    rest = authority.substr(end + 1);
  } else {
    const auto end = std::min(authority.find(':'), authority.size());
    parts.host = lower(authority.substr(0, end));
    if (!is_name(parts.host)) return false;
    rest = authority.substr(end);
  }
  if (rest.empty()) return true;
  const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (port) parts.port = *port;
  return port.has_value();
}

using Bytes16 = std::array<unsigned char, 16>;

// IPv4 as the last four bytes, so that both kinds are compared alike.
std::optional<Bytes16> bytes_of(const std::string& numeric) {
  Bytes16 bytes{};
  if (::inet_pton(AF_INET, numeric.c_str(), bytes.data() + 12) == 1) return bytes;
  if (::inet_pton(AF_INET6, numeric.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

bool is_v4(const std::string& numeric) {
  return numeric.find(':') == numeric.npos;
}

struct Range {
  Bytes16 base{};
  bool v4 = false;
  int bits = 0;            // of the 128
  std::uint16_t port = 0;  // 0: every one
};

// "10.1.0.0/16", "10.1.0.0/16:443", "[fd00::]/8:443".
std::optional<Range> parse_range(std::string_view entry) {
  const auto slash = entry.find('/');
  if (slash == entry.npos) return std::nullopt;
  auto address = entry.substr(0, slash);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  const std::string numeric(address);
  const auto base = bytes_of(numeric);
  if (!base || bracketed == is_v4(numeric)) return std::nullopt;
  const auto rest = entry.substr(slash + 1);
  const auto colon = rest.find(':');
  const auto digits = rest.substr(0, colon);
  Range range;
  range.base = *base;
  range.v4 = is_v4(numeric);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), range.bits);
  const int most = range.v4 ? 32 : 128;
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || range.bits < 0 ||
      range.bits > most)
    return std::nullopt;
  if (range.v4) range.bits += 96;
  if (colon == rest.npos) return range;
  const auto port = parse_port(rest.substr(colon + 1));
  if (!port) return std::nullopt;
  range.port = *port;
  return range;
}

bool lies_in(const Range& range, const Bytes16& address) {
  for (int bit = 0; bit < range.bits; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((range.base.at(at) & mask) != (address.at(at) & mask)) return false;
  }
  return true;
}

}  // namespace

bool is_in_opened_range(const EgressRule& rule, const std::string& numeric, std::uint16_t port) {
  const auto address = bytes_of(numeric);
  if (!address) return false;
  return std::any_of(rule.opened.begin(), rule.opened.end(), [&](const std::string& entry) {
    const auto range = parse_range(entry);
    const bool fits = range && range->v4 == is_v4(numeric) && (range->port == 0 || range->port == port);
    return fits && lies_in(*range, *address);
  });
}

namespace {

// As an entry of `opened`.
std::string as_opening(const std::string& range) {
  const auto slash = range.find('/');
  const auto address = range.substr(0, slash);
  const bool v4 = is_v4(address);
  const auto bits = slash == range.npos ? std::string(v4 ? "/32" : "/128") : range.substr(slash);
  return v4 ? address + bits : "[" + address + "]" + bits;
}

}  // namespace

bool is_among(const std::vector<std::string>& ranges, const std::string& numeric) {
  EgressRule rule;
  for (const auto& range : ranges) rule.opened.push_back(as_opening(range));
  return is_in_opened_range(rule, numeric, 1);
}

bool is_range(const std::string& range) {
  return parse_range(as_opening(range)).has_value();
}

bool is_opening(const std::string& entry) {
  UrlParts parts;
  return parse_range(entry).has_value() || (parse_authority(entry, parts) && parts.port != 0);
}

bool same_origin(const UrlParts& a, const UrlParts& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

std::optional<UrlParts> parse_url(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == url.npos || !is_visible(url)) return std::nullopt;
  UrlParts parts;
  parts.scheme = lower(url.substr(0, colon));
  if (parts.scheme != "http" && parts.scheme != "https") return std::nullopt;
  parts.port = parts.scheme == "https" ? 443 : 80;
  url.remove_prefix(colon + 3);
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  if (!parse_authority(url.substr(0, end), parts)) return std::nullopt;
  parts.target = std::string(url.substr(end, std::min(url.find('#'), url.size()) - end));
  if (!parts.target.starts_with('/')) parts.target.insert(0, 1, '/');
  return parts;
}

bool matches_host(std::string_view pattern, std::string_view host) {
  const auto wanted = lower(pattern);
  if (!wanted.starts_with("*.")) return wanted == host;
  const auto suffix = std::string_view(wanted).substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

bool is_opened(const EgressRule& rule, std::string_view host, std::uint16_t port) {
  return std::any_of(rule.opened.begin(), rule.opened.end(), [&](const std::string& entry) {
    UrlParts parts;
    return parse_authority(entry, parts) && parts.host == host && parts.port == port;
  });
}

std::optional<std::string> refuse_url(const EgressRule& rule, const UrlParts& url) {
  const auto allows = [&](const std::string& pattern) { return matches_host(pattern, url.host); };
  if (!rule.hosts.empty() && std::none_of(rule.hosts.begin(), rule.hosts.end(), allows))
    return "net.host_not_declared";
  if (is_opened(rule, url.host, url.port) || is_in_opened_range(rule, url.host, url.port))
    return std::nullopt;
  if (url.scheme != "https") return "net.plain_http_refused";
  if (is_literal(url.host)) {
    return is_public_address(url.host) ? std::nullopt : std::optional<std::string>("net.private_address");
  }
  if (url.host.find('.') == url.host.npos || url.host.ends_with(".localhost")) return "net.private_address";
  return std::nullopt;
}

}  // namespace patchbay::net
