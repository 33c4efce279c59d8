#include <patchbay/seam.hpp>

#include <optional>
#include <string>
#include <utility>

#include "checks.hpp"
#include "condition.hpp"
#include "control.hpp"
#include "dialect.hpp"
#include "files.hpp"
#include "names.hpp"
#include "remote.hpp"
#include "sender.hpp"
#include "setup.hpp"
#include "translate.hpp"
#include "using.hpp"

namespace messenger {

using patchbay::Configuration;
using patchbay::Task;

// One page.
class Channel : public patchbay::Plugin {
 public:
  explicit Channel(const patchbay::Host& host)
      : Plugin(host),
        graph_(host, dialect(), place(Json())),
        account_(host, graph_),
        remote_(graph_, account_),
        sender_(host, account_),
        names_(host, graph_, account_),
        condition_(host, graph_) {}

  Task<void> configure(Configuration configuration) override {
    graph_.use(place(member(configuration.profile, "settings")));
    account_.use(text_of(configuration.settings, "page_id"));
    condition_.forget();
    co_return;
  }

  Task<patchbay::CheckReply> check() override {
    Configuration now = configuration();
    return check_page(std::move(now), graph_, account_, remote_);
  }

  Task<std::vector<patchbay::Choice>> choices(std::string path, Json) override {
    if (path != "/page_id") throw failure(PB_INVALID, "messenger.no_choices", {{"path", path}});
    return page_choices(account_);
  }

  Task<patchbay::StepReply> step(patchbay::StepRequest request) override {
    return next_step(account_, std::move(request));
  }

  Task<patchbay::RemoteState> remote_register(patchbay::RemoteRequest request) override {
    meta::Destination to(configuration(), request);
    return remote_.connect(std::move(to), request.take_over);
  }

  Task<void> remote_unregister(patchbay::RemoteRequest) override { return remote_.disconnect(); }

  Task<patchbay::RemoteStatus> remote_status(patchbay::RemoteRequest request) override {
    meta::Destination wanted(configuration(), request);
    patchbay::RemoteStatus now = co_await remote_.status(std::move(wanted));
    co_await condition_.look();
    co_return now;
  }

  Task<patchbay::Health> health() override { co_return condition_.health(); }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object()) throw failure(PB_INVALID, "messenger.not_json");
    const Arrival arrival(graph_.place().app_id, request.received_at);
    Json translated = translate(body, arrival);
    const Json named = co_await names_.fill_in(std::move(translated));
    patchbay::Events events;
    for (const Json& each : named) {
      events.emplace_back(each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data"));
      events.back().of(each.at("identity"));
    }
    co_return events;
  }

  Task<patchbay::SendReply> send(Json request) override {
    std::optional<patchbay::Error> failed;
    try {
      patchbay::SendReply sent =
          co_await sender_.send(std::move(request), flag_of(settings(), "human_agent"));
      condition_.worked();
      co_return sent;
    } catch (const patchbay::Error& error) {
      failed = error;
    }
    condition_.failed(*failed);
    throw std::move(*failed);
  }

  Task<patchbay::FileReply> fetch(Json file) override {
    return fetch_file(graph_, account_, std::move(file));
  }

  Task<void> release(Json request) override {
    return give_back(account_, settings(), text_of(member(request, "conversation"), "id"));
  }

 private:
  static meta::GraphPlace place(const Json& app) {
    return meta::GraphPlace(app, "secret:page_token", "profile:app_secret");
  }

  meta::Graph graph_;
  Account account_;
  Remote remote_;
  Sender sender_;
  Names names_;
  Condition condition_;
};

}  // namespace messenger

PATCHBAY_PLUGIN(messenger::Channel)
