#include <algorithm>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "base/between.hpp"
#include "base/trace.hpp"
#include "lifecycle/impl/listening.hpp"
#include "lifecycle/lifecycle.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr Duration kFirstDelay = 1s;
constexpr Duration kLongestDelay = 60s;
// A listener that has stayed open for so long has got over what was wrong.
constexpr Duration kSteady = 15s;

}  // namespace

void Lifecycle::listen(const Integration& integration, std::shared_ptr<const plugin::Manifest> manifest) {
  const auto id = integration.id;
  const auto listening =
      std::make_shared<Listening>(parts_.executor, [this, id](const std::string& name, std::exception_ptr) {
        parts_.logger.error("listener failed", {{"integration", to_string_id(id)}, {"listener", name}});
      });
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !listening_.emplace(id, listening).second) return;
  }
  const auto settings = json::parse(integration.settings);
  for (const auto& listener : manifest->listeners) {
    if (plugin::holds(listener.when, settings))
      listening->tasks.spawn(listener.id, listen_loop(id, listener.id));
  }
  if (offers(*manifest, "pb.remote/1")) listening->tasks.spawn("watch delivery", watch_delivery(id));
  listening->tasks.spawn("watch health", watch_health(id));
  parts_.jobs.begin(integration, std::move(manifest));
}

asio::awaitable<void> Lifecycle::stop_listening(Id id) {
  std::shared_ptr<Listening> listening;
  {
    const std::lock_guard lock(mutex_);
    leases_.erase(id);
    troubles_.erase(id);
    if (const auto found = listening_.find(id); found != listening_.end()) {
      listening = std::move(found->second);
      listening_.erase(found);
    }
  }
  co_await parts_.jobs.end(id);
  if (listening) co_await listening->tasks.stop();
}

bool Lifecycle::holds_lease(Id id, std::int64_t lease) const {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(id);
  if (found == leases_.end()) return false;
  const auto holds = [lease](const auto& held) { return held.second == lease; };
  return std::any_of(found->second.begin(), found->second.end(), holds);
}

asio::awaitable<void> Lifecycle::listen_loop(Id id, std::string listener) {
  auto delay = kFirstDelay;
  for (;;) {
    const auto lease = parts_.ids.next();
    {
      const std::lock_guard lock(mutex_);
      leases_[id][listener] = lease;
    }
    const json request = {{"listener", listener}, {"lease", lease}};
    port::Call call("pb.listen/1:run", port::Message(request.dump()), Trace::make().traceparent());
    const auto began = parts_.clock.monotonic();
    auto steady = parts_.clock.after(parts_.executor, kSteady,
                                     [this, id, listener] { well(id, "listener " + listener); });
    const auto result = co_await parts_.caller.call(id, std::move(call));
    steady.reset();
    if (parts_.clock.monotonic() - began > kSteady) delay = kFirstDelay;
    const bool again = co_await after_listening(id, listener, result);
    if (!again) co_return;
    // Those of a worker that has ended do not all come back at the same moment (N9).
    const auto wait = std::max(delay, result.retry_after);
    const auto off = between(Duration{0}, delay / 4);
    const auto spread = wait > delay ? wait + off : wait - off;
    co_await parts_.clock.sleep(spread);
    delay = std::min(delay * 2, kLongestDelay);
  }
}

asio::awaitable<bool> Lifecycle::after_listening(Id id, std::string listener, port::Result result) {
  if (result.code == Code::unauthenticated) {
    unauthenticated(id, result.reason());
    co_return false;
  }
  parts_.logger.warn("listener ended", {{"integration", to_string_id(id)},
                                        {"code", std::string(code_name(result.code))},
                                        {"error", result.text}});
  const bool worth_showing = result.code == Code::conflict || result.code == Code::denied ||
                             result.code == Code::invalid || result.code == Code::unavailable ||
                             result.code == Code::internal;
  // Not again before it is connected anew: each time costs the others of its worker (HOST-5).
  if (result.poison) {
    trouble(id, "listener " + listener, result.code, result.reason());
    co_return false;
  }
  if (worth_showing) trouble(id, "listener " + listener, result.code, result.reason());
  co_return true;
}

}  // namespace patchbay::lifecycle
