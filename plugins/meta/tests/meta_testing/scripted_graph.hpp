#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing.hpp>

#include "meta_testing/cases.hpp"

namespace meta {

using patchbay::Json;
using patchbay::testing::FakeHost;
using patchbay::testing::Request;
using patchbay::testing::Result;

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
  virtual ~ScriptedGraph() = default;
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

 protected:
  // What a call is answered that no test has an answer for; nothing: it stays open.
  virtual std::optional<Result> usual(const std::string& name) = 0;

 private:
  static SeenCall seen(const Request& request) {
    const std::string base = "https://graph.facebook.com/v26.0/";
    const std::string url = request.json.at("url");
    SeenCall call;
    call.name =
        request.json.value("method", "GET") + " " + (url.rfind(base, 0) == 0 ? url.substr(base.size()) : url);
    call.request = request.json;
    if (request.json.contains("body")) call.arguments = Json::parse(request.blobs.at(0));
    for (const char* filled_in : {"form", "json"})
      if (request.json.contains(filled_in)) call.arguments = request.json[filled_in];
    for (const Json& part : request.json.value("parts", Json::array())) {
      EXPECT_TRUE(part.contains("blob") || part.at("literal") == true);
      call.arguments[part.at("name").get<std::string>()] =
          part.contains("value") ? part["value"] : part["blob"];
    }
    return call;
  }
  std::map<std::string, std::deque<Result>> answers_;
};

}  // namespace meta
