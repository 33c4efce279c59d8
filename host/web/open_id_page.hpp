#pragma once

#include <functional>
#include <string>

#include "base/site_address.hpp"
#include "domain/access/open_id.hpp"
#include "web/http_server.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// "/sign-in/openid" sends the browser to the identity server (`return_to`: a path of the site to come back
// to), "/sign-in/openid/callback" is where it comes back to: it has a session then, or is told why not and
// what to do. Mount it with Router::mount("/sign-in/", page).
class OpenIdPage final : public Application {
 public:
  // `address`: the public one, or what the listener has; asked each time. All outlive the page.
  struct Parts {
    Parts(domain::access::OpenId& o, const Clock& c, SiteAddress s, std::function<std::string()> a)
        : open_id(o), clock(c), site(std::move(s)), address(std::move(a)) {}
    domain::access::OpenId& open_id;
    const Clock& clock;
    SiteAddress site;
    std::function<std::string()> address;
  };
  explicit OpenIdPage(Parts parts) : parts_(std::move(parts)) {}

  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

  static constexpr std::string_view kStart = "/sign-in/openid";
  static constexpr std::string_view kCallback = "/sign-in/openid/callback";

 private:
  boost::asio::awaitable<Response> begin(Request request);
  boost::asio::awaitable<Response> finish(Request request);
  std::string redirect_uri() const;

  // A minute. Behind a proxy everybody has one address, and what proves nothing costs one request to the
  // identity server at most.
  static constexpr std::size_t kFailuresOfAddress = 300;

  const Parts parts_;
  FailureLimiter failures_;
};

}  // namespace patchbay::web
