// Whether the provider still delivers to us (HOOK-7), and whether the plugin says that it is well (HOST-8),
// asked again and again.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/between.hpp"
#include "base/rfc3339.hpp"
#include "base/trace.hpp"
#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/texts.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kSoonest = 10s;  // after a start: not all at once
constexpr Duration kFirst = 60s;
constexpr Duration kEvery = 5min;
constexpr Duration kStatusLimit = 20s;
constexpr Duration kHealthLimit = 10s;
constexpr const char* kDelivery = "delivery";
constexpr const char* kHealth = "health";

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

bool is_renewal_due(const std::string& remote_state, TimePoint now) {
  const auto kept = json::parse(remote_state, nullptr, false);
  if (!kept.is_object()) return false;
  const auto expires = parse_rfc3339(text_at(kept, "expires_at"));
  const auto registered = parse_rfc3339(text_at(kept, "registered_at"));
  if (!expires || !registered) return false;
  return now >= *registered + (*expires - *registered) / 2;
}

namespace {

// Whether the registration does not last for ever.
bool ends(const std::string& remote_state) {
  const auto kept = json::parse(remote_state, nullptr, false);
  return kept.is_object() && !text_at(kept, "expires_at").empty();
}

}  // namespace

asio::awaitable<void> Lifecycle::watch_delivery(Id id) {
  co_await parts_.clock.sleep(between(kSoonest, kFirst));
  for (;;) {
    bool known = true;
    try {
      known = co_await look_at_delivery(id);
    } catch (const Error& error) {
      parts_.logger.warn("whether the provider delivers here is not known",
                         {{"integration", to_string_id(id)}, {"error", error.what()}});
    }
    if (!known) co_return;
    co_await parts_.clock.sleep(between(kEvery - kFirst, kEvery));
  }
}

// False: the plugin cannot say, now or ever.
asio::awaitable<bool> Lifecycle::look_at_delivery(Id id) {
  auto integration = co_await load(id);
  const auto manifest = manifest_of(integration);
  if (is_renewal_due(integration.remote_state, parts_.clock.now())) {
    co_await register_again(id);
    co_return true;
  }
  const auto kept = json::parse(integration.remote_state, nullptr, false);
  json request = {{"routes", addresses(integration, *manifest)}};
  request["state"] = kept.is_object() ? kept.value("state", json()) : json();
  port::Call call("pb.remote/1:status", port::Message(request.dump()), Trace::make().traceparent(),
                  kStatusLimit);
  const auto result = co_await parts_.caller.call(id, std::move(call));
  // Who cannot say may still have to be registered again in time.
  if (result.code == Code::unsupported) co_return ends(integration.remote_state);
  if (result.code == Code::unauthenticated) unauthenticated(id, result.reason());
  const auto answer = json::parse(result.message.json, nullptr, false);
  if (!result.ok() || !answer.is_object()) co_return true;  // others tell of a provider that is away
  const auto status = text_at(answer, "status");
  if (status == "foreign") {
    // Never taken back by ourselves: two installations would take it from each other for ever.
    const Text words("lifecycle.foreign_now", {{"address", text_at(answer, "address")}});
    trouble(id, kDelivery, Code::conflict, words.kept());
  } else if (status == "none") {
    co_await register_again(id);
  } else if (const auto problem = plugin::text_of(*manifest, result.message.json, text_at(answer, "problem"));
             !problem.empty()) {
    trouble(id, kDelivery, Code::unavailable, problem.kept());
  } else if (status == "ours") {
    well(id, kDelivery);
  }
  co_return true;
}

asio::awaitable<void> Lifecycle::watch_health(Id id) {
  for (bool known = true; known;) {
    co_await parts_.clock.sleep(between(kFirst - kSoonest, kFirst));
    known = co_await look_at_health(id);
  }
}

// False: the plugin does not say, now or ever.
asio::awaitable<bool> Lifecycle::look_at_health(Id id) {
  port::Call call("pb.lifecycle/1:health", port::Message("{}"), Trace::make().traceparent(), kHealthLimit);
  const auto result = co_await parts_.caller.call(id, std::move(call));
  if (result.code == Code::unsupported) co_return false;
  const auto answer = json::parse(result.message.json, nullptr, false);
  if (!result.ok() || !answer.is_object()) co_return true;  // others tell of one that does not answer
  const auto status = text_at(answer, "status");
  const auto manifest = running(id);
  if (!manifest) co_return true;
  const auto words = plugin::text_of(*manifest, result.message.json, text_at(answer, "reason"));
  if (status == "degraded")
    trouble(id, kHealth, Code::unavailable, words.empty() ? Text("lifecycle.unwell").kept() : words.kept());
  else if (status == "ok")
    well(id, kHealth);
  co_return true;
}

// Idempotent at the provider, and not over somebody else's registration.
asio::awaitable<void> Lifecycle::register_again(Id id) {
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  if (integration.state != plugin::State::active && integration.state != plugin::State::degraded) co_return;
  std::optional<Error> failed;
  try {
    co_await register_remote(integration, false);
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) co_return trouble(id, kDelivery, failed->code(), failed->kept());
  parts_.logger.info("registered at the provider again", {{"integration", to_string_id(id)}});
  well(id, kDelivery);
}

}  // namespace patchbay::lifecycle
