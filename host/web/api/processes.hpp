#pragma once

#include "domain/processes/processes.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// As the component "ProcessRun".
nlohmann::json shown(const domain::processes::Run& run, const std::string& language);

// /api/v1/processes and /api/v1/process-runs (REC-3). `processes` outlives the router.
class ProcessesApi {
 public:
  explicit ProcessesApi(domain::processes::Processes& processes) : processes_(processes) {}

  void add_to(Router& router);

 private:
  void add_runs_to(Router& router);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> renew_secret(Call call);
  boost::asio::awaitable<Response> start(Call call);
  boost::asio::awaitable<Response> runs(Call call);
  boost::asio::awaitable<Response> run(Call call);
  boost::asio::awaitable<Response> retry(Call call);

  domain::processes::Processes& processes_;
};

}  // namespace patchbay::web
