#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing.hpp>

#include "cases.hpp"

namespace messenger {

using patchbay::Json;
using patchbay::testing::FakeHost;
using patchbay::testing::Request;
using patchbay::testing::Result;

inline constexpr const char* kPage = "104857600001";
inline constexpr const char* kAna = "6543210987654321";
inline constexpr const char* kApp = "123456789";
inline constexpr const char* kOurs = "https://acme.example/hooks/messenger/-/3/webhook";

inline Result http_answer(int status, const std::string& body, const Json& headers = Json::object()) {
  return Result(Json{{"status", status}, {"headers", headers}, {"size", body.size()}},
                std::vector<std::string>{body});
}
inline Result answers(const Json& body) {
  return http_answer(200, body.dump());
}
inline Result graph_error(int code, int subcode = 0, int status = 400, const Json& more = Json::object()) {
  Json error = {{"message", "(#" + std::to_string(code) + ") no"},
                {"type", "OAuthException"},
                {"code", code},
                {"fbtrace_id", "AbC"}};
  if (subcode != 0) error["error_subcode"] = subcode;
  error.update(more);
  return http_answer(status, Json{{"error", error}}.dump());
}

// One call that the plugin made, whatever form it had.
struct SeenCall {
  std::string name;  // "GET me/accounts"
  Json arguments = Json::object();
  Json request;
};

// The Graph API as this test scripts it: answers by name, in order, then the usual ones.
class ScriptedGraph {
 public:
  void answer(const std::string& name, Result result) { answers_[name].push_back(std::move(result)); }

  std::optional<Result> serve(const Request& request) {
    SeenCall call = seen(request);
    calls.push_back(call);
    auto& queue = answers_[call.name];
    if (!queue.empty()) {
      Result next = std::move(queue.front());
      queue.pop_front();
      return next;
    }
    return usual(call.name);
  }
  std::vector<SeenCall> of(const std::string& name) const {
    std::vector<SeenCall> out;
    for (const SeenCall& call : calls) {
      if (call.name == name) out.push_back(call);
    }
    return out;
  }

  std::vector<SeenCall> calls;

 private:
  static SeenCall seen(const Request& request) {
    const std::string base = "https://graph.facebook.com/v26.0/";
    const std::string url = request.json.at("url");
    SeenCall call;
    call.name =
        request.json.value("method", "GET") + " " + (url.rfind(base, 0) == 0 ? url.substr(base.size()) : url);
    call.request = request.json;
    if (request.json.contains("body")) call.arguments = Json::parse(request.blobs.at(0));
    if (request.json.contains("form")) call.arguments = request.json["form"];
    for (const Json& part : request.json.value("parts", Json::array())) {
      EXPECT_TRUE(part.contains("blob") || part.at("literal") == true);
      call.arguments[part.at("name").get<std::string>()] =
          part.contains("value") ? part["value"] : part["blob"];
    }
    return call;
  }
  std::optional<Result> usual(const std::string& name) {
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

  std::map<std::string, std::deque<Result>> answers_;
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

  ScriptedGraph api;
  FakeHost host{patchbay_plugin_v0()};
};

}  // namespace messenger
