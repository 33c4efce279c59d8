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

namespace telegram {

using patchbay::Json;
using patchbay::testing::FakeHost;
using patchbay::testing::Request;
using patchbay::testing::Result;

inline Result http_answer(int status, const std::string& body, const Json& headers = Json::object()) {
  return Result(Json{{"status", status}, {"headers", headers}, {"size", body.size()}},
                std::vector<std::string>{body});
}
inline Result api_result(const Json& result) {
  return http_answer(200, Json{{"ok", true}, {"result", result}}.dump());
}
inline Result api_error(int code, const std::string& description, const Json& parameters = nullptr) {
  Json body = {{"ok", false}, {"error_code", code}, {"description", description}};
  if (!parameters.is_null()) body["parameters"] = parameters;
  return http_answer(code, body.dump());
}

// One call that the plugin made, whatever form it had.
struct SeenCall {
  std::string method;
  Json arguments;
  Json request;
};

// The Bot API as this test scripts it: answers by method, in order, then the usual ones.
class ScriptedApi {
 public:
  void answer(const std::string& method, Result result) { answers_[method].push_back(std::move(result)); }

  std::optional<Result> serve(const Request& request) {
    SeenCall call = seen(request);
    calls.push_back(call);
    auto& queue = answers_[call.method];
    if (!queue.empty()) {
      Result next = std::move(queue.front());
      queue.pop_front();
      return next;
    }
    return usual(call.method);
  }
  // The calls of one method.
  std::vector<SeenCall> of(const std::string& method) const {
    std::vector<SeenCall> out;
    for (const SeenCall& call : calls) {
      if (call.method == method) out.push_back(call);
    }
    return out;
  }

  std::vector<SeenCall> calls;

 private:
  static SeenCall seen(const Request& request) {
    const std::string url = request.json.at("url");
    EXPECT_NE(url.find("bot{{secret:token}}/"), std::string::npos) << url;
    SeenCall call;
    call.method = url.find("/file/bot") != std::string::npos ? "file" : url.substr(url.rfind('/') + 1);
    call.request = request.json;
    if (request.json.contains("json")) call.arguments = request.json["json"];
    if (request.json.contains("body")) call.arguments = Json::parse(request.blobs.at(0));
    for (const Json& part : request.json.value("parts", Json::array())) {
      EXPECT_TRUE(part.contains("blob") || part.at("literal") == true);
      call.arguments[part.at("name").get<std::string>()] =
          part.contains("value") ? part["value"] : part["blob"];
    }
    return call;
  }
  std::optional<Result> usual(const std::string& method) {
    if (method == "getUpdates") return std::nullopt;  // the poll stays open
    if (method == "getMe") {
      return api_result(
          {{"id", 123456789}, {"is_bot", true}, {"first_name", "Support"}, {"username", "acme_bot"}});
    }
    if (method == "getWebhookInfo") return api_result({{"url", ""}});
    if (method.compare(0, 4, "send") == 0)
      return api_result({{"message_id", ++last_message_}, {"date", 1795224000}});
    return api_result(true);
  }

  std::map<std::string, std::deque<Result>> answers_;
  std::int64_t last_message_ = 900;
};

class BotTest : public ::testing::Test {
 protected:
  BotTest() {
    host.services.on("pb.http/1:fetch", [this](const Request& request) { return api.serve(request); });
  }

  void TearDown() override {
    host.stop();
    EXPECT_TRUE(host.violations.empty()) << host.violations.front();
  }

  Result configure(const Json& settings = Json::object(),
                   const std::string& site_url = "https://acme.example") {
    Json routes = Json::object();
    if (settings.value("mode", "webhook") == "webhook" && !site_url.empty()) {
      routes["update"] = site_url + "/hooks/telegram/7/update";
    }
    const Json request = {{"integration", {{"id", "7"}, {"name", "Bot"}}},
                          {"settings", settings},
                          {"secrets", {"token", "webhook_secret"}},
                          {"site_url", site_url},
                          {"routes", routes},
                          {"locale", "en"}};
    return host.call("pb.lifecycle/1:configure", request);
  }
  Result polling() { return configure({{"mode", "polling"}}, ""); }
  Result check() { return host.call("pb.lifecycle/1:check", Json::object()); }
  std::string health_problem() {
    return host.call("pb.lifecycle/1:health", Json::object()).json.value("reason", "");
  }
  Result send(Json message) {
    if (!message.contains("conversation"))
      message["conversation"] = {{"id", "5519027461"}, {"kind", "private"}};
    return host.call("pb.channel/1:send", message);
  }

  ScriptedApi api;
  FakeHost host{patchbay_plugin_v0()};
};

}  // namespace telegram
