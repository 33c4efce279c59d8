#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "meta_testing/scripted_graph.hpp"
#include "using.hpp"

namespace whatsapp {

using meta::answers;
using meta::FakeHost;
using meta::graph_error;
using meta::http_answer;
using meta::Request;
using meta::Result;
using meta::SeenCall;

inline const std::string kPhone = "106540352242922";
inline const std::string kAccount = "102290129340398";
inline const std::string kApp = "123456789";
inline const std::string kAna = "+4915112345678";
inline const std::string kOurs = "https://acme.example/hooks/whatsapp-cloud/7/webhook";
inline const std::string kElsewhere = "https://elsewhere.example/in";

inline Json phone_node(const Json& addresses = Json::object()) {
  return {{"id", kPhone},
          {"display_phone_number", "+1 555-078-3881"},
          {"verified_name", "Acme"},
          {"quality_rating", "GREEN"},
          {"status", "CONNECTED"},
          {"webhook_configuration", addresses}};
}
inline Json app_subscription(const std::string& callback, const Json& fields) {
  return {{"data",
           {{{"object", "whatsapp_business_account"},
             {"callback_url", callback},
             {"active", true},
             {"fields", fields}}}}};
}

class LineGraph : public meta::ScriptedGraph {
 protected:
  std::optional<Result> usual(const std::string& name) override {
    if (name == "GET app") return answers({{"id", kApp}, {"name", "Our app"}});
    if (name == "GET debug_token")
      return answers({{"data",
                       {{"is_valid", true},
                        {"expires_at", 0},
                        {"scopes", {"whatsapp_business_messaging", "whatsapp_business_management"}}}}});
    if (name == "GET " + kPhone) return answers(phone_node());
    if (name == "GET " + kAccount + "/phone_numbers") return answers({{"data", {{{"id", kPhone}}}}});
    if (name == "POST " + kPhone + "/messages")
      return answers({{"messages", {{{"id", "wamid.out" + std::to_string(++last_message_)}}}}});
    if (name == "POST " + kPhone + "/media") return answers({{"id", "m77"}});
    if (name.rfind("GET ", 0) == 0) return answers({{"data", Json::array()}});
    return answers({{"success", true}});
  }

 private:
  int last_message_ = 0;
};

class LineTest : public ::testing::Test {
 protected:
  LineTest() {
    host.services.on("pb.http/1:fetch", [this](const Request& request) { return api.serve(request); });
  }
  void TearDown() override {
    host.stop();
    EXPECT_TRUE(host.violations.empty()) << host.violations.front();
  }

  Result configure(const std::string& site_url = "https://acme.example") {
    Json routes = Json::object();
    if (!site_url.empty()) routes["webhook"] = site_url + "/hooks/whatsapp-cloud/7/webhook";
    return host.call("pb.lifecycle/1:configure",
                     {{"integration", {{"id", "7"}, {"name", "Acme"}}},
                      {"settings", {{"phone_number_id", kPhone}, {"account_id", kAccount}}},
                      {"secrets", {"access_token", "app_secret", "verify_token"}},
                      {"site_url", site_url},
                      {"routes", routes},
                      {"locale", "en"}});
  }
  Result check() { return host.call("pb.lifecycle/1:check", Json::object()); }
  Result send(Json message) {
    if (!message.contains("conversation")) message["conversation"] = {{"id", kAna}, {"kind", "private"}};
    message["idempotency_key"] = "9-0";
    return host.call("pb.channel/1:send", message);
  }
  std::vector<SeenCall> sent() const { return api.of("POST " + kPhone + "/messages"); }
  Result process(const Json& body) {
    return host.call("pb.webhook/1:process",
                     {{"id", "1"}, {"route", "webhook"}, {"received_at", "2026-11-21T10:00:00Z"}},
                     {body.dump()});
  }

  LineGraph api;
  FakeHost host{patchbay_plugin_v0()};
};

}  // namespace whatsapp
