// For tests of upgrades. PATCHBAY_PLUGIN_VERSION says which version this is: 1 knows one account, 2 a list of
// them and another shape of the checkpoint, 3 is as 2 and fails its check.
#include <patchbay/seam.hpp>

using patchbay::Error;
using patchbay::Json;
using patchbay::Task;

namespace {

constexpr int kVersion = PATCHBAY_PLUGIN_VERSION[0] - '0';

}  // namespace

class Mover : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    if (kVersion == 3) throw Error(PB_INVALID, "Version 3 never works");
    co_return patchbay::CheckReply("mover:" + account(), "Mover");
  }

  Task<Json> migrate(std::string what, int from_version, Json value) override {
    if (kVersion < 2 || from_version != 1) throw Error(PB_INVALID, "Nothing is known of that shape");
    if (what == "settings") {
      const Json accounts = Json::array({value.at("account")});
      value.erase("account");
      value["accounts"] = accounts;
    } else {
      const Json moved = {{"v", 2}, {"at", value.at("checkpoint").at("count")}};
      value["checkpoint"] = moved;
    }
    co_return value;
  }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json in = patchbay::parse_json(request.body, "The webhook's body");
    patchbay::Events events;
    events.push_back(message(in.at("chat"), in.at("id"), in.at("text")));
    co_return events;
  }

  // One message a page, numbered without a gap.
  Task<void> sync(patchbay::SyncRun& run) override {
    const std::string field = kVersion == 1 ? "count" : "at";
    for (bool go_on = true; go_on;) {
      const int number = run.checkpoint.is_object() ? run.checkpoint.at(field).get<int>() : 0;
      patchbay::Events events;
      events.push_back(message("ticks", "tick-" + std::to_string(number), "tick " + std::to_string(number)));
      Json next = {{"v", kVersion}};
      next[field] = number + 1;
      go_on = co_await run.emit(std::move(events), std::move(next));
      co_await host().sleep(20);
    }
  }

  Task<patchbay::SendReply> send(Json request) override {
    std::vector<std::string> ids = {"sent-" + request.at("idempotency_key").get<std::string>()};
    co_return patchbay::SendReply(std::move(ids));
  }

 private:
  std::string account() const {
    return kVersion == 1 ? settings().at("account") : settings().at("accounts").at(0);
  }
  patchbay::Event message(const std::string& chat, const std::string& id, const std::string& text) const {
    const Json data = {{"conversation", {{"id", chat}}},
                       {"author", {{"id", "a"}}},
                       {"message", {{"id", id}, {"text", text + " by " + std::to_string(kVersion)}}},
                       {"at", patchbay::rfc3339(host().now())}};
    return patchbay::Event("message.received", id, chat, data);
  }
};

PATCHBAY_PLUGIN(Mover)
