#include <patchbay/seam.hpp>

#include <string>
#include <utility>

#include "checks.hpp"
#include "line.hpp"
#include "remote.hpp"
#include "sender.hpp"
#include "setup.hpp"
#include "translate.hpp"

namespace whatsapp {

using patchbay::Configuration;
using patchbay::Task;

// One WhatsApp number.
class Number : public patchbay::Plugin {
 public:
  explicit Number(const patchbay::Host& host)
      : Plugin(host), line_(host), remote_(line_), sender_(host, line_) {}

  Task<void> configure(Configuration configuration) override {
    line_.use(configuration.settings);
    co_return;
  }

  Task<patchbay::CheckReply> check() override {
    Configuration now = configuration();
    return check_line(std::move(now), line_, remote_);
  }

  // What the last look at the number said (remote_status, every five minutes).
  Task<patchbay::Health> health() override {
    patchbay::Health well;
    well.text_id = line_.state().trouble();
    if (!well.text_id.empty()) {
      well.args = {{"state", line_.state().state}, {"number", line_.state().number}};
      well.reason = english(well.text_id, well.args);
    }
    co_return well;
  }

  Task<patchbay::StepReply> step(patchbay::StepRequest request) override {
    Configuration now = configuration();
    return next_step(std::move(request), std::move(now), line_, remote_);
  }

  Task<patchbay::RemoteState> remote_register(patchbay::RemoteRequest request) override {
    meta::Destination to(configuration(), request);
    return remote_.connect(std::move(to), request.take_over);
  }
  Task<void> remote_unregister(patchbay::RemoteRequest) override { return remote_.disconnect(); }
  Task<patchbay::RemoteStatus> remote_status(patchbay::RemoteRequest request) override {
    meta::Destination wanted(configuration(), request);
    return remote_.status(std::move(wanted));
  }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object()) throw failure(PB_INVALID, "whatsapp.not_json");
    sender_.learn(receipts_in(body));
    const Arrival arrival(line_.phone(), request.received_at);
    patchbay::Events events;
    for (const Json& each : translate(body, arrival))
      events.emplace_back(each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data"));
    co_return events;
  }

  Task<patchbay::SendReply> send(Json request) override { return sender_.send(std::move(request)); }
  Task<std::vector<patchbay::Template>> templates() override { return line_.templates(); }
  Task<patchbay::FileReply> fetch(Json file) override { return line_.fetch(std::move(file)); }

 private:
  Line line_;
  Remote remote_;
  Sender sender_;
};

}  // namespace whatsapp

PATCHBAY_PLUGIN(whatsapp::Number)
