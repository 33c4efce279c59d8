#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "plugin/read_manifest.hpp"

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
  EXPECT_NE(fault_of(document).find("/routes/0/verify"), std::string::npos) << fault_of(document);
}

TEST(Manifest, OrdersVersionsAsSemverDoes) {
  EXPECT_TRUE(is_older("1.9.0", "1.10.0"));
  EXPECT_TRUE(is_older("1.0.0-rc1", "1.0.0"));
  EXPECT_FALSE(is_older("2.0.0", "1.9.9"));
  EXPECT_FALSE(is_older("1.0.0", "1.0.0"));
}

}  // namespace
}  // namespace patchbay::plugin
