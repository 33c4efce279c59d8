#pragma once

#include "base/clock.hpp"
#include "jobs/jobs.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/integrations.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/jobs: what runs for integrations again and again (JOB-3, JOB-4). All references outlive the router.
class JobsApi {
 public:
  JobsApi(jobs::Jobs& jobs, store::Store& store, const plugin::Catalogue& catalogue, const Clock& clock)
      : jobs_(jobs), store_(store), catalogue_(catalogue), clock_(clock) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> runs(Call call);
  boost::asio::awaitable<Response> run(Call call);
  boost::asio::awaitable<Response> pause(Call call);
  boost::asio::awaitable<Response> resume(Call call);
  boost::asio::awaitable<Response> reset(Call call);

  boost::asio::awaitable<jobs::Job> load(Id id);
  boost::asio::awaitable<nlohmann::json> shown(std::vector<jobs::Job> jobs, std::string language);
  boost::asio::awaitable<Response> show_again(Id id, std::string language);

  jobs::Jobs& jobs_;
  store::Store& store_;
  const plugin::Catalogue& catalogue_;
  const Clock& clock_;
  plugin::Integrations integrations_;
};

}  // namespace patchbay::web
