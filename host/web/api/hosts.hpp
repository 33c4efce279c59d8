#pragma once

#include "cluster/peers.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/hosts: the hosts that share the store (OPS-8). Both references outlive the router.
class HostsApi {
 public:
  HostsApi(store::Store& store, const cluster::Peers& peers) : store_(store), peers_(peers) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);

  store::Store& store_;
  const cluster::Peers& peers_;
};

}  // namespace patchbay::web
