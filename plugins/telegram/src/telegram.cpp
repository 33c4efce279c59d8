#include <patchbay/seam.hpp>

#include <optional>
#include <string>
#include <utility>

#include "checks.hpp"
#include "poller.hpp"
#include "remote.hpp"
#include "sender.hpp"
#include "translate.hpp"
#include "using.hpp"

namespace telegram {

using patchbay::Configuration;
using patchbay::Error;
using patchbay::Task;

// One bot.
class Bot : public patchbay::Plugin {
 public:
  explicit Bot(const patchbay::Host& host)
      : Plugin(host), api_(host), remote_(host, api_), poller_(host, api_), sender_(host, api_) {}

  Task<void> configure(Configuration configuration) override {
    const std::string base = api_base(configuration.settings);
    api_.use(base);
    co_return;
  }

  Task<patchbay::CheckReply> check() override {
    Configuration now = configuration();
    return check_bot(std::move(now), api_, remote_);
  }

  Task<patchbay::Health> health() override { co_return patchbay::Health(poller_.problem()); }

  Task<patchbay::RemoteState> remote_register(patchbay::RemoteRequest request) override {
    Destination to(configuration(), request);
    return remote_.connect(std::move(to), request.take_over);
  }

  Task<void> remote_unregister(patchbay::RemoteRequest request) override {
    Destination from(configuration(), request);
    return remote_.disconnect(std::move(from));
  }

  Task<patchbay::RemoteStatus> remote_status(patchbay::RemoteRequest request) override {
    Destination wanted(configuration(), request);
    return remote_.status(std::move(wanted));
  }

  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Json update = Json::parse(request.body, nullptr, false);
    if (!update.is_object()) throw failure(PB_INVALID, "telegram.not_json");
    patchbay::Events events;
    for (const Json& each : translate(update, request.received_at)) {
      patchbay::Event event(each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data"));
      const Json& album = member(each, "part_of");
      if (album.is_object()) event.part_of(text_of(album, "key"), number_of(album, "quiet_ms").value_or(0));
      events.push_back(std::move(event));
    }
    co_return events;
  }

  Task<void> listen(patchbay::ListenRequest request) override { return poller_.run(request.lease); }

  Task<patchbay::SendReply> send(Json request) override { return sender_.send(std::move(request)); }

  Task<void> acknowledge(std::string press_id) override {
    ApiCall call("answerCallbackQuery", Effect::reads);  // idempotent
    call.arguments = {{"callback_query_id", press_id}};
    std::optional<Error> failed;
    try {
      co_await api_.call(std::move(call));
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code != PB_INVALID)
      throw std::move(*failed);  // INVALID: the press is too old to matter
  }

  // The link of getFile holds for an hour; an outdated one is asked for again, once.
  Task<patchbay::FileReply> fetch(Json file) override {
    for (int tries = 0;; ++tries) {
      ApiCall call("getFile", Effect::reads);
      call.arguments = {{"file_id", text_of(file, "file_id")}};
      const Json found = co_await api_.call(std::move(call));
      std::string path = text_of(found, "file_path");
      if (path.empty()) throw failure(PB_NOT_FOUND, "telegram.file_gone");
      if (path.front() == '/') throw failure(PB_INVALID, "telegram.local_files");
      Json about = {{"name", text_of(file, "name")}, {"type", text_of(file, "type")}};
      std::optional<Error> failed;
      try {
        patchbay::FileReply reply = co_await api_.download(std::move(path), std::move(about));
        co_return reply;
      } catch (const Error& error) {
        failed = error;
      }
      if (failed->code != PB_NOT_FOUND || tries > 0) throw std::move(*failed);
    }
  }

 private:
  Api api_;
  Remote remote_;
  Poller poller_;
  Sender sender_;
};

}  // namespace telegram

PATCHBAY_PLUGIN(telegram::Bot)
