// The host calls of plugins whose work lies in upper modules.
#include <nlohmann/json.hpp>

#include "app/impl/modules.hpp"
#include "hooks/events.hpp"

namespace patchbay::app {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

using Context = std::shared_ptr<plugin::InstanceContext>;

json parse_request(const port::Call& call) {
  auto request = json::parse(call.message.json, nullptr, false);
  if (!request.is_object()) throw Error(Code::invalid, Text("app.no_object", {{"method", call.method}}));
  return request;
}

port::Result stored(std::size_t count, std::size_t known) {
  const json reply = {{"stored", count}, {"known", known}};
  return port::Result(port::Message(reply.dump()));
}

asio::awaitable<port::Result> inject(Modules& modules, Context context, port::Call call) {
  const auto request = parse_request(call);
  if (!modules.lifecycle.holds_lease(context->integration, request.value("lease", std::int64_t{0}))) {
    co_return port::Result(Code::conflict, "another run of this listener has taken over");
  }
  auto route = request.value("route", std::string());
  auto type = request.value("content_type", std::string("application/json"));
  auto bodies = std::move(call.message.blobs);
  const auto done = co_await modules.injector.inject(context->integration, std::move(route), std::move(type),
                                                     std::move(bodies), call.trace);
  co_return stored(done.stored, done.known);
}

asio::awaitable<port::Result> emit(Modules& modules, Context context, port::Call call) {
  auto events = hooks::parse_events(call.message.json);
  for (auto& event : events) event.trace = call.trace;
  const auto applied = co_await modules.effects.emit(context->integration, std::move(events));
  co_return stored(applied.stored, applied.known);
}

}  // namespace

void Modules::add_plugin_calls() {
  services.add("pb.webhook/1:inject", [this](Context context, port::Call call) {
    return inject(*this, std::move(context), std::move(call));
  });
  services.add("pb.events/1:emit", [this](Context context, port::Call call) {
    return emit(*this, std::move(context), std::move(call));
  });
}

}  // namespace patchbay::app
