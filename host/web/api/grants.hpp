#pragma once

#include "lifecycle/credentials.hpp"
#include "oauth/grants.hpp"
#include "oauth/sign_ins.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/grants and /api/v1/sign-ins: what people have allowed at providers. All references outlive the
// router.
class GrantsApi {
 public:
  GrantsApi(lifecycle::Credentials& credentials, oauth::SignIns& sign_ins, const vault::Vault& vault,
            store::Store& store)
      : credentials_(credentials), sign_ins_(sign_ins), store_(store), table_(vault) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> sign_in(Call call);
  boost::asio::awaitable<Response> show_sign_in(Call call);

  lifecycle::Credentials& credentials_;
  oauth::SignIns& sign_ins_;
  store::Store& store_;
  oauth::Grants table_;
};

}  // namespace patchbay::web
