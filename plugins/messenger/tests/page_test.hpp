#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "meta_testing/scripted_graph.hpp"

namespace messenger {

using meta::answers;
using meta::FakeHost;
using meta::graph_error;
using meta::http_answer;
using meta::load_json;
using meta::Request;
using meta::Result;
using meta::SeenCall;
using patchbay::Json;

inline constexpr const char* kPage = "104857600001";
inline constexpr const char* kAna = "6543210987654321";
inline constexpr const char* kApp = "123456789";
inline constexpr const char* kOurs = "https://acme.example/hooks/messenger/-/3/webhook";

class PageGraph : public meta::ScriptedGraph {
 protected:
  std::optional<Result> usual(const std::string& name) override {
    const std::string page = kPage;
    if (name == "GET " + page) {
      return answers(
          {{"id", page}, {"name", "Bakery"}, {"is_published", true}, {"access_token", "EAAfresh"}});
    }
    if (name == "GET debug_token") {
      return answers({{"data",
                       {{"is_valid", true},
                        {"expires_at", 0},
                        {"scopes", {"pages_show_list", "pages_messaging", "pages_manage_metadata"}}}}});
    }
    if (name == "GET oauth/access_token") return answers({{"access_token", "EAAlong"}});
    if (name == "POST " + page + "/messages")
      return answers({{"recipient_id", kAna}, {"message_id", "m_out" + std::to_string(++last_message_)}});
    if (name.rfind("GET " + std::string(kAna), 0) == 0)
      return answers({{"first_name", "Ana"}, {"last_name", "Klein"}});
    if (name.find("/subscriptions") != std::string::npos ||
        name.find("/subscribed_apps") != std::string::npos)
      return answers({{"data", Json::array()}, {"success", true}});
    return answers({{"success", true}});
  }

 private:
  int last_message_ = 0;
};

class PageTest : public ::testing::Test {
 protected:
  PageTest() {
    host.services.on("pb.http/1:fetch", [this](const Request& request) { return api.serve(request); });
  }

  void TearDown() override {
    host.stop();
    EXPECT_TRUE(host.violations.empty()) << host.violations.front();
  }

  Result configure(Json settings = Json::object(), const std::string& site_url = "https://acme.example") {
    settings["page_id"] = kPage;
    Json routes = Json::object();
    if (!site_url.empty()) routes["webhook"] = site_url + "/hooks/messenger/-/3/webhook";
    const Json request = {{"integration", {{"id", "7"}, {"name", "Bakery"}}},
                          {"settings", settings},
                          {"secrets", {"page_token"}},
                          {"site_url", site_url},
                          {"routes", routes},
                          {"profile", {{"id", "3"}, {"name", "App"}, {"settings", {{"app_id", kApp}}}}},
                          {"locale", "en"}};
    return host.call("pb.lifecycle/1:configure", request);
  }
  Result check() { return host.call("pb.lifecycle/1:check", Json::object()); }

  // The client did something so long ago.
  Json written(std::int64_t ms_ago) {
    return {{"id", kAna}, {"kind", "private"}, {"facts", {{"user_at", host.now_unix_ms() - ms_ago}}}};
  }
  Result send(Json message) {
    if (!message.contains("conversation")) message["conversation"] = {{"id", kAna}, {"kind", "private"}};
    if (!message.contains("idempotency_key")) message["idempotency_key"] = "9-0";
    return host.call("pb.channel/1:send", message);
  }
  std::vector<SeenCall> sent() const { return api.of("POST " + std::string(kPage) + "/messages"); }

  PageGraph api;
  FakeHost host{patchbay_plugin_v0()};
};

}  // namespace messenger
