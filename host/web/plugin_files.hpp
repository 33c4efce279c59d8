#pragma once

#include <string>

#include "base/site_address.hpp"
#include "plugin/catalogue.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// "/plugins/<id>/web/<path>": what a plugin keeps for browsers in its folder web/, of the version that runs,
// for anybody and for pages of any origin. Files were read with the manifest: a path is a name in a table, so
// none leads out of the folder. Pages among them run in an origin of their own, not in ours. Mount it with
// Router::mount("/plugins/", files).
class PluginFiles final : public Application {
 public:
  // `catalogue` outlives it. `site`: its path is taken off where a request carries it.
  explicit PluginFiles(const plugin::Catalogue& catalogue, SiteAddress site = {});

  BodyPlan plan(const Request& head) override;
  // 200, 304, 404 or 405.
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  const plugin::Catalogue& catalogue_;
  const SiteAddress site_;
};

// Whether a header If-None-Match (RFC 9110, 13.1.2) names this entity tag, or any.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace patchbay::web
