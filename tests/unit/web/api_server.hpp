#pragma once

#include <string>
#include <string_view>

#include "unit/web/served.hpp"
#include "web/problem.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// "Bearer admin" may do everything, "Bearer <scope>" what the scope allows; nobody else anything.
class ScopeAuthenticator final : public Authenticator {
 public:
  boost::asio::awaitable<Principal> authenticate(Credentials credentials) override {
    const auto& authorization = credentials.authorization;
    const std::string prefix = "Bearer ";
    const auto scope = authorization.starts_with(prefix) ? authorization.substr(prefix.size()) : "";
    const auto operations = scope_operations(scope);
    if (!operations) throw Error(Code::unauthenticated, Text("web.unauthenticated"));
    co_return Principal(1, scope, *operations);
  }
};

// One request on a connection of its own.
inline test::RawAnswer ask(std::uint16_t port, std::string_view line, std::string_view headers = {},
                           std::string_view body = {}) {
  test::RawHttp client(port);
  std::string text =
      std::string(line) + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n" + std::string(headers);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return client.ask(text + "\r\n" + std::string(body));
}

}  // namespace patchbay::web
