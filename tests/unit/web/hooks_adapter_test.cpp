#include "web/hooks_adapter.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hooks/ingress.hpp"
#include "support/databases.hpp"
#include "unit/hooks/support.hpp"
#include "unit/web/api_server.hpp"
#include "web/health.hpp"

namespace patchbay::web {
namespace {

using test::RawHttp;

// The listener, the router and the real door of hooks, on SQLite.
class HooksAdapterTest : public testing::Test {
 protected:
  HooksAdapterTest() {
    routes.mount(hooks::echo_mount());
    router.mount("/hooks/", adapter);
  }
  // The loop and the store's threads resume the server's coroutines, and let go of their strands a moment
  // after they ran.
  ~HooksAdapterTest() override {
    served.finish();
    loop.finish();
    store.reset();
  }
  std::string post(std::string_view path, std::string_view token, std::string_view body,
                   std::string_view more = {}) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nx-token: " + std::string(token) + "\r\n" +
           std::string(more) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  }

  hooks::Loop loop;
  support::FreshDatabase database{support::Database::sqlite};
  std::unique_ptr<store::Store> store = database.open();
  SystemClock clock;
  IdMint mint{clock};
  hooks::Counters counters;
  hooks::RouteTable routes{"https://bay.example/app"};
  hooks::InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  support::FakeHttp http{clock};
  hooks::KeySets keys{
      {loop.io.get_executor(), clock, http, [] { return std::vector<std::string>(); }, log::Logger::none()}};
  hooks::Ingress ingress{hooks::Ingress::Parts(routes, committer, clock, keys, counters),
                         log::Logger::none()};
  metrics::Registry metrics;
  live::Topics topics{loop.io.get_executor(), clock, *store, log::Logger::none()};
  EventStreams streams{topics, clock, metrics};
  HooksAdapter adapter{ingress, streams, "https://bay.example/app"};
  ScopeAuthenticator authenticator;
  Router router{authenticator, "https://bay.example/app"};
  Served served{router};
};

TEST_F(HooksAdapterTest, WebhookIsStoredUnderTheIdOfItsAnswer) {  // HOOK-1, HOOK-5
  RawHttp client(served.port());
  const auto answer = client.ask(post("/hooks/echo/7/update", "s3cret", R"({"id":1})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  const auto row =
      store->read_now([](store::Session& s) { return *s.query_one("select trace, body from inbox"); });
  EXPECT_NE(row.text(0).find(answer.headers.at("x-request-id")), std::string::npos);
  EXPECT_EQ(row.bytes(1), R"({"id":1})");
}

TEST_F(HooksAdapterTest, BasePathIsTakenOff) {  // SET-2
  RawHttp client(served.port());
  EXPECT_EQ(client.ask(post("/app/hooks/echo/7/update", "s3cret", "{}")).status, 200);
}

TEST_F(HooksAdapterTest, RefusesEarly) {  // HOOK-4, HOOK-6
  RawHttp client(served.port());
  EXPECT_EQ(client.ask(post("/hooks/echo/7/update", "wrong", "{}")).status, 401);
  EXPECT_EQ(client.ask("GET /hooks/echo/7/update HTTP/1.1\r\nHost: x\r\n\r\n").headers.at("allow"), "POST");
  EXPECT_EQ(client.ask("GET /hooks/nobody HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
  EXPECT_EQ(
      client.ask("POST /hooks/echo/7/update HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n").status,
      413);
  RawHttp stranger(served.port());
  EXPECT_EQ(stranger.ask("POST /hooks/echo/8/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n").status,
            404);
}

boost::asio::awaitable<std::vector<ReadyCheck>> half_ready() {
  std::vector<ReadyCheck> checks;
  checks.emplace_back("store", true);
  checks.emplace_back("hooks", false, Text::verbatim("full"));
  co_return checks;
}

boost::asio::awaitable<std::string> one_figure() {
  co_return "up 1\n";
}

TEST(Health, SaysWhetherItLivesAndWhetherItIsReady) {  // OPS-6
  ScopeAuthenticator authenticator;
  Router router(authenticator);
  add_liveness(router);
  add_readiness(router, half_ready);
  add_metrics(router, Operation::none, [] { return one_figure(); });
  add_openapi(router, "0.1.0", "");
  Served served(router);
  RawHttp client(served.port());
  EXPECT_EQ(client.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  const auto ready = client.ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.headers.count("retry-after"), 1u);
  EXPECT_EQ(nlohmann::json::parse(ready.body)["checks"][1]["reason"], "full");
  EXPECT_EQ(client.ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body, "up 1\n");
  const auto document =
      nlohmann::json::parse(client.ask("GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n").body);
  for (const auto& route : router.routes()) EXPECT_TRUE(document["paths"].contains(route.path)) << route.path;
}

}  // namespace
}  // namespace patchbay::web
