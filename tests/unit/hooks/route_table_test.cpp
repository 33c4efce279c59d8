#include "hooks/route_table.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.hpp"
#include "hooks/check_routes.hpp"

namespace patchbay::hooks {
namespace {

plugin::RouteSpec spec(std::string id = "update") {
  plugin::RouteSpec made;
  made.id = std::move(id);
  made.verify = R"({"type":"header-equals","header":"x-token","secret":"secret:hook"})";
  return made;
}

Mount mount(Id integration, std::vector<std::string> values = {"s3cret"}) {
  return Mount(integration, "echo", [values](const std::string&) { return values; });
}

Mount mount_one(Id integration, plugin::RouteSpec route) {
  auto made = mount(integration);
  made.add(std::move(route));
  return made;
}

void expect_refused(RouteTable& table, Mount bad, Code code, const std::string& word) {
  try {
    table.mount(std::move(bad));
    ADD_FAILURE() << word;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_NE(std::string(error.what()).find("update"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
  EXPECT_FALSE(table.find("/hooks/echo/7/update"));
}

TEST(RouteTable, FindsMountedRoutesByPathAlone) {
  RouteTable table("https://bay.example/in/");
  table.mount(mount_one(7, spec()));
  const auto route = table.find("/hooks/echo/7/update");
  ASSERT_TRUE(route);
  EXPECT_EQ(route->address, "https://bay.example/in/hooks/echo/7/update");
  for (const char* other :
       {"/hooks/echo/8/update", "/hooks/echo/7/update/", "/hooks/echo/7", "/", "", "/hooks/echo/07/update"}) {
    EXPECT_FALSE(table.find(other)) << other;
  }
}

TEST(RouteTable, UnmountsAndReplaces) {
  RouteTable table("");
  auto both = mount_one(7, spec("a"));
  both.add(spec("b"));
  table.mount(std::move(both));
  table.mount(mount_one(7, spec("b")));
  EXPECT_FALSE(table.find("/hooks/echo/7/a"));
  EXPECT_TRUE(table.find("/hooks/echo/7/b"));
  table.unmount(7);
  EXPECT_FALSE(table.find("/hooks/echo/7/b"));
  EXPECT_FALSE(table.find(7, "b"));
}

TEST(RouteTable, RoutesThatAreNotServedAreKnownToInjectOnly) {
  RouteTable table("");
  auto hidden = Mount(7, "echo", nullptr);
  hidden.add(spec(), false);
  table.mount(std::move(hidden));
  EXPECT_FALSE(table.find("/hooks/echo/7/update"));
  EXPECT_TRUE(table.find(7, "update"));
}

TEST(RouteTable, ARouteWithoutVerifierDoesNotMount) {  // HOOK-6
  RouteTable table("");
  auto open = spec();
  open.verify = "";
  expect_refused(table, mount_one(7, open), Code::invalid, "verifier");
  open.verify = R"({"type":"none"})";
  expect_refused(table, mount_one(7, open), Code::denied, "administrator");
}

TEST(RouteTable, NamesWhatIsWrong) {
  RouteTable table("http://bay.example");
  auto bad = spec();
  bad.reply = R"({"status":500})";
  expect_refused(table, mount_one(7, bad), Code::invalid, "status");
  bad = spec();
  bad.order = {"chat"};
  expect_refused(table, mount_one(7, bad), Code::invalid, "chat");
  bad = spec();
  bad.https = true;
  expect_refused(table, mount_one(7, bad), Code::invalid, "site_url");
  auto without = mount(7, {});
  without.add(spec());
  expect_refused(table, std::move(without), Code::unavailable, "secret:hook");
}

TEST(CheckRoutes, SaysWhatCouldNeverBeMounted) {  // HOST-3, HOOK-6
  const auto words_for = [](const std::string& verify) -> std::string {
    plugin::RouteSpec spec;
    spec.id = "in";
    spec.methods = {"POST"};
    spec.verify = verify;
    spec.cors = "/origins";
    spec.https = true;
    plugin::Manifest manifest;
    manifest.id = "acme";
    manifest.routes.push_back(std::move(spec));
    try {
      check_routes(manifest);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(words_for(R"({"type": "header-equals", "header": "x-token", "secret": "secret:token"})"), "");
  EXPECT_EQ(words_for(R"({"type": "none"})"), "");
  EXPECT_NE(words_for(R"({"type": "header-equal"})").find("\"header-equal\" is not known"),
            std::string::npos);
  EXPECT_NE(words_for(R"({"type": "basic", "user": "text:u"})").find("\"password\""), std::string::npos);
  EXPECT_NE(words_for(R"({"type": "plugin"})").find("cannot verify"), std::string::npos);
}

TEST(RouteTable, ASecretThatGoesAwayClosesTheRoute) {  // HOOK-6
  RouteTable table("");
  table.mount(mount_one(7, spec()));
  EXPECT_FALSE(table.refresh(7, [](const std::string&) { return std::vector<std::string>(); }));
  ASSERT_TRUE(table.find("/hooks/echo/7/update"));
  EXPECT_FALSE(table.find("/hooks/echo/7/update")->verifier);
  EXPECT_TRUE(table.refresh(7, [](const std::string&) { return std::vector<std::string>{"again"}; }));
  EXPECT_TRUE(table.find("/hooks/echo/7/update")->verifier);
}

TEST(RouteTable, ARefreshDoesNotBringBackWhatWasUnmountedMeanwhile) {
  RouteTable table("");
  table.mount(mount_one(7, spec()));
  table.refresh(7, [&](const std::string&) {
    table.unmount(7);
    return std::vector<std::string>{"s3cret"};
  });
  EXPECT_FALSE(table.find("/hooks/echo/7/update"));
}

TEST(RouteTable, AClosedIntegrationIsKnownOnAllItsPathsUntilItIsMounted) {
  RouteTable table("");
  table.close(7, "echo");
  ASSERT_TRUE(table.find("/hooks/echo/7/anything"));
  EXPECT_FALSE(table.find("/hooks/echo/7/anything")->verifier);
  EXPECT_FALSE(table.find("/hooks/echo/8/anything"));
  EXPECT_FALSE(table.find("/hooks/echo/7/any/thing"));
  table.mount(mount_one(7, spec()));
  EXPECT_TRUE(table.find("/hooks/echo/7/update")->verifier);
  EXPECT_FALSE(table.find("/hooks/echo/7/anything"));
  table.close(7, "echo");
  table.unmount(7);
  EXPECT_FALSE(table.find("/hooks/echo/7/update"));
}

TEST(RouteTable, ReadersAndMountsRunTogether) {
  RouteTable table("");
  table.mount(mount_one(1, spec()));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) EXPECT_TRUE(table.find("/hooks/echo/1/update"));
  });
  for (Id id = 2; id < 300; ++id) table.mount(mount_one(id, spec()));
  for (Id id = 2; id < 300; ++id) table.unmount(id);
  for (int i = 0; i < 2000; ++i) table.mount(mount_one(1, spec()));  // it never is without
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace patchbay::hooks
