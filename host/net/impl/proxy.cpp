#include "net/proxy.hpp"

#include <curl/curl.h>

#include "net/egress.hpp"

namespace patchbay::net {
namespace {

constexpr std::string_view kScheme = "http://";

std::string unescaped(std::string_view text) {
  int length = 0;
  char* const found =
      curl_easy_unescape(nullptr, std::string(text).c_str(), static_cast<int>(text.size()), &length);
  if (found == nullptr) return {};
  std::string out(found, static_cast<std::size_t>(length));
  curl_free(found);
  return out;
}

}  // namespace

std::optional<Proxy> parse_proxy(std::string_view url) {
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  Proxy out;
  if (const auto at = url.rfind('@'); at != url.npos) {
    out.login = unescaped(url.substr(0, at));
    url.remove_prefix(at + 1);
    if (out.login.find_first_of(std::string_view("\r\n\0", 3)) != out.login.npos) return std::nullopt;
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  const bool has_port = url.find_last_of(':') != url.npos && !url.ends_with(']');
  const auto parts = parse_url(std::string(kScheme) + std::string(url));
  if (!parts || !has_port || parts->target != "/" || parts->port == 0) return std::nullopt;
  out.host = parts->host;
  out.port = parts->port;
  return out;
}

std::string without_login(std::string_view url) {
  const auto at = url.rfind('@');
  if (at == url.npos) return std::string(url);
  const auto scheme = url.find("://");
  const auto begin = scheme == url.npos || scheme > at ? 0 : scheme + 3;
  return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

}  // namespace patchbay::net
