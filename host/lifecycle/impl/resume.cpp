// What happens to connected integrations without an administrator: the start of the host, reports from below.
#include <algorithm>

#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/lifecycle.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;
using plugin::State;

namespace {

constexpr Duration kStoreAway{1'000};

// "internal" says nothing, so the text's id stands for it.
std::string reason_code(const Error& error) {
  const auto& id = error.text().id();
  return error.code() == Code::internal && !id.empty() ? id : std::string(code_name(error.code()));
}

}  // namespace

asio::awaitable<void> Lifecycle::start() {
  auto all = [this](store::Session& session) { return table_.list(session, 0, 1'000'000); };
  co_await follow_others();  // what is changed from now on is seen
  const auto integrations = co_await parts_.store.read(std::move(all));
  for (const auto& integration : integrations) {
    const auto secrets = co_await read_secrets(integration.id);
    redact({}, secrets.values);
    if (!plugin::is_connected(integration.state)) continue;
    // Until its routes are mounted its provider is told to come again (HOOK-6).
    parts_.routes.close(integration.id, integration.plugin);
    try {
      const auto manifest = manifest_of(integration);
      if (secrets.damaged) throw Error(*secrets.damaged);
      auto shared = co_await route_secrets(integration, secrets.values);
      parts_.routes.mount(mount_of(integration, *manifest, std::move(shared)));
    } catch (const Error& error) {
      parts_.logger.error("routes cannot be mounted",
                          {{"integration", to_string_id(integration.id)}, {"error", error.what()}});
    }
    if (!owns(integration.id)) continue;
    set_waiting(integration.id, true);
    tasks_.spawn("resume integration", resume(integration.id));
  }
}

asio::awaitable<void> Lifecycle::resume(Id id) {
  for (bool resumed = false; !resumed;) {
    try {
      co_await try_resume(id);
      resumed = true;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      parts_.logger.warn("an integration is resumed later",
                         {{"integration", to_string_id(id)}, {"error", error.what()}});
    }
    if (!resumed) co_await parts_.clock.sleep(kStoreAway);
  }
}

asio::awaitable<void> Lifecycle::try_resume(Id id) {
  const auto held = co_await hold(id);
  if (!is_waiting(id) || !owns(id)) co_return;
  auto integration = co_await load(id);
  if (plugin::is_connected(integration.state)) co_await bring_back(std::move(integration));
}

asio::awaitable<void> Lifecycle::bring_back(Integration integration) {
  const auto id = integration.id;
  if (!owns(id)) {  // its own host does: it only has to hear of it
    co_await halt(id);
    if (const auto manifest = version_for(integration)) co_await open_routes(integration, manifest);
    co_return co_await save_state(std::move(integration));
  }
  set_waiting(id, true);
  const auto version = integration.version;
  std::optional<Error> failed;
  try {
    const auto manifest = version_for(integration);
    if (!manifest) throw plugin_missing(integration);
    co_await stop_listening(id);
    if (parts_.catalogue.is_disabled(integration.plugin)) {
      co_await halt(id);
      co_await open_routes(integration, manifest);
      throw Error(Code::unavailable, Text("plugin.disabled", {{"plugin", integration.plugin}}));
    }
    // It begins when this is over, and asks whether what was refused is taken by now.
    if (waiting_version(integration, manifest)) tasks_.spawn("upgrade", upgrade(id));
    integration = co_await adapted(integration, manifest);
    co_await serve(integration, manifest);
    set_waiting(id, false);
    if (integration.state != State::sign_in_again) {
      listen(integration, manifest);
      tasks_.spawn("register moved addresses", register_moved(id));
    }
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) co_return;
    failed = error;
  }
  const bool stays =
      !failed && (integration.state == State::active || integration.state == State::sign_in_again);
  if (stays && integration.version == version) co_return;
  if (!stays) {
    const bool sign_in = failed && failed->code() == Code::unauthenticated;
    integration.state = !failed ? State::active : sign_in ? State::sign_in_again : State::degraded;
    integration.reason_code = failed ? reason_code(*failed) : std::string();
    integration.reason_text = failed ? failed->kept() : std::string();
  }
  co_await save_state(std::move(integration));
}

// The supervisor goes on trying what did not come up at once.
asio::awaitable<void> Lifecycle::resume_late(Id id) {
  if (!owns(id)) co_return;
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  const bool late = is_waiting(id) && integration.state == State::degraded;
  if (!late && integration.state != State::quarantined) co_return;
  const auto manifest = manifest_of(integration);
  set_waiting(id, false);
  integration.state = State::active;
  integration.reason_code.clear();
  integration.reason_text.clear();
  co_await save_state(integration);
  listen(integration, manifest);
}

void Lifecycle::set_waiting(Id id, bool waiting) {
  const std::lock_guard lock(mutex_);
  if (waiting)
    waiting_.insert(id);
  else
    waiting_.erase(id);
}

bool Lifecycle::is_waiting(Id id) const {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(id);
}

asio::awaitable<void> Lifecycle::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  co_await tasks_.stop();
  co_await former_secrets_.stop();
  std::vector<Id> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, listening] : listening_) ids.push_back(id);
  }
  for (const auto id : ids) co_await stop_listening(id);
}

asio::awaitable<void> Lifecycle::change_state(Id id, Turn turn) {
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  // What was disconnected, quarantined or refused meanwhile stays so; nothing is written twice.
  if (std::find(turn.from.begin(), turn.from.end(), integration.state) == turn.from.end()) co_return;
  if (integration.state == turn.to && integration.reason_text == turn.text) co_return;
  integration.state = turn.to;
  integration.reason_code = std::move(turn.code);
  integration.reason_text = std::move(turn.text);
  co_await save_state(std::move(integration));
}

void Lifecycle::unauthenticated(Id id, std::string text) {
  Turn turn({State::active, State::degraded}, State::sign_in_again,
            std::string(code_name(Code::unauthenticated)), std::move(text));
  tasks_.spawn("sign in again", change_state(id, std::move(turn)));
}

void Lifecycle::quarantined(Id id, std::string reason) {
  Turn turn({State::active, State::degraded}, State::quarantined, "quarantined", std::move(reason));
  tasks_.spawn("quarantine", change_state(id, std::move(turn)));
}

void Lifecycle::trouble(Id id, const std::string& source, Code code, std::string text) {
  if (!owns(id)) return;  // nobody here would end it
  {
    const std::lock_guard lock(mutex_);
    troubles_[id][source] = {code, std::move(text)};
  }
  show_troubles(id);
}

void Lifecycle::well(Id id, const std::string& source) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = troubles_.find(id);
    if (found == troubles_.end() || found->second.erase(source) == 0) return;
  }
  show_troubles(id);
}

void Lifecycle::show_troubles(Id id) {
  Turn turn({State::degraded}, State::active, "", "");
  {
    const std::lock_guard lock(mutex_);
    const auto found = troubles_.find(id);
    if (found != troubles_.end() && !found->second.empty()) {
      const auto& [code, text] = found->second.begin()->second;
      turn = Turn({State::active, State::degraded}, State::degraded, std::string(code_name(code)), text);
    }
  }
  tasks_.spawn("show troubles", change_state(id, std::move(turn)));
}

void Lifecycle::came_up(Id id) {
  tasks_.spawn("resume late", resume_late(id));
}

}  // namespace patchbay::lifecycle
