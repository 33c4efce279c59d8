#pragma once

#include <filesystem>
#include <functional>

#include <boost/asio/thread_pool.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/integrations.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/plugins: what was found, which version runs, whether any does (HOST-1, HOST-4). All references
// outlive the router.
class PluginsApi {
 public:
  // `own`: the folder into which administrators drop plugins, of which they may be removed. `chosen`: called
  // after a choice was stored.
  PluginsApi(store::Store& store, plugin::Catalogue& catalogue, const Clock& clock, IdMint& ids,
             std::filesystem::path own, std::function<boost::asio::awaitable<void>()> chosen)
      : store_(store),
        catalogue_(catalogue),
        clock_(clock),
        ids_(ids),
        own_(std::move(own)),
        chosen_(std::move(chosen)) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> use(Call call);
  boost::asio::awaitable<Response> enable(Call call);
  boost::asio::awaitable<Response> disable(Call call);
  boost::asio::awaitable<Response> remove(Call call);

  // `action`: for the audit log.
  boost::asio::awaitable<Response> choose(Call call, const char* action,
                                          std::function<void(plugin::Choice&)> change);
  Response shown_now(const Call& call) const;

  store::Store& store_;
  plugin::Catalogue& catalogue_;
  const Clock& clock_;
  IdMint& ids_;
  const std::filesystem::path own_;
  const std::function<boost::asio::awaitable<void>()> chosen_;
  boost::asio::thread_pool disk_{1};  // what waits for it must not hold up requests
};

}  // namespace patchbay::web
