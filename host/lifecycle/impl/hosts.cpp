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
constexpr Duration kStoreAway{1'000};
constexpr Duration kOthersKnow{2'000};  // of a setting: within a second, and time to mount

}  // namespace

asio::awaitable<Lifecycle::Hold> Lifecycle::hold(Id id) {
  auto local = co_await locks_.lock(id);
  auto among = co_await parts_.peers.lock(id);
  co_return Hold(std::move(local), std::move(among));
}

void Lifecycle::gained(cluster::Partitions partitions) {
  tasks_.spawn("resume what this host works for now", resume_in(partitions));
}

// The store is asked until it answers: who owns something must run it.
asio::awaitable<std::vector<Integration>> Lifecycle::connected_ones() {
  for (;;) {
    try {
      auto find = [this](store::Session& session) { return table_.connected(session); };
      co_return co_await parts_.store.read(std::move(find));
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      parts_.logger.warn("what is connected cannot be read; it is tried again", {{"error", error.what()}});
    }
    co_await parts_.clock.sleep(kStoreAway);
  }
}

asio::awaitable<void> Lifecycle::resume_in(cluster::Partitions partitions) {
  const auto connected = co_await connected_ones();
  for (const auto& integration : connected) {
    if (!partitions.test(cluster::partition_of(integration.id))) continue;
    set_waiting(integration.id, true);
    tasks_.spawn("resume integration", resume(integration.id));
  }
}

// All at once: each may need some seconds to come to an end.
asio::awaitable<void> Lifecycle::leave(cluster::Partitions partitions) {
  const auto connected = co_await connected_ones();
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
  const bool first = !std::exchange(following_, true);
  for (const auto& row : rows) {
    if (is_news(row) && !first && row.changed_by != parts_.peers.me()) {
      co_await follow_routes(row.integration, row.open);
      tasks_.spawn("follow another host", follow(row.integration));
    }
    // Only now: what fails is news again at the next look, and nobody counts it as seen.
    const std::lock_guard lock(mutex_);
    revisions_[row.integration] = row.number;
  }
}

bool Lifecycle::is_news(const plugin::Revision& row) const {
  const std::lock_guard lock(mutex_);
  const auto seen = revisions_.find(row.integration);
  return seen == revisions_.end() || seen->second != row.number;
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

asio::awaitable<void> Lifecycle::move_routes(Id id) {
  for (bool moved = false; !moved;) {
    try {
      const auto held = co_await hold(id);
      const auto integration = co_await load(id);
      if (plugin::is_connected(integration.state)) co_await follow_routes(id, true);
      moved = true;
    } catch (const Error& error) {
      if (error.code() == Code::not_found) co_return;  // removed meanwhile
      if (error.code() != Code::unavailable) throw;
    }
    if (!moved) co_await parts_.clock.sleep(kStoreAway);
  }
}

asio::awaitable<void> Lifecycle::site_moved() {
  const auto connected = co_await connected_ones();
  for (const auto& integration : connected) co_await move_routes(integration.id);
  co_await parts_.clock.sleep(kOthersKnow);
  for (const auto& integration : connected) {
    if (owns(integration.id)) tasks_.spawn("follow the public address", follow(integration.id));
  }
}

asio::awaitable<void> Lifecycle::settings_changed(std::string plugin) {
  const auto connected = co_await connected_ones();
  for (const auto& integration : connected) {
    if (integration.plugin == plugin && owns(integration.id))
      tasks_.spawn("tell an integration its settings", follow(integration.id));
  }
}

asio::awaitable<void> Lifecycle::follow(Id id) {
  for (bool followed = false; !followed;) {
    try {
      co_await try_follow(id);
      followed = true;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      parts_.logger.warn("what another host has changed is followed later",
                         {{"integration", to_string_id(id)}, {"error", error.what()}});
    }
    if (!followed) co_await parts_.clock.sleep(kStoreAway);
  }
}

asio::awaitable<void> Lifecycle::try_follow(Id id) {
  const auto held = co_await hold(id);
  if (!owns(id)) co_return co_await end_lending(id);  // lent anew when it is wanted
  auto integration = co_await load(id);
  if (plugin::is_connected(integration.state)) co_return co_await bring_back(std::move(integration));
  set_waiting(id, false);
  co_await stop_listening(id);
  co_await halt(id);
}

asio::awaitable<bool> Lifecycle::lend(Id id) {
  const auto held = co_await hold(id);
  {
    const std::lock_guard lock(mutex_);
    if (lent_.contains(id)) co_return true;
  }
  try {
    const auto integration = co_await load(id);
    const auto manifest = manifest_of(integration);
    const bool fits = plugin::is_connected(integration.state) && integration.version == manifest->version;
    if (!fits || owns(id) || parts_.catalogue.is_disabled(manifest->id)) co_return owns(id);
    auto spec = co_await spec_of(integration, manifest, false);
    co_await parts_.runner.run(std::move(spec));
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    parts_.logger.warn("an integration of another host cannot be lent",
                       {{"integration", to_string_id(id)}, {"error", error.what()}});
    co_return false;
  }
  const std::lock_guard lock(mutex_);
  lent_.insert(id);
  co_return true;
}

asio::awaitable<void> Lifecycle::give_back(Id id) {
  const auto held = co_await hold(id);
  co_await end_lending(id);
}

asio::awaitable<void> Lifecycle::end_lending(Id id) {
  {
    const std::lock_guard lock(mutex_);
    if (lent_.erase(id) == 0) co_return;
  }
  if (!owns(id)) co_await parts_.runner.halt(id);
}

}  // namespace patchbay::lifecycle
