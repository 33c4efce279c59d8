#pragma once

#include "domain/records/records.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// Whose rights count in records: a person's who comes with a session; a token's, which is a machine, whatever
// it is called.
domain::records::Asker asker_of(const Call& call);

// /api/v1/records/{object}: contacts, cases, whatever there is. `records` outlives the router.
class RecordsApi {
 public:
  explicit RecordsApi(domain::records::Records& records) : records_(records) {}

  void add_to(Router& router);

 private:
  void add_changes_to(Router& router);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> history(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> merge(Call call);
  boost::asio::awaitable<Response> upsert(Call call);

  domain::records::Records& records_;
};

}  // namespace patchbay::web
