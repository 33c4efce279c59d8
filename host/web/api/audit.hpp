#pragma once

#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/audit: who changed what, when and from where (ACC-5). `store` outlives the router.
class AuditApi {
 public:
  explicit AuditApi(store::Store& store) : store_(store) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);

  store::Store& store_;
};

}  // namespace patchbay::web
