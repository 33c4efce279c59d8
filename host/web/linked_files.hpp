#pragma once

#include <string>

#include "base/site_address.hpp"
#include "plugin/file_links.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// "/files/...": files for whoever has an address that plugin::FileLinks made. Anybody else is told that there
// is nothing. Mount it with Router::mount("/files/", files).
class LinkedFiles final : public Application {
 public:
  // Both outlive it. `site`: its path is taken off where a request carries it.
  LinkedFiles(store::Store& store, plugin::FileLinks& links, SiteAddress site = {});

  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  store::Store& store_;
  plugin::FileLinks& links_;
  const SiteAddress site_;
};

}  // namespace patchbay::web
