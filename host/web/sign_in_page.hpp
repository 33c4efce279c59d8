#pragma once

#include <string>

#include "base/site_address.hpp"
#include "oauth/sign_ins.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// "/oauth/callback": where a provider sends the browser of somebody who has signed in. Anybody may come; who
// has no state of ours is told so and nothing else. Mount it with Router::mount("/oauth/", page).
class SignInPage final : public Application {
 public:
  // `sign_ins` outlives the page. `site`: its path is taken off where a request carries it.
  explicit SignInPage(oauth::SignIns& sign_ins, SiteAddress site = {});

  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  oauth::SignIns& sign_ins_;
  const SiteAddress site_;
};

}  // namespace patchbay::web
