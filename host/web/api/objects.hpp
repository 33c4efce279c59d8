#pragma once

#include "domain/records/objects.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/objects and /api/v1/lookups: what kinds of records there are. `objects` outlives the router.
class ObjectsApi {
 public:
  explicit ObjectsApi(domain::records::Objects& objects) : objects_(objects) {}

  void add_to(Router& router);

 private:
  void add_lookups_to(Router& router);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> lookups(Call call);
  boost::asio::awaitable<Response> create_lookup(Call call);
  boost::asio::awaitable<Response> lookup(Call call);
  boost::asio::awaitable<Response> change_lookup(Call call);
  boost::asio::awaitable<Response> remove_lookup(Call call);

  domain::records::Objects& objects_;
};

}  // namespace patchbay::web
