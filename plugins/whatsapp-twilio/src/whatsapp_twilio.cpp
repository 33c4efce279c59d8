#include <patchbay/seam.hpp>

#include <string>
#include <utility>

#include "checks.hpp"
#include "messages.hpp"
#include "missed.hpp"
#include "senders.hpp"
#include "setup.hpp"
#include "translate.hpp"

namespace twilio {

using patchbay::Configuration;
using patchbay::Task;

// One WhatsApp number.
class Number : public patchbay::Plugin {
 public:
  explicit Number(const patchbay::Host& host)
      : Plugin(host),
        api_(host),
        senders_(api_),
        setup_(host, api_, senders_),
        messages_(host, api_),
        missed_(host, api_) {}

  Task<void> configure(Configuration configuration) override {
    api_.use(Account(configuration.settings));
    co_return;
  }

  Task<patchbay::CheckReply> check() override {
    Configuration now = configuration();
    return check_account(std::move(now), api_, senders_);
  }

  // Webhooks that are lost all the time are a matter for people (WA-1: it tells when the address is not set).
  Task<patchbay::Health> health() override {
    patchbay::Health well;
    if (missed_.unannounced() > 0) {
      well.text_id = "twilio.webhook_not_set";
      well.args = {{"count", missed_.unannounced()},
                   {"address", route_of(configuration().routes, "message")}};
      well.reason = english(well.text_id, well.args);
    }
    co_return well;
  }

  Task<patchbay::StepReply> step(patchbay::StepRequest request) override {
    Configuration now = configuration();
    return setup_.step(std::move(request), std::move(now));
  }

  Task<patchbay::RemoteState> remote_register(patchbay::RemoteRequest request) override {
    return senders_.connect(std::move(request));
  }
  Task<void> remote_unregister(patchbay::RemoteRequest request) override {
    return senders_.disconnect(std::move(request));
  }
  Task<patchbay::RemoteStatus> remote_status(patchbay::RemoteRequest request) override {
    return senders_.status(std::move(request));
  }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const auto type = request.headers.find("content-type");
    const bool is_form =
        type != request.headers.end() && type->second.rfind("application/x-www-form-urlencoded", 0) == 0;
    if (!is_form) throw failure(PB_INVALID, "twilio.not_a_form");
    Form form = Form::parse(request.body);
    const bool is_status = request.route == "status";
    if (!is_status) missed_.webhook_works();
    if (std::string card = is_status ? std::string() : card_address(form); !card.empty()) {
      std::string text = co_await api_.small_file(std::move(card));
      form.add_if(kCard, std::move(text));
    }
    patchbay::Events events;
    for (const Json& each : is_status ? translate_status(form, request.received_at)
                                      : translate_message(form, request.received_at))
      events.emplace_back(each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data"));
    co_return events;
  }

  Task<void> sync(patchbay::SyncRun& run) override { return missed_.run(run); }

  Task<patchbay::SendReply> send(Json request) override {
    std::string statuses = route_of(configuration().routes, "status");
    return messages_.send(std::move(request), std::move(statuses));
  }

  Task<std::vector<patchbay::Template>> templates() override { return messages_.templates(); }

  Task<patchbay::FileReply> fetch(Json file) override {
    std::string url = patchbay::string_at(file, "url");
    Json about = {{"name", patchbay::string_at(file, "name")}, {"type", patchbay::string_at(file, "type")}};
    return api_.download(std::move(url), std::move(about));
  }

 private:
  Api api_;
  Senders senders_;
  Setup setup_;
  Messages messages_;
  Missed missed_;
};

}  // namespace twilio

PATCHBAY_PLUGIN(twilio::Number)
