#include "app/impl/modules.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

constexpr const char* kVersion = PB_VERSION;

}  // namespace

void Modules::add_routes() {
  integrations_api.add_to(router);
  profiles_api.add_to(router);
  grants_api.add_to(router);
  plugins_api.add_to(router);
  setup_api.add_to(router);
  secrets_api.add_to(router);
  health_api.add_to(router);
  hosts_api.add_to(router);
  inbox_api.add_to(router);
  jobs_api.add_to(router);
  chats_api.add_to(router);
  files_api.add_to(router);
  tokens_api.add_to(router);
  business_api.add_to(router);
  live_api.add_to(router);
  router.mount("/hooks/", hooks_adapter);
  router.mount("/oauth/", sign_in_page);
  router.mount("/files/", linked_files);
  router.mount("/plugins/", plugin_files);
  router.fall_back_to(console_files);
  web::add_liveness(router);
  web::add_readiness(router, [this] { return check_ready(); });
  web::add_metrics(router, web::Operation::read_status, [this] { return figures.text(fleet); });
  web::add_openapi(router, kVersion, site);
}

asio::awaitable<std::vector<web::ReadyCheck>> Modules::check_ready() {
  std::vector<web::ReadyCheck> checks;
  checks.emplace_back("host", !stopping_, stopping_ ? Text("app.stopping") : Text());
  auto work = [](store::Session& session) { session.query("select cast(1 as bigint)"); };
  try {
    co_await store->read(std::move(work));
    auto probing = store_probe.fault();
    const auto fault = co_await std::move(probing);
    checks.emplace_back("store", !fault, fault.value_or(Text()));
  } catch (const Error& error) {
    checks.emplace_back("store", false, error.text());
  }
  co_return checks;
}

}  // namespace patchbay::app
