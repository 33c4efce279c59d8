#pragma once

#include <functional>

#include "cluster/member.hpp"
#include "cluster/peers.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/hosts: the hosts that share the store (OPS-8). Both references outlive the router.
class HostsApi {
 public:
  // `self`: this host, for where there are no others to share with (SQLite).
  HostsApi(store::Store& store, const cluster::Peers& peers, std::function<cluster::Member()> self)
      : store_(store), peers_(peers), self_(std::move(self)) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);

  store::Store& store_;
  const cluster::Peers& peers_;
  const std::function<cluster::Member()> self_;
};

}  // namespace patchbay::web
