#include "web/plugin_files.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "web/impl/route_table.hpp"

namespace patchbay::web {

namespace {

constexpr std::string_view kFolder = "/plugins/";
constexpr std::string_view kBelow = "/web/";

// They stand in pages of other sites; what may be read by anybody may be read from anywhere.
void add_headers(Response& response, const std::string& etag) {
  response.headers.add("etag", etag);
  response.headers.add("cache-control", "public, max-age=300");
  response.headers.add("access-control-allow-origin", "*");
  response.headers.add("cross-origin-resource-policy", "cross-origin");
  response.headers.add("content-security-policy", "sandbox allow-scripts");
}

}  // namespace

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    auto one = if_none_match.substr(0, if_none_match.find(','));
    if_none_match.remove_prefix(std::min(one.size() + 1, if_none_match.size()));
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

PluginFiles::PluginFiles(const plugin::Catalogue& catalogue, SiteAddress site)
    : catalogue_(catalogue), site_(std::move(site)) {}

BodyPlan PluginFiles::plan(const Request&) {
  return BodyPlan(0);
}

boost::asio::awaitable<Response> PluginFiles::handle(Request request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response refused(405);
    refused.headers.add("allow", "GET, HEAD");
    co_return refused;
  }
  auto path = strip_base(request.path(), site_.path());
  path.remove_prefix(std::min(path.size(), kFolder.size()));
  const auto id = path.substr(0, path.find('/'));
  path.remove_prefix(id.size());
  const auto manifest = catalogue_.is_disabled(id) ? nullptr : catalogue_.find(id);
  if (!manifest || !path.starts_with(kBelow)) throw Error(Code::not_found, Text("web.no_plugin_file"));
  path.remove_prefix(kBelow.size());
  const auto file = manifest->web.find(path.empty() ? std::string_view("index.html") : path);
  if (file == manifest->web.end()) throw Error(Code::not_found, Text("web.no_plugin_file"));
  const auto& [type, etag, bytes] = file->second;
  const bool known = names_etag(request.headers.get("if-none-match"), etag);
  Response response = known ? Response(304) : Response(200, type, bytes);
  add_headers(response, etag);
  co_return response;
}

}  // namespace patchbay::web
