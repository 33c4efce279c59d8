// For tests of the set-up (SETUP-1, SETUP-3, SETUP-4): an API whose every request needs the token of a
// person.
#include <patchbay/seam.hpp>

using patchbay::Error;
using patchbay::Json;
using patchbay::Task;

class Pages : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const std::string page = patchbay::string_at(settings(), "page");
    const Json pages = co_await list();
    for (const Json& each : pages) {
      if (each.at("id") == page) co_return patchbay::CheckReply("page:" + page, each.at("name"));
    }
    patchbay::Diagnostic finding("/page", "You do not manage this page");
    finding.remedy = "Choose another one";
    throw Error(PB_INVALID, "You do not manage this page").with(finding);
  }

  Task<std::vector<patchbay::Choice>> choices(std::string path, Json) override {
    if (path != "/page") throw Error(PB_INVALID, "No choices for " + path);
    const Json pages = co_await list();
    std::vector<patchbay::Choice> out;
    for (const Json& each : pages) out.emplace_back(each.at("id"), each.at("name"));
    co_return out;
  }

  Task<patchbay::StepReply> step(patchbay::StepRequest request) override {
    if (request.step.empty()) {
      patchbay::StepReply first("account", "Sign in");
      first.sign_in = "account";
      co_return first;
    }
    const Json pages = co_await list();
    if (request.step == "account") co_return choose(pages);
    if (request.step != "choose") throw Error(PB_INVALID, "No step " + request.step);
    std::vector<patchbay::NewIntegration> made;
    for (const Json& each : pages) {
      bool chosen = false;
      for (const Json& id : request.input.at("pages")) chosen = chosen || id == each.at("id");
      if (!chosen) continue;
      Json its = {{"page", each.at("id")}};
      patchbay::NewIntegration one(each.at("name"), "page:" + each.at("id").get<std::string>(),
                                   std::move(its));
      one.secrets["page_token"] = "token-of-" + each.at("id").get<std::string>();
      made.push_back(std::move(one));
    }
    if (made.empty()) {
      patchbay::Diagnostic finding("/pages", "None of these is yours any more");
      throw Error(PB_INVALID, "None of these is yours any more").with(finding);
    }
    co_return patchbay::StepReply(std::move(made));
  }

  // Half of them by a token that is fetched, as for protocols that the host does not speak.
  Task<patchbay::SendReply> send(Json request) override {
    const std::string key = request.at("idempotency_key");
    Json post = {{"method", "POST"},
                 {"url", api() + "/messages"},
                 {"auth", "oauth:account"},
                 {"retry", "safe"},
                 {"headers", {{"Idempotency-Key", key}}},
                 {"json", {{"text", request.at("text")}}}};
    if (request.at("text") == "with a token of its own") {
      const std::string token = co_await host().token("account");
      post.erase("auth");
      post["headers"]["Authorization"] = "Bearer " + token;
    }
    const auto reply = co_await host().http(std::move(post));
    fail_unless_ok(reply);
    std::vector<std::string> ids = {"sent-" + key};
    co_return patchbay::SendReply(std::move(ids));
  }

 private:
  std::string api() const { return configuration().profile.at("settings").at("api_base"); }

  Task<Json> list() const {
    Json get = {{"url", api() + "/pages"}, {"auth", "oauth:account"}};
    const auto reply = co_await host().http(std::move(get));
    fail_unless_ok(reply);
    co_return reply.json();
  }

  static void fail_unless_ok(const patchbay::HttpReply& reply) {
    if (reply.status == 401) throw Error(PB_UNAUTHENTICATED, "The provider takes the token no more");
    if (!reply.ok()) throw Error(PB_UNAVAILABLE, "The provider answers " + std::to_string(reply.status));
  }

  static patchbay::StepReply choose(const Json& pages) {
    Json ids = Json::array();
    Json titles = Json::object();
    for (const Json& each : pages) {
      ids.push_back(each.at("id"));
      titles[each.at("id").get<std::string>()] = each.at("name");
    }
    const Json item = {{"type", "string"}, {"enum", ids}, {"x-titles", titles}};
    const Json field = {
        {"type", "array"}, {"title", "Pages"}, {"items", item}, {"minItems", 1}, {"uniqueItems", true}};
    patchbay::StepReply next("choose", "Choose pages");
    next.schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", {{"pages", field}}}};
    next.schema["required"] = Json::array({"pages"});
    next.state = {{"v", 1}};
    return next;
  }
};

PATCHBAY_PLUGIN(Pages)
