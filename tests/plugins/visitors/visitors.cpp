// For tests of web chat (plugin-needs N15): what a page posts is a message, what is sent is published to it.
#include <patchbay/seam.hpp>

using patchbay::Json;
using patchbay::Task;

class Visitors : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const std::string site = patchbay::string_at(settings(), "site");
    co_return patchbay::CheckReply("site:" + site, "Visitors of " + site);
  }

  // The session is the conversation; ids of different visitors may be the same.
  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json in = patchbay::parse_json(request.body, "The page's message");
    const std::string id = request.session + "/" + patchbay::string_at(in, "id");
    const Json data = {{"conversation", {{"id", request.session}, {"kind", "private"}}},
                       {"author", {{"id", request.session}, {"name", "Visitor"}}},
                       {"message", {{"id", id}, {"text", patchbay::string_at(in, "text")}}},
                       {"at", request.received_at}};
    patchbay::Events events;
    events.emplace_back("message.received", id, request.session, data);
    co_return events;
  }

  Task<patchbay::SendReply> send(Json message) override {
    const std::string key = message.at("idempotency_key");
    const std::string visitor = message.at("conversation").at("id");
    Json data = {{"text", message.at("text")}};
    const patchbay::Published published = co_await host().publish(visitor, key, std::move(data));
    std::vector<std::string> ids;
    ids.push_back(published.event);
    co_return patchbay::SendReply(std::move(ids), patchbay::rfc3339(host().now()));
  }
};

PATCHBAY_PLUGIN(Visitors)
