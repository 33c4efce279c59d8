// Echo: the smallest complete channel. Takes signed webhooks in and sends messages out.
#include <patchbay/seam.hpp>

using patchbay::Error;
using patchbay::Json;
using patchbay::Task;

class Echo : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  // [check]
  Task<patchbay::CheckReply> check() override {
    const std::string account = settings().at("account");
    co_return patchbay::CheckReply("echo:" + account, "Echo " + account);
  }
  // [/check]

  // [process]
  // The host has verified the signature and stored the request; say what happened.
  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json in = patchbay::parse_json(request.body, "The webhook's body");
    const std::string id = text_of(in, "id");
    const std::string chat = text_of(in, "chat");
    const std::string author = text_of(in, "author");
    const std::int64_t at = in.value("at_ms", host().now());
    const Json data = {{"conversation", {{"id", chat}, {"kind", "private"}, {"title", author}}},
                       {"author", {{"id", author}, {"name", author}}},
                       {"message", {{"id", id}, {"text", text_of(in, "text")}}},
                       {"at", patchbay::rfc3339(at)}};
    patchbay::Events events;
    events.emplace_back("message.received", id, chat, data);
    co_return events;
  }
  // [/process]

  // [sync]
  // What the other side has kept, page by page. The host stores each page together with the checkpoint after
  // it.
  Task<void> sync(patchbay::SyncRun& run) override {
    const std::string base = patchbay::string_at(settings(), "api_base");
    for (bool go_on = !base.empty(); go_on;) {
      const std::string after = patchbay::string_at(run.checkpoint, "after");
      Json request = {{"url", base + "/history"}, {"query", {{"after", after}}}};
      const patchbay::HttpReply reply = co_await host().http(std::move(request));
      if (reply.status == 404) co_return;  // it keeps nothing
      refuse_failed(reply);
      const Json page = reply.json();
      std::vector<std::string> bodies;
      for (const Json& message : page.at("messages")) bodies.push_back(patchbay::to_text(message));
      const bool last = page.at("last");
      Json next = {{"v", 1}, {"after", page.at("next")}};
      go_on = co_await run.inject("in", std::move(bodies), std::move(next));
      go_on = go_on && !last;
    }
  }
  // [/sync]

  // [send]
  Task<patchbay::SendReply> send(Json message) override {
    const std::string key = message.at("idempotency_key");
    const std::string base = patchbay::string_at(settings(), "api_base");
    std::vector<std::string> ids = {"echo-" + key};
    if (!base.empty()) {
      const Json body = {
          {"id", ids.front()}, {"chat", message.at("conversation").at("id")}, {"text", message.at("text")}};
      std::vector<std::string> blobs = {
          patchbay::to_text(body)};  // raw: people's words may look like placeholders
      Json request = {{"method", "POST"},
                      {"url", base + "/messages"},
                      {"body", {{"blob_index", 0}}},
                      {"headers", {{"Content-Type", "application/json"}, {"Idempotency-Key", key}}}};
      const patchbay::HttpReply reply = co_await host().http(std::move(request), std::move(blobs));
      refuse_failed(reply);
    }
    co_return patchbay::SendReply(std::move(ids), patchbay::rfc3339(host().now()));
  }
  // [/send]

 private:
  static std::string text_of(const Json& in, const std::string& key) {
    if (!in.is_object() || !in.contains(key) || !in[key].is_string())
      throw Error(PB_INVALID, "The webhook's body has no text \"" + key + "\"")
          .with_text("echo.body_field", Json{{"field", key}});
    return in[key];
  }
  // [refuse]
  static void refuse_failed(const patchbay::HttpReply& reply) {
    if (reply.ok()) return;
    const pb_code code = reply.status == 429   ? PB_RATE_LIMITED
                         : reply.status >= 500 ? PB_OUTCOME_UNKNOWN
                                               : PB_INVALID;
    throw Error(code, "The other side answered " + std::to_string(reply.status))
        .retry_after(std::int64_t{1000} * std::atoi(reply.header("retry-after").c_str()))
        .with_text("echo.answered", Json{{"status", reply.status}});
  }
  // [/refuse]
};

PATCHBAY_PLUGIN(Echo)
