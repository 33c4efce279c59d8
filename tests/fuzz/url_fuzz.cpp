#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/egress.hpp"

// Whatever the text is, what the guard reads out of it is one plain host, and reading it again gives the
// same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using patchbay::net::parse_url;
  const std::string text(reinterpret_cast<const char*>(data), size);
  patchbay::net::EgressRule rule;
  rule.opened.push_back(text);
  // Nothing that is opened by accident reaches what no range of this text can mean.
  if (!patchbay::net::is_opening(text) && patchbay::net::is_in_opened_range(rule, "10.1.2.3", 443))
    std::abort();
  const auto url = parse_url(text);
  if (!url) return 0;
  const bool is_v6 = url->host.find(':') != std::string::npos;
  const auto host = is_v6 ? "[" + url->host + "]" : url->host;
  const auto again = parse_url(url->scheme + "://" + host + ":" + std::to_string(url->port) + url->target);
  if (!again || !same_origin(*url, *again) || again->target != url->target) std::abort();
  if (url->host.find_first_of("@/\\ %") != std::string::npos) std::abort();
  return 0;
}
