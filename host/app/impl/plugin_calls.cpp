// The host calls of plugins whose work lies in upper modules.
#include <nlohmann/json.hpp>

#include "app/impl/modules.hpp"
#include "hooks/events.hpp"
#include "jobs/page.hpp"

namespace patchbay::app {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

using plugin::InstanceContext;
using Context = std::shared_ptr<InstanceContext>;

json parse_request(const port::Call& call) {
  auto request = json::parse(call.message.json, nullptr, false);
  if (!request.is_object()) throw Error(Code::invalid, Text("app.no_object", {{"method", call.method}}));
  return request;
}

std::string text_at(const json& request, const char* field, std::string otherwise) {
  const auto found = request.find(field);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::move(otherwise);
}

port::Result stored(std::size_t count, std::size_t known) {
  const json reply = {{"stored", count}, {"known", known}};
  return port::Result(port::Message(reply.dump()));
}

// What they take in the inbox.
std::int64_t bytes_of(const std::vector<std::string>& bodies) {
  std::int64_t bytes = 0;
  for (const auto& body : bodies) bytes += static_cast<std::int64_t>(body.size()) + plugin::Storage::kEachRow;
  return bytes;
}

// Of a listener: what an older run still has is refused (N8).
void require_lease(const Modules& modules, Id integration, std::int64_t lease) {
  if (!modules.lifecycle.holds_lease(integration, lease))
    throw Error(Code::conflict, Text("app.listener_lease_lost"));
}

asio::awaitable<port::Result> inject(Modules& modules, Context context, port::Call call) {
  const auto request = parse_request(call);
  require_lease(modules, context->integration, request.value("lease", std::int64_t{0}));
  auto route = text_at(request, "route", "");
  auto type = text_at(request, "content_type", "application/json");
  auto bodies = std::move(call.message.blobs);
  co_await modules.storage.charge(context->integration, bytes_of(bodies));
  const auto done = co_await modules.injector.inject(context->integration, std::move(route), std::move(type),
                                                     std::move(bodies), call.trace);
  co_return stored(done.stored, done.known);
}

// Under the lease of a run, where the request names one: of a listener, or with "job" of that job, which is
// then looked at in the transaction itself, since the run may have moved to another host.
hooks::Companion lease_fence(const Modules& modules, Id integration, const json& request) {
  const auto lease = request.find("lease");
  if (lease == request.end()) return {};
  if (!lease->is_number_integer()) throw Error(Code::invalid, Text("jobs.bad_field", {{"field", "lease"}}));
  const auto job = text_at(request, "job", "");
  if (job.empty()) {
    require_lease(modules, integration, lease->get<std::int64_t>());
    return {};
  }
  return
      [integration, job, held = lease->get<std::int64_t>()](store::Session& session, const hooks::Applied&) {
        jobs::require_lease(session, integration, job, held);
      };
}

asio::awaitable<port::Result> emit(Modules& modules, Context context, port::Call call) {
  auto events = hooks::parse_events(call.message.json);
  for (auto& event : events) event.trace = call.trace;
  auto fence = lease_fence(modules, context->integration, parse_request(call));
  const auto applied =
      co_await modules.effects.emit(context->integration, std::move(events), std::move(fence));
  co_return stored(applied.stored, applied.known);
}

// One page of a run, while it is being stored.
struct StoringPage {
  jobs::Page page;
  std::vector<hooks::InboxRow> rows;
  std::vector<hooks::RefusedEvent> refused;
  std::vector<hooks::InboxRow> fresh;  // of the rows, those that were new
  jobs::PageCounts counts;
};

// What the domain can never take is set aside, so that one bad record does not hold up those after it.
void set_refused_aside(Modules& modules, const InstanceContext& context, std::vector<hooks::Event>& events,
                       StoringPage& storing) {
  std::erase_if(events, [&](const hooks::Event& event) {
    const auto fault = modules.chat_sink.fault_of(event);
    if (!fault) return false;
    hooks::RefusedEvent refused;
    refused.integration = context.integration;
    refused.plugin = context.manifest->id;
    refused.event = event;
    refused.reason = *fault;
    refused.at = modules.clock.now().time_since_epoch().count();
    storing.refused.push_back(std::move(refused));
    return true;
  });
}

hooks::Companion store_with(Modules& modules, std::shared_ptr<StoringPage> storing) {
  return [&modules, storing](store::Session& session, const hooks::Applied& applied) {
    storing->fresh = hooks::insert_rows(session, modules.ids, storing->rows);
    for (const auto& refused : storing->refused) hooks::insert_refused(session, modules.ids, refused);
    auto& counts = storing->counts;
    counts.records = static_cast<std::int64_t>(applied.stored + storing->fresh.size());
    counts.known = static_cast<std::int64_t>(applied.known + storing->rows.size() - storing->fresh.size());
    counts.refused = static_cast<std::int64_t>(storing->refused.size());
    jobs::store_page(session, storing->page, counts, modules.clock.now());
  };
}

asio::awaitable<port::Result> store_page(Modules& modules, Context context, port::Call call) {
  const auto request = parse_request(call);
  auto storing = std::make_shared<StoringPage>();
  storing->page = jobs::parse_page(context->integration, call.message.json);
  auto events = hooks::parse_events(call.message.json);
  for (auto& event : events) event.trace = call.trace;
  set_refused_aside(modules, *context, events, *storing);
  auto bytes = bytes_of(call.message.blobs);
  for (const auto& refused : storing->refused)
    bytes += static_cast<std::int64_t>(refused.event.data.size()) + plugin::Storage::kEachRow;
  co_await modules.storage.charge(context->integration, bytes);
  if (!call.message.blobs.empty()) {
    storing->rows = modules.injector.rows(context->integration, text_at(request, "route", ""),
                                          text_at(request, "content_type", "application/json"),
                                          std::move(call.message.blobs), call.trace);
  }
  auto emitting = modules.effects.emit(context->integration, std::move(events), store_with(modules, storing));
  try {
    co_await std::move(emitting);
  } catch (const Error& error) {
    // Its rows may be stored all the same: nothing may pass them.
    if (error.code() == Code::unavailable && !storing->rows.empty()) modules.dispatcher.unsure();
    throw;
  }
  modules.dispatcher.accepted(std::move(storing->fresh));
  const auto& page = storing->page;
  const json reply = {{"stored", storing->counts.records},
                      {"known", storing->counts.known},
                      {"refused", storing->counts.refused},
                      {"go_on", modules.scheduler.goes_on(page.integration, page.job, page.lease)}};
  co_return port::Result(port::Message(reply.dump()));
}

}  // namespace

plugin::Storage::Parts Modules::storage_parts() {
  plugin::Storage::Parts parts{clock, *store, config.plugin_storage, blob_uses()};
  parts.also = [](store::Session& session, Id integration) {
    return hooks::open_bytes(session, integration, plugin::Storage::kEachRow);
  };
  parts.told = [this](Id id, std::optional<Text> full) {
    if (full) return lifecycle.trouble(id, "storage", Code::rate_limited, full->english());
    lifecycle.well(id, "storage");
  };
  return parts;
}

void Modules::add_plugin_calls() {
  services.add("pb.sync/1:emit", [this](Context context, port::Call call) {
    return store_page(*this, std::move(context), std::move(call));
  });
  services.add("pb.webhook/1:inject", [this](Context context, port::Call call) {
    return inject(*this, std::move(context), std::move(call));
  });
  services.add("pb.events/1:emit", [this](Context context, port::Call call) {
    return emit(*this, std::move(context), std::move(call));
  });
}

}  // namespace patchbay::app
