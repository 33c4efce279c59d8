#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "patchbay/plugin.hpp"

// From method names to the virtuals of Plugin, and their replies to JSON. Used by the seam only.
namespace patchbay::verbs {

inline Task<Json> check(Plugin& plugin, Message) {
  const CheckReply reply = co_await plugin.check();
  Json out = {{"identity", reply.identity},
              {"title", reply.title},
              {"facts", reply.facts},
              {"diagnostics", Json::array()}};
  for (const Diagnostic& each : reply.diagnostics) out["diagnostics"].push_back(each.to_json());
  co_return out;
}

inline Task<Json> start(Plugin& plugin, Message) {
  co_await plugin.start();
  co_return Json::object();
}

inline Task<Json> drain(Plugin& plugin, Message message) {
  const auto deadline_ms = message.json.value("deadline_ms", std::int64_t{0});
  co_await plugin.drain(deadline_ms);
  co_return Json::object();
}

inline Task<Json> stop(Plugin& plugin, Message) {
  co_await plugin.stop();
  co_return Json::object();
}

template <class Reply>
void name_text(Json& out, const Reply& reply) {
  if (reply.text_id.empty()) return;
  out["text_id"] = reply.text_id;
  out["args"] = reply.args;
}

inline Task<Json> health(Plugin& plugin, Message) {
  const Health reply = co_await plugin.health();
  Json out = {{"status", reply.reason.empty() ? "ok" : "degraded"}};
  if (!reply.reason.empty()) out["reason"] = reply.reason;
  name_text(out, reply);
  co_return out;
}

inline Task<Json> migrate(Plugin& plugin, Message message) {
  std::string what = string_at(message.json, "what");
  const int from = message.json.value("from_version", 0);
  Json value = message.json.value("value", Json());
  Json moved = co_await plugin.migrate(std::move(what), from, std::move(value));
  Json out = Json::object();
  out["value"] = std::move(moved);
  co_return out;
}

inline Task<Json> choices(Plugin& plugin, Message message) {
  std::string path = string_at(message.json, "path");
  Json settings = message.json.value("settings", Json::object());
  const std::vector<Choice> reply = co_await plugin.choices(std::move(path), std::move(settings));
  Json out = {{"choices", Json::array()}};
  for (const Choice& each : reply) {
    Json choice = {{"title", each.title}};
    choice["value"] = each.value;
    out["choices"].push_back(std::move(choice));
  }
  co_return out;
}

inline Task<Json> step(Plugin& plugin, Message message) {
  StepRequest request(message.json);
  const StepReply reply = co_await plugin.step(std::move(request));
  co_return reply.to_json();
}

inline Task<Json> remote_register(Plugin& plugin, Message message) {
  RemoteRequest request(message.json);
  const RemoteState reply = co_await plugin.remote_register(std::move(request));
  Json out = Json::object();
  out["state"] = reply.state;
  out["expires_at"] = reply.expires_at.empty() ? Json() : Json(reply.expires_at);
  co_return out;
}

inline Task<Json> remote_unregister(Plugin& plugin, Message message) {
  RemoteRequest request(message.json);
  co_await plugin.remote_unregister(std::move(request));
  co_return Json::object();
}

inline Task<Json> remote_status(Plugin& plugin, Message message) {
  RemoteRequest request(message.json);
  const RemoteStatus reply = co_await plugin.remote_status(std::move(request));
  Json out = {{"status", reply.status}};
  if (!reply.address.empty()) out["address"] = reply.address;
  if (!reply.problem.empty()) out["problem"] = reply.problem;
  name_text(out, reply);
  co_return out;
}

inline Task<Json> process(Plugin& plugin, Message message) {
  std::string body;
  if (!message.blobs.empty()) body = std::move(message.blobs.front());
  WebhookRequest request(message.json, std::move(body));
  const Events events = co_await plugin.process(std::move(request));
  Json out = {{"events", Json::array()}};
  for (const Event& each : events) out["events"].push_back(each.to_json());
  co_return out;
}

inline Task<Json> listen(Plugin& plugin, Message message) {
  ListenRequest request(message.json);
  co_await plugin.listen(std::move(request));
  co_return Json::object();
}

inline Task<Json> sync(Plugin& plugin, Message message) {
  SyncRun run(plugin.host(), message.json);
  co_await plugin.sync(run);
  co_return Json{{"more", run.has_more()}};
}

inline Task<Json> send(Plugin& plugin, Message message) {
  const SendReply reply = co_await plugin.send(std::move(message.json));
  Json out = {{"provider_ids", reply.provider_ids}};
  if (!reply.sent_at.empty()) out["sent_at"] = reply.sent_at;
  if (!reply.moved_to.empty()) out["moved_to"] = reply.moved_to;
  co_return out;
}

inline Task<Json> lookup(Plugin& plugin, Message message) {
  const LookupReply reply = co_await plugin.lookup(std::move(message.json));
  Json out = {{"found", reply.found}, {"provider_ids", reply.provider_ids}};
  co_return out;
}

inline Task<Json> acknowledge(Plugin& plugin, Message message) {
  std::string press_id = string_at(message.json, "press_id");
  co_await plugin.acknowledge(std::move(press_id));
  co_return Json::object();
}

inline Task<Json> release(Plugin& plugin, Message message) {
  co_await plugin.release(std::move(message.json));
  co_return Json::object();
}

inline Task<Json> fetch(Plugin& plugin, Message message) {
  Json file = message.json.value("file", Json::object());
  const FileReply reply = co_await plugin.fetch(std::move(file));
  Json out = {{"blob", reply.blob}, {"name", reply.name}, {"type", reply.type}, {"size", reply.size}};
  co_return out;
}

inline Task<Json> templates(Plugin& plugin, Message) {
  const std::vector<Template> reply = co_await plugin.templates();
  Json out = {{"templates", Json::array()}};
  for (const Template& each : reply) out["templates"].push_back(each.to_json());
  co_return out;
}

inline Task<Json> run_process(Plugin& plugin, Message message) {
  Json result = co_await plugin.run_process(std::move(message.json));
  Json out = Json::object();
  out["result"] = std::move(result);
  co_return out;
}

class Verb {
 public:
  std::string_view method;
  Task<Json> (*serve)(Plugin& plugin, Message message);
};

inline constexpr Verb kVerbs[] = {
    {"pb.lifecycle/1:check", check},
    {"pb.lifecycle/1:start", start},
    {"pb.lifecycle/1:drain", drain},
    {"pb.lifecycle/1:stop", stop},
    {"pb.lifecycle/1:health", health},
    {"pb.lifecycle/1:migrate", migrate},
    {"pb.setup/1:choices", choices},
    {"pb.setup/1:step", step},
    {"pb.remote/1:register", remote_register},
    {"pb.remote/1:unregister", remote_unregister},
    {"pb.remote/1:status", remote_status},
    {"pb.webhook/1:process", process},
    {"pb.listen/1:run", listen},
    {"pb.sync/1:run", sync},
    {"pb.process/1:run", run_process},
    {"pb.channel/1:send", send},
    {"pb.channel/1:lookup", lookup},
    {"pb.channel/1:fetch", fetch},
    {"pb.channel/1:acknowledge", acknowledge},
    {"pb.channel/1:templates", templates},
    {"pb.channel/1:release", release},
};

// Every verb but configure, which the seam keeps to itself. Throws Error(PB_UNSUPPORTED) for a method that is
// unknown.
inline Task<Json> serve(Plugin& plugin, const std::string& method, Message message) {
  for (const Verb& verb : kVerbs)
    if (verb.method == method) return verb.serve(plugin, std::move(message));
  throw Error(PB_UNSUPPORTED, "This plugin does not know " + method);
}

}  // namespace patchbay::verbs
