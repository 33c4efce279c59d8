#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'782'898'200'250), "2026-07-01T09:30:00.250Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Configuration, ReadsTheRequestOfTheContract) {
  const Configuration read(
      Json::parse(R"({"integration": {"id": "7", "name": "Shop"}, "settings": {"mode": "polling"},
    "secrets": ["token"], "site_url": "https://x", "routes": {"in": "https://x/hooks/echo/7/in"}, "profile": null,
    "grants": [], "locale": "ru", "host": {"version": "0.1.0", "extensions": ["pb.http/1"]}, "later": true})"));
  EXPECT_EQ(read.integration_id, "7");
  EXPECT_EQ(read.integration_name, "Shop");
  EXPECT_EQ(read.settings["mode"], "polling");
  EXPECT_EQ(read.secrets, std::vector<std::string>{"token"});
  EXPECT_EQ(read.routes.at("in"), "https://x/hooks/echo/7/in");
  EXPECT_TRUE(read.profile.is_null());
  EXPECT_EQ(read.locale, "ru");
  EXPECT_EQ(read.host_extensions, std::vector<std::string>{"pb.http/1"});
}

TEST(WebhookRequest, KeepsTheBodyExactly) {
  const std::string body("a\0b\xff", 4);
  const WebhookRequest request(Json{{"route", "in"}, {"headers", {{"x-a", "1"}}}}, body);
  EXPECT_EQ(request.body, body);
  EXPECT_EQ(request.headers.at("x-a"), "1");
}

}  // namespace
}  // namespace patchbay::sdk_test
