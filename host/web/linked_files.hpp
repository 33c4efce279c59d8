#pragma once

#include <string>

#include "plugin/file_links.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// "/files/...": files for whoever has an address that plugin::FileLinks made. Anybody else is told that there
// is nothing. Mount it with Router::mount("/files/", files).
class LinkedFiles final : public Application {
 public:
  // Both outlive it. `base_path`: the path of site_url, taken off where a request carries it.
  LinkedFiles(store::Store& store, plugin::FileLinks& links, std::string base_path = {});

  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  store::Store& store_;
  plugin::FileLinks& links_;
  const std::string base_path_;
};

}  // namespace patchbay::web
