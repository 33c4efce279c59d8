#pragma once

#include <cstdint>
#include <string>

#include "base/site_address.hpp"
#include "hooks/ingress.hpp"
#include "web/event_streams.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// "/hooks/..." of the listener is the door of the hooks module. Mount it with Router::mount("/hooks/",
// adapter).
class HooksAdapter final : public Application {
 public:
  // Both outlive the adapter. `site`: its path is taken off where a request carries it.
  HooksAdapter(hooks::Ingress& ingress, EventStreams& streams, SiteAddress site = {});

  // Unknown paths are refused before their body is read, without a visit to the database.
  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  Response stream(const hooks::LiveStream& live, std::int64_t after, std::string path);

  hooks::Ingress& ingress_;
  EventStreams& streams_;
  const SiteAddress site_;
};

}  // namespace patchbay::web
