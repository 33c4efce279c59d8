#include "web/gate.hpp"

#include "base/error.hpp"
#include "crypto/secure.hpp"

namespace patchbay::web {

boost::asio::awaitable<Principal> Gate::authenticate(Credentials credentials) {
  if (!credentials.authorization.empty() || credentials.session.empty()) {
    auto known = tokens_.authenticate(std::move(credentials.authorization), std::move(credentials.peer));
    co_return co_await std::move(known);
  }
  auto finding = sessions_.find(credentials.session);
  auto found = co_await std::move(finding);
  if (!found) throw Error(Code::unauthenticated, Text("web.session_ended"));
  if (credentials.changes && !crypto::equal(credentials.csrf, found->csrf))
    throw Error(Code::denied, Text("web.csrf"));
  Principal who(found->user.id, "user:" + found->user.login, granted_operations(found->operations));
  who.session = std::make_shared<const domain::access::Session>(std::move(*found));
  co_return who;
}

}  // namespace patchbay::web
