#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "log/redactor.hpp"
#include "net/form.hpp"
#include "net/http.hpp"
#include "oauth/provider.hpp"
#include "oauth/replies.hpp"

namespace patchbay::oauth {

// Asks an authorisation server, through the egress guard. Any thread.
class Endpoint {
 public:
  // `http` and `redactor` outlive it. `opened`: what an administrator opened (egress.allow), asked each time.
  Endpoint(net::HttpClient& http, log::Redactor& redactor, std::function<std::vector<std::string>()> opened)
      : http_(http), redactor_(redactor), opened_(std::move(opened)) {}

  // What is secret of the form is unreadable in logs meanwhile, and in what the provider says of it. Throws
  // Error: unavailable when it is not known what happened, denied by the guard.
  boost::asio::awaitable<TokenReply> token(Provider provider, net::Fields form) const;
  boost::asio::awaitable<DeviceCode> device(Provider provider) const;
  // Whether the provider said that it is done. Never throws but when cancelled.
  boost::asio::awaitable<bool> revoke(Provider provider, std::string token, const char* kind) const;

 private:
  boost::asio::awaitable<net::HttpResponse> post(std::string address, Provider provider,
                                                 net::Fields form) const;

  net::HttpClient& http_;
  log::Redactor& redactor_;
  std::function<std::vector<std::string>()> opened_;
};

// Where the browser is sent (RFC 6749, 4.1.1; RFC 7636, S256).
std::string authorization_address(const Provider& provider, const std::string& redirect_uri,
                                  const std::string& state, const std::string& verifier);

std::string joined(const std::vector<std::string>& scopes);

}  // namespace patchbay::oauth
