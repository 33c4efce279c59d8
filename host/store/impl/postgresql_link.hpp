#pragma once

#include <string>
#include <string_view>

namespace patchbay::store {

// What libpq says of a failure, without the end of its line.
inline std::string trimmed(const char* message) {
  std::string out(message == nullptr ? "" : message);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

// Limits of waiting that the URL does not set itself: a server that is gone must not hold a thread for
// minutes.
inline std::string with_limits(std::string url) {
  for (const char* limit : {"connect_timeout=5", "tcp_user_timeout=10000"}) {
    const std::string_view option(limit);
    if (url.find(option.substr(0, option.find('='))) != std::string::npos) continue;
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += option;
  }
  return url;
}

}  // namespace patchbay::store
