#pragma once

#include "domain/access/access.hpp"
#include "web/router.hpp"

namespace patchbay::web {

nlohmann::json shown(const domain::access::User& user);

// /api/v1/users, /api/v1/roles, /api/v1/operations: who works here and what they may. `access` outlives the
// router.
class PeopleApi {
 public:
  explicit PeopleApi(domain::access::Access& access) : access_(access) {}

  void add_to(Router& router);

 private:
  void add_users(Router& router);
  void add_roles(Router& router);
  void add_members(Router& router);

  boost::asio::awaitable<Response> operations(Call call);
  boost::asio::awaitable<Response> users(Call call);
  boost::asio::awaitable<Response> create_user(Call call);
  boost::asio::awaitable<Response> user(Call call);
  boost::asio::awaitable<Response> change_user(Call call);
  boost::asio::awaitable<Response> roles(Call call);
  boost::asio::awaitable<Response> create_role(Call call);
  boost::asio::awaitable<Response> role(Call call);
  boost::asio::awaitable<Response> change_role(Call call);
  boost::asio::awaitable<Response> remove_role(Call call);
  boost::asio::awaitable<Response> members(Call call);
  boost::asio::awaitable<Response> add_member(Call call);
  boost::asio::awaitable<Response> remove_member(Call call);

  domain::access::Access& access_;
};

}  // namespace patchbay::web
