#include "net/impl/redirect.hpp"

#include <algorithm>

#include <curl/curl.h>

#include "net/impl/ascii.hpp"
#include "net/impl/transfer.hpp"

namespace patchbay::net {
namespace {

constexpr std::string_view kPrivateHeaders[] = {"authorization", "cookie"};

bool is_private(const HttpRequest& request, std::string_view header) {
  const auto name = lower(header);
  return std::find(std::begin(kPrivateHeaders), std::end(kPrivateHeaders), name) !=
             std::end(kPrivateHeaders) ||
         std::find(request.private_headers.begin(), request.private_headers.end(), name) !=
             request.private_headers.end();
}

std::string location_of(const HttpResponse& response) {
  const auto is_location = [](const auto& header) { return header.first == "location"; };
  const auto header = std::find_if(response.headers.begin(), response.headers.end(), is_location);
  return header == response.headers.end() ? std::string() : header->second;
}

bool has_stream(const HttpRequest& request) {
  return request.whole || std::any_of(request.parts.begin(), request.parts.end(),
                                      [](const FormPart& part) { return bool(part.read); });
}

void drop_body(HttpRequest& request) {
  request.body.clear();
  request.parts.clear();
  request.whole.reset();
  std::erase_if(request.headers,
                [](const auto& header) { return lower(header.first).starts_with("content-"); });
}

}  // namespace

std::optional<std::string> resolve_location(const UrlParts& base, std::string_view location) {
  const auto colon = location.find(':');
  if (colon != location.npos && colon < location.find_first_of("/?#"))
    return std::string(location);  // has a scheme
  const bool is_v6 = base.host.find(':') != base.host.npos;
  const auto root =
      base.scheme + "://" + (is_v6 ? "[" + base.host + "]" : base.host) + ":" + std::to_string(base.port);
  if (location.starts_with("//")) return base.scheme + ":" + std::string(location);
  if (location.starts_with("/")) return root + std::string(location);
  CURLU* const parser = curl_url();
  char* text = nullptr;
  std::optional<std::string> result;
  if (curl_url_set(parser, CURLUPART_URL, (root + base.target).c_str(), 0) == CURLUE_OK &&
      curl_url_set(parser, CURLUPART_URL, std::string(location).c_str(), 0) == CURLUE_OK &&
      curl_url_get(parser, CURLUPART_URL, &text, 0) == CURLUE_OK) {
    result = text;
  }
  curl_free(text);
  curl_url_cleanup(parser);
  return result;
}

std::shared_ptr<const HttpRequest> follow(const HttpRequest& request, const UrlParts& url,
                                          const HttpResponse& response) {
  const auto location = location_of(response);
  if (!is_redirect(response.status) || location.empty()) return nullptr;
  const auto address = resolve_location(url, location);
  if (!address) return nullptr;

  auto next = std::make_shared<HttpRequest>(request);
  next->url = *address;
  --next->max_redirects;
  if (response.status == 303 && request.method != "HEAD") {
    next->method = "GET";
    drop_body(*next);
  }
  // A stream cannot be read a second time.
  if (has_stream(*next)) return nullptr;
  const auto target = parse_url(*address);
  const bool is_trusted =
      target && (same_origin(url, *target) || (request.trusted && request.trusted(*target)));
  if (is_trusted) return next;
  if (!next->body.empty() || !next->parts.empty()) return nullptr;
  next->login.reset();
  std::erase_if(next->headers, [&](const auto& header) { return is_private(request, header.first); });
  return next;
}

}  // namespace patchbay::net
