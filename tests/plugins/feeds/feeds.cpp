// For tests of profile routes (plugin-needs N1): a request holds messages of several pages, which say whose
// they are.
#include <patchbay/seam.hpp>

using patchbay::Json;
using patchbay::Task;

class Feeds : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const std::string page = patchbay::string_at(settings(), "page");
    co_return patchbay::CheckReply("page:" + page, "Page " + page);
  }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json in = patchbay::parse_json(request.body, "The webhook's body");
    patchbay::Events events;
    for (const Json& item : in.at("items")) {
      const std::string chat = patchbay::string_at(item, "chat");
      const std::string id = patchbay::string_at(item, "id");
      const Json data = {{"conversation", {{"id", chat}, {"kind", "private"}}},
                         {"author", {{"id", chat}, {"name", chat}}},
                         {"message", {{"id", id}, {"text", item.at("text")}}},
                         {"at", request.received_at}};
      events.emplace_back("message.received", id, chat, data);
      events.back().of("page:" + patchbay::string_at(item, "page"));
    }
    co_return events;
  }
};

PATCHBAY_PLUGIN(Feeds)
