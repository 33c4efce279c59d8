#include "web/forwarded.hpp"

#include <array>
#include <string_view>

#include <arpa/inet.h>

namespace patchbay::web {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711"; empty: none of these.
std::string address_in(std::string_view entry) {
  if (entry.starts_with('[')) {
    const auto end = entry.find(']');
    if (end == entry.npos) return {};
    entry = entry.substr(1, end - 1);
  } else if (const auto colon = entry.find(':');
             colon != entry.npos && entry.find(':', colon + 1) == entry.npos) {
    entry = entry.substr(0, colon);
  }
  std::string address(entry);
  return is_address(address) ? address : std::string();
}

}  // namespace

std::string client_of(const std::string& peer, const std::string& forwarded_for, const TrustsProxy& trusts) {
  std::string client = peer;
  std::string_view rest = forwarded_for;
  while (!rest.empty() && trusts && trusts(client)) {
    const auto comma = rest.rfind(',');
    const auto before = address_in(trimmed(comma == rest.npos ? rest : rest.substr(comma + 1)));
    if (before.empty()) break;
    client = before;
    rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
  }
  return client;
}

}  // namespace patchbay::web
