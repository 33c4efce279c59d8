// What several hosts have to do with each other: who runs what, and what another host has changed (OPS-8).
#include <atomic>
#include <utility>

#include "lifecycle/impl/listening.hpp"
#include "lifecycle/lifecycle.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;

namespace {

constexpr Duration kStep{20};

}  // namespace

asio::awaitable<Lifecycle::Hold> Lifecycle::hold(Id id) {
  auto local = co_await locks_.lock(id);
  auto among = co_await parts_.peers.lock(id);
  co_return Hold(std::move(local), std::move(among));
}

void Lifecycle::gained(cluster::Partitions partitions) {
  tasks_.spawn("resume what this host works for now", resume_in(partitions));
}

asio::awaitable<void> Lifecycle::resume_in(cluster::Partitions partitions) {
  auto find = [this](store::Session& session) { return table_.connected(session); };
  const auto connected = co_await parts_.store.read(std::move(find));
  for (const auto& integration : connected) {
    if (!partitions.test(cluster::partition_of(integration.id))) continue;
    set_waiting(integration.id, true);
    tasks_.spawn("resume integration", resume(integration.id));
  }
}

// All at once: each may need some seconds to come to an end.
asio::awaitable<void> Lifecycle::leave(cluster::Partitions partitions) {
  auto find = [this](store::Session& session) { return table_.connected(session); };
  const auto connected = co_await parts_.store.read(std::move(find));
  const auto left = std::make_shared<std::atomic<int>>(0);
  for (const auto& integration : connected) {
    if (!partitions.test(cluster::partition_of(integration.id))) continue;
    ++*left;
    tasks_.spawn("leave an integration to another host", let_go(integration.id, left));
  }
  while (*left > 0) co_await parts_.clock.sleep(kStep);
}

asio::awaitable<void> Lifecycle::let_go(Id id, std::shared_ptr<std::atomic<int>> left) {
  // Also when it is broken off.
  const std::shared_ptr<void> count(nullptr, [left](void*) { --*left; });
  const auto held = co_await locks_.lock(id);
  set_waiting(id, false);
  co_await stop_listening(id);
  co_await halt(id);
}

asio::awaitable<void> Lifecycle::follow_others() {
  auto look = [this](store::Session& session) { return table_.revisions(session); };
  const auto rows = co_await parts_.store.read(std::move(look));
  std::vector<plugin::Revision> changed;
  {
    const std::lock_guard lock(mutex_);
    const bool first = !std::exchange(following_, true);
    for (const auto& row : rows) {
      auto& seen = revisions_.try_emplace(row.integration, -1).first->second;
      const bool news = seen != row.number && !first;
      seen = row.number;
      if (news && row.changed_by != parts_.peers.me()) changed.push_back(row);
    }
  }
  for (const auto& row : changed) {
    co_await follow_routes(row.integration, row.open);
    tasks_.spawn("follow another host", follow(row.integration));
  }
}

// The provider may hear of a route as soon as every host has it (HOOK-4).
asio::awaitable<void> Lifecycle::follow_routes(Id id, bool open) {
  if (!open) co_return parts_.routes.unmount(id);
  const auto integration = co_await load(id);
  std::optional<Error> failed;
  try {
    redact({}, co_await secrets_of(id));
    co_await open_routes(integration, manifest_of(integration));
  } catch (const Error& error) {
    failed = error;
  }
  if (!failed) co_return;
  if (failed->text().id() == "store.unavailable") throw Error(*failed);
  parts_.routes.close(id, integration.plugin);
  parts_.logger.error("routes cannot be mounted",
                      {{"integration", to_string_id(id)}, {"error", failed->what()}});
}

asio::awaitable<void> Lifecycle::follow(Id id) {
  const auto held = co_await hold(id);
  if (!owns(id)) co_return;
  auto integration = co_await load(id);
  if (plugin::is_connected(integration.state)) co_return co_await bring_back(std::move(integration));
  set_waiting(id, false);
  co_await stop_listening(id);
  co_await halt(id);
}

}  // namespace patchbay::lifecycle
