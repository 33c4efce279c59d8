#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "plugin/profiles.hpp"
#include "plugin/read_manifest.hpp"
#include "plugin/settings.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

json minimal() {
  return json::parse(
      R"({"id": "acme", "version": "1.2.0", "sdk": "0.0", "kinds": ["channel"], "title": "Acme",
    "description": "d", "licence": "MIT", "offers": ["pb.lifecycle/1"]})");
}

std::string fault_of(const json& manifest) {
  try {
    parse_manifest(manifest.dump());
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Manifest, ReadsRoutesSecretsAndConditions) {  // HOST-1
  auto document = minimal();
  document["secrets"] = json::parse(R"({"token": {"hosts": ["setting:/api"]}, "hook": {"generate": 32}})");
  document["routes"] =
      json::parse(R"([{"id": "in", "verify": {"type": "none"}, "order": ["/chat"], "https": true,
    "when": {"setting": "/mode", "equals": "webhook"}}])");
  const auto manifest = parse_manifest(document.dump());
  EXPECT_EQ(manifest.library, "acme.so");
  EXPECT_EQ(manifest.secrets.at("hook").generate, 32);
  ASSERT_EQ(manifest.routes.size(), 1u);
  EXPECT_EQ(manifest.routes[0].methods, std::vector<std::string>{"POST"});
  EXPECT_TRUE(holds(manifest.routes[0].when, json::parse(R"({"mode": "webhook"})")));
  EXPECT_FALSE(holds(manifest.routes[0].when, json::parse(R"({"mode": "polling"})")));
}

TEST(Manifest, ReadsTheSettingsThatItAdds) {  // SET-1
  auto document = minimal();
  document["settings"] = json::parse(R"([
    {"code": "AcmeLimit", "type": "number", "title": "Limit", "default": 5, "minimum": 1, "maximum": 9},
    {"code": "AcmeRegion", "type": "lookup", "title": "Region",
     "choices": [{"value": "eu", "title": "Europe"}, {"value": "us", "title": "America"}]},
    {"code": "AcmeKey", "type": "secret", "title": "Key", "hosts": ["api.acme.example"]}])");
  document["requires_settings"] = {"SiteUrl", "AcmeKey"};
  const auto manifest = parse_manifest(document.dump());
  ASSERT_EQ(manifest.settings.size(), 3u);
  EXPECT_EQ(manifest.settings[0].standard, "5");
  EXPECT_EQ(manifest.settings[0].most, 9);
  EXPECT_EQ(manifest.settings[1].standard, "\"eu\"") << "the first, where nothing is said";
  EXPECT_EQ(manifest.settings[2].standard, "null");
  EXPECT_EQ(manifest.settings[2].hosts, std::vector<std::string>{"api.acme.example"});
  EXPECT_EQ(manifest.required_settings, (std::vector<std::string>{"SiteUrl", "AcmeKey"}));  // CHAT-25
  document["settings"][1].erase("choices");
  EXPECT_NE(fault_of(document).find("AcmeRegion"), std::string::npos);
  document["settings"][1]["type"] = "file";
  EXPECT_NE(fault_of(document), "none");
}

TEST(Manifest, ReadsWhereConnectionsMayGo) {  // N11
  auto document = minimal();
  document["needs"] = {"pb.net/1"};
  document["net"] = json::parse(R"([{"host": "profile:/imap_host", "ports": [143, "profile:/imap_port"]}])");
  const auto manifest = parse_manifest(document.dump());
  ASSERT_EQ(manifest.net.size(), 1u);
  EXPECT_EQ(manifest.net[0].host, "profile:/imap_host");
  EXPECT_EQ(manifest.net[0].ports, (std::vector<std::string>{"143", "profile:/imap_port"}));
}

TEST(Manifest, ConnectionsAreNeededAndDeclaredTogether) {  // N11
  auto document = minimal();
  document["needs"] = {"pb.net/1"};
  EXPECT_NE(fault_of(document).find("names no place"), std::string::npos);
  document["needs"] = json::array();
  document["net"] = json::parse(R"([{"host": "a.example", "ports": [993]}])");
  EXPECT_NE(fault_of(document).find("pb.net/1"), std::string::npos);
  document["needs"] = {"pb.net/1"};
  for (const auto* ports : {"[]", "[0]", "[65536]", R"(["993"])", R"([true])"}) {
    document["net"][0]["ports"] = json::parse(ports);
    EXPECT_NE(fault_of(document), "none") << ports;
  }
}

TEST(Manifest, ANumberThatIsTooLargeIsAFaultOfTheFile) {  // bar 13
  try {
    parse_manifest(R"({"id": 1e999})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
  }
}

TEST(Manifest, SaysWhatItsAuthorDidWrong) {  // HOST-3
  auto document = minimal();
  document["verison"] = "1.0.0";
  EXPECT_NE(fault_of(document).find("verison"), std::string::npos);
  document = minimal();
  document.erase("kinds");
  EXPECT_NE(fault_of(document).find("kinds is missing"), std::string::npos);
  document = minimal();
  document["needs"] = json::array({"pb.sync/9"});
  EXPECT_EQ(fault_of(document),
            "The plugin needs pb.sync/9, which this host does not offer: update the host");
  document = minimal();
  document["sdk"] = "3.1";
  EXPECT_NE(fault_of(document).find("SDK 3.1"), std::string::npos);
  document = minimal();
  document["routes"] = json::parse(R"([{"id": "in"}])");
  EXPECT_NE(fault_of(document).find("does not say who may send"), std::string::npos) << fault_of(document);
}

TEST(Manifest, ReadsProfilesAndGrants) {  // N1, SETUP-4
  auto document = minimal();
  document["profile"] = json::parse(R"({"schema": "profile.json", "secrets": {"secret": {"hosts": []}}})");
  document["grants"] =
      json::parse(R"({"account": {"token": "{profile:/base}/token", "authorize": "https://x.example/auth",
    "client_id": "{profile:/id}", "client_secret": "secret", "client_auth": "post", "scopes": ["a", "b"]}})");
  document["profile"]["authorities"] = "/ca";
  const auto manifest = parse_manifest(document.dump());
  EXPECT_EQ(authorities_of(manifest, R"({"ca": "PEM"})"), "PEM");
  EXPECT_EQ(authorities_of(manifest, "{}"), "");
  EXPECT_THAT(addresses_in_profile(manifest), testing::Contains("/ca")) << "not changed while it is used";
  EXPECT_TRUE(manifest.grants.at("account").secret_in_body);
  EXPECT_EQ(manifest.grants.at("account").scopes.size(), 2u);
  auto changed = document;
  changed["grants"]["account"].erase("authorize");
  EXPECT_NE(fault_of(changed).find("authorize or device"), std::string::npos);
  changed = document;
  changed["grants"]["account"]["client_secret"] = "other";
  EXPECT_NE(fault_of(changed).find("other is no secret of the profile"), std::string::npos);
  changed = document;
  changed.erase("profile");
  changed["grants"]["account"].erase("client_secret");
  EXPECT_NE(fault_of(changed).find("refers to a profile"), std::string::npos);
  changed = document;
  changed["grants"]["account"]["token"] = "file:///etc/passwd";
  EXPECT_NE(fault_of(changed), "none");
  changed = document;
  changed["grants"]["account"].erase("client_id");
  EXPECT_NE(fault_of(changed).find("client_id are missing"), std::string::npos);
  changed["grants"]["account"] = json::parse(
      R"({"type": "password", "hosts": ["profile:/base"], "secrets": {"key": {"hosts": ["profile:/other"]}}})");
  const auto by_password = parse_manifest(changed.dump());
  EXPECT_TRUE(by_password.grants.at("account").by_password);
  EXPECT_THAT(addresses_in_profile(by_password), testing::Contains("/other"));
  auto wrong = changed;
  wrong["grants"]["account"]["token"] = "https://x.example/token";
  EXPECT_NE(fault_of(wrong).find("no addresses and no client"), std::string::npos);
  wrong = changed;
  wrong["grants"]["account"]["secrets"] = {{"user", json::object()}};
  EXPECT_NE(fault_of(wrong).find("must not be called user or password"), std::string::npos);
  wrong["grants"]["account"]["secrets"] = {{"key", {{"hosts", {"setting:/x"}}}}};
  EXPECT_NE(fault_of(wrong).find("shared"), std::string::npos);
}

TEST(Manifest, RoutesOfAProfileVerifyWithItsSecretsOnly) {  // N1
  auto document = minimal();
  document["profile"] = json::parse(R"({"schema": "profile.json", "secrets": {"secret": {"hosts": []}}})");
  document["routes"] = json::parse(
      R"([{"id": "in", "scope": "profile", "verify": {"type": "header-equals", "header": "x", "secret": "profile:secret"},
    "challenge": {"when": {"query": ["a"]}, "reply": {"json": {"b": "{hmac-sha256-hex:profile:secret:query:a}"}}}}])");
  EXPECT_EQ(fault_of(document), "none");
  EXPECT_TRUE(parse_manifest(document.dump()).routes[0].of_profile);
  auto changed = document;
  changed["routes"][0]["identity"] = "page:{body:/entry/0/id}";
  const auto named = parse_manifest(changed.dump()).routes[0];
  EXPECT_EQ(named.identity_prefix + " " + named.identity_place, "page: /entry/0/id");
  changed["routes"][0]["identity"] = "page:{body:}";
  EXPECT_NE(fault_of(changed), "none");
  changed["routes"][0] = {
      {"id", "in"},
      {"identity", "page:{body:/id}"},
      {"verify", {{"type", "header-equals"}, {"header", "x"}, {"secret", "secret:hook"}}}};
  EXPECT_NE(fault_of(changed).find("identity"), std::string::npos);
  changed = document;
  changed["routes"][0]["challenge"]["reply"]["json"]["b"] = "{hmac-sha256-hex:secret:hook:query:a}";
  EXPECT_NE(fault_of(changed).find("shared by all integrations"), std::string::npos) << fault_of(changed);
  changed = document;
  changed["routes"][0]["when"] = {{"setting", "/mode"}, {"equals", "webhook"}};
  EXPECT_NE(fault_of(changed).find("shared by all integrations"), std::string::npos);
  changed = document;
  changed["routes"][0]["verify"]["secret"] = json::array({"secret:hook"});
  EXPECT_NE(fault_of(changed).find("shared by all integrations"), std::string::npos);
  changed = document;
  changed.erase("profile");
  EXPECT_NE(fault_of(changed).find("the manifest has none"), std::string::npos);
}

TEST(Manifest, ReadsRoutesForBrowsers) {  // N15
  auto document = minimal();
  document["routes"] = json::parse(
      R"([{"id": "session", "kind": "session", "cors": "setting:/origins", "ttl_s": 60, "settings": ["/title"]},
    {"id": "events", "kind": "live", "cors": "setting:/origins", "when": {"setting": "/on", "equals": "yes"}},
    {"id": "in", "verify": {"type": "session"}, "cors": "setting:/origins"}])");
  const auto routes = parse_manifest(document.dump()).routes;
  EXPECT_EQ(routes[0].kind, RouteSpec::Kind::session);
  EXPECT_EQ(routes[0].session_ttl, std::chrono::seconds(60));
  EXPECT_EQ(routes[0].settings, std::vector<std::string>{"/title"});
  EXPECT_EQ(routes[0].methods, (std::vector<std::string>{"POST", "GET"}));
  EXPECT_EQ(routes[1].kind, RouteSpec::Kind::live);
  EXPECT_EQ(routes[1].methods, std::vector<std::string>{"GET"});
  EXPECT_TRUE(routes[1].when);
  EXPECT_EQ(routes[2].kind, RouteSpec::Kind::webhook);
  EXPECT_EQ(routes[2].cors, "/origins");
}

TEST(Manifest, RefusesWhatARouteForBrowsersHasNoUseFor) {  // N15
  const auto fault = [](const char* route, bool profile = false) {
    auto document = minimal();
    if (profile) document["profile"] = json::parse(R"({"schema": "profile.json"})");
    document["routes"] = json::array({json::parse(route)});
    return fault_of(document);
  };
  for (const auto* more :
       {R"("verify": {"type": "none"})", R"("methods": ["GET"])", R"("order": ["/a"])",
        R"("scope": "integration")", R"("reply": {"status": 200})", R"("body_limit": 5)"}) {
    EXPECT_NE(
        fault((std::string(R"({"id": "a", "kind": "session", )") + more + "}").c_str()).find("no meaning"),
        std::string::npos)
        << more;
  }
  EXPECT_NE(fault(R"({"id": "a", "kind": "live", "ttl_s": 60})").find("no meaning"), std::string::npos);
  EXPECT_NE(fault(R"({"id": "a", "kind": "live", "settings": ["/a"]})").find("no meaning"),
            std::string::npos);
  EXPECT_NE(fault(R"({"id": "a", "kind": "session", "settings": ["title"]})"), "none");
  EXPECT_NE(fault(R"({"id": "a", "kind": "other"})"), "none");
  EXPECT_NE(fault(R"({"id": "a", "kind": "session", "ttl_s": 0})"), "none");
  EXPECT_NE(fault(R"({"id": "a", "kind": "session", "cors": "*"})"), "none");
  const auto shared = R"({"id": "a", "scope": "profile", "verify": {"type": "session"}})";
  EXPECT_NE(fault(shared, true).find("shared by all integrations"), std::string::npos);
}

TEST(Manifest, FillsAddressesFromTheProfile) {
  EXPECT_EQ(fill_from_profile("{profile:/base}/token", R"({"base": "https://x.example/"})"),
            "https://x.example/token");
  EXPECT_EQ(fill_from_profile("https://x/{profile:/tenant}/a{profile:/n}", R"({"tenant": "t", "n": 5})"),
            "https://x/t/a5");
  EXPECT_EQ(fill_from_profile("plain", "{}"), "plain");
  EXPECT_THROW(fill_from_profile("{profile:/absent}", "{}"), Error);
  EXPECT_THROW(fill_from_profile("{profile:bad}", "{}"), Error);
}

TEST(Manifest, OrdersVersionsAsSemverDoes) {
  EXPECT_TRUE(is_older("1.9.0", "1.10.0"));
  EXPECT_TRUE(is_older("1.0.0-rc1", "1.0.0"));
  EXPECT_FALSE(is_older("2.0.0", "1.9.9"));
  EXPECT_FALSE(is_older("1.0.0", "1.0.0"));
}

}  // namespace
}  // namespace patchbay::plugin
