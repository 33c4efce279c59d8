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

namespace twilio {

using patchbay::testing::FakeHost;
using patchbay::testing::Request;
using patchbay::testing::Result;

inline const std::string kSid = "AC" + std::string(32, '1');
inline const char* kNumber = "+442071234567";
inline const char* kHook = "https://crm.example/hooks/whatsapp-twilio/7/message";
inline const char* kStatusHook = "https://crm.example/hooks/whatsapp-twilio/7/status";

inline Result http_answer(int status, const std::string& body, const Json& headers = Json::object()) {
  return Result(Json{{"status", status}, {"headers", headers}, {"size", body.size()}},
                std::vector<std::string>{body});
}
inline Result json_answer(const Json& body, int status = 200) {
  return http_answer(status, body.dump());
}
inline Result api_error(int status, int code, const std::string& message = "no") {
  return json_answer({{"code", code}, {"message", message}, {"status", status}}, status);
}

// One request that the plugin made.
struct SeenCall {
  std::string key;  // "POST /Messages.json", without host and account
  Form form;        // of its body
  Json json;        // of its body
  Json request;
  std::string query;
};

// Twilio as this test scripts it: answers by request, in order, then the usual ones.
class ScriptedApi {
 public:
  void answer(const std::string& key, Result result) { answers_[key].push_back(std::move(result)); }
  std::optional<Result> serve(const Request& request) {
    calls.push_back(seen(request));
    auto& queue = answers_[calls.back().key];
    if (queue.empty()) return usual(calls.back().key);
    Result next = std::move(queue.front());
    queue.pop_front();
    return next;
  }
  std::vector<SeenCall> of(const std::string& key) const {
    std::vector<SeenCall> out;
    for (const SeenCall& call : calls) {
      if (call.key == key) out.push_back(call);
    }
    return out;
  }

  std::vector<SeenCall> calls;
  std::string webhook;  // of the sender, as Twilio has it

 private:
  SeenCall seen(const Request& request) const {
    SeenCall call;
    call.request = request.json;
    std::string path = request.json.at("url");
    path = path.substr(path.find('/', path.find("://") + 3));
    if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
      call.query = path.substr(mark + 1);
      path = path.substr(0, mark);
    }
    const std::string account = "/2010-04-01/Accounts/" + kSid;
    if (path.rfind(account, 0) == 0) path = path.substr(account.size());
    call.key = request.json.at("method").get<std::string>() + " " + path;
    if (!request.blobs.empty()) {
      call.form = Form::parse(request.blobs.front());
      call.json = Json::parse(request.blobs.front(), nullptr, false);
    }
    return call;
  }
  std::optional<Result> usual(const std::string& key) {
    if (key == "GET .json")
      return json_answer({{"sid", kSid}, {"friendly_name", "Acme"}, {"status", "active"}, {"type", "Full"}});
    if (key == "GET /v2/Channels/Senders") {
      const Json sender = {{"sid", "XE1"},
                           {"sender_id", std::string("whatsapp:") + kNumber},
                           {"status", "ONLINE"},
                           {"profile", {{"name", "Acme Support"}}},
                           {"webhook", {{"callback_url", webhook}}}};
      return json_answer({{"senders", {sender}}, {"meta", {{"next_page_url", nullptr}}}});
    }
    if (key == "POST /v2/Channels/Senders/XE1") return json_answer({{"sid", "XE1"}});
    if (key == "POST /Messages.json") {
      const std::string sid = "SM" + std::to_string(++last_message_);
      return json_answer(
          {{"sid", sid}, {"status", "queued"}, {"date_created", "Tue, 24 Nov 2026 08:00:00 +0000"}}, 201);
    }
    if (key == "GET /Messages.json") return json_answer({{"messages", Json::array()}});
    return api_error(404, 20404);
  }

  std::map<std::string, std::deque<Result>> answers_;
  int last_message_ = 900;
};

class NumberTest : public ::testing::Test {
 protected:
  NumberTest() {
    host.services.on("pb.http/1:fetch", [this](const Request& request) { return api.serve(request); });
  }

  void TearDown() override {
    host.stop();
    EXPECT_TRUE(host.violations.empty()) << host.violations.front();
  }

  Json settings(const std::string& number = kNumber) const {
    return {{"phone_number", number}, {"account_sid", kSid}};
  }
  Result configure(const Json& settings, const std::string& site_url = "https://crm.example") {
    Json routes = Json::object();
    if (!site_url.empty()) routes = {{"message", kHook}, {"status", kStatusHook}};
    const Json request = {{"integration", {{"id", "7"}, {"name", "WhatsApp"}}},
                          {"settings", settings},
                          {"secrets", {"auth_token"}},
                          {"site_url", site_url},
                          {"routes", routes},
                          {"locale", "en"}};
    return host.call("pb.lifecycle/1:configure", request);
  }
  Result configure() { return configure(settings()); }
  Result check() { return host.call("pb.lifecycle/1:check", Json::object()); }
  Result send(Json message) {
    if (!message.contains("conversation")) message["conversation"] = {{"id", "+4915112345678"}};
    return host.call("pb.channel/1:send", message);
  }

  ScriptedApi api;
  FakeHost host{patchbay_plugin_v0()};
};

}  // namespace twilio
