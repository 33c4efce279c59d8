#include <patchbay/seam.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "translate.hpp"
#include "using.hpp"

namespace webchat {

using patchbay::Error;
using patchbay::Task;

constexpr std::int64_t kFilesFor = 604'800;     // seconds: the longest that the host gives
constexpr std::size_t kBlobWrite = 256u << 10;  // bytes at once

// The chat of one site, or of several that share a look and a queue.
class WebChat : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const std::string& site = configuration().site_url;
    const std::string title = patchbay::string_at(settings(), "title");
    const std::string& id = configuration().integration_id;
    patchbay::CheckReply reply("webchat:" + id, title.empty() ? configuration().integration_name : title);
    if (site.empty()) {
      reply.diagnostics.push_back(finding("/origins", "webchat.site_url_missing"));
      co_return reply;
    }
    if (site.compare(0, 8, "https://") != 0) {
      reply.diagnostics.push_back(
          finding("/origins", "webchat.site_url_not_https", {{"address", site}}).as_warning());
    }
    const std::string slash = site.back() == '/' ? "" : "/";
    reply.facts["snippet"] = "<script async src=\"" + site + slash +
                             "plugins/webchat/web/webchat.js\" data-integration=\"" + id + "\"></script>";
    co_return reply;
  }

  // What it publishes has the request's own id, so a repetition tells nobody anything.
  Task<patchbay::Events> process(patchbay::WebhookRequest request) override {
    const Arrival from(request.session, request.received_at, request.id);
    if (request.route == "file") return take_file(std::move(request), from);
    const Json frame = Json::parse(request.body, nullptr, false);
    return apply(translate(frame, from), from.session);
  }

  Task<patchbay::SendReply> send(Json message) override {
    const std::string session = message.at("conversation").at("id");
    const std::string key = message.at("idempotency_key");
    std::vector<SharedFile> files;
    for (const Json& each : message.value("attachments", Json::array())) {
      Json about = each;
      const SharedFile file = co_await share(std::move(about));
      files.push_back(file);
    }
    const std::string now = patchbay::rfc3339(host().now());
    Json answer = answer_of(message, files, now);
    if (!says_something(answer)) throw failure(PB_INVALID, "webchat.nothing_to_send");
    co_await host().publish(session, key, std::move(answer));
    std::vector<std::string> ids;
    ids.push_back(session + "/" + key);
    co_return patchbay::SendReply(std::move(ids), now);
  }

  // The bytes are the host's since process().
  Task<patchbay::FileReply> fetch(Json file) override {
    patchbay::FileReply reply(file.at("blob").get<std::string>());
    reply.name = patchbay::string_at(file, "name");
    reply.type = patchbay::string_at(file, "type");
    reply.size = file.value("size", std::int64_t{0});
    co_return reply;
  }

 private:
  // Takes over what the coroutine works on: its caller is gone by then.
  Task<patchbay::Events> apply(Translation translation, std::string session) {
    patchbay::Events events;
    for (const Json& each : translation.events)
      events.emplace_back(each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data"));
    if (!translation.notice.is_null()) co_await tell(std::move(session), std::move(translation.notice));
    co_return events;
  }

  Task<patchbay::Events> take_file(patchbay::WebhookRequest request, Arrival from) {
    const Upload upload(request.query, header_of(request, "content-type"), request.body.size());
    Translation translation;
    if (upload.id.empty()) co_return patchbay::Events();
    const std::string reason = refusal(upload, request.body, UploadRules(settings()));
    if (!reason.empty()) {
      translation.notice = refused(upload.id, reason);
    } else {
      const std::string blob = co_await store(upload, std::move(request.body));
      translation.notice = co_await taken(upload, blob);
      translation.events.push_back(file_event(upload, blob, from));
    }
    patchbay::Events events = co_await apply(std::move(translation), from.session);
    co_return events;
  }

  Task<std::string> store(const Upload& upload, std::string bytes) {
    std::string name = upload.name;
    std::string type = upload.type;
    const std::string blob = co_await host().blob_create(std::move(name), std::move(type));
    for (std::size_t at = 0; at < bytes.size(); at += kBlobWrite) {
      std::string piece = bytes.substr(at, kBlobWrite);
      co_await host().blob_write(blob, static_cast<std::int64_t>(at), std::move(piece));
    }
    co_await host().blob_close(blob);
    co_return blob;
  }

  // The page hears that its file is here, and where to see it again after a reload. Without a public address
  // only that it is here.
  Task<Json> taken(const Upload& upload, std::string blob) {
    Json notice = {{"type", "taken"}, {"id", upload.id}};
    Json about = {
        {"blob", std::move(blob)}, {"name", upload.name}, {"type", upload.type}, {"size", upload.size}};
    std::optional<Error> failed;
    try {
      const SharedFile file = co_await share(std::move(about));
      notice["files"].push_back(file.json());
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->text_id != "webchat.no_address") throw std::move(*failed);
    co_return notice;
  }

  Task<SharedFile> share(Json about) {
    std::string blob = about.at("blob");
    std::optional<Error> failed;
    std::string url;
    try {
      url = co_await host().blob_publish(std::move(blob), kFilesFor);
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code == PB_UNSUPPORTED) throw failure(PB_INVALID, "webchat.no_address");
    if (failed) throw std::move(*failed);
    co_return SharedFile(std::move(about), std::move(url),
                         patchbay::rfc3339(host().now() + kFilesFor * 1000));
  }

  Task<void> tell(std::string session, Json notice) {
    std::string id = patchbay::string_at(notice, "type") + ":" + patchbay::string_at(notice, "id");
    co_await host().publish(std::move(session), std::move(id), std::move(notice));
  }

  static std::string header_of(const patchbay::WebhookRequest& request, const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  }
};

}  // namespace webchat

PATCHBAY_PLUGIN(webchat::WebChat)
