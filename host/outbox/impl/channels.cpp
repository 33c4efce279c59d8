#include "outbox/channels.hpp"

#include <tuple>

#include <nlohmann/json.hpp>

#include "plugin/integrations.hpp"
#include "plugin/pauses.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::outbox {

using nlohmann::json;

std::string with_own_files(const std::string& manifest, const std::string& settings) {
  auto channel = json::parse(manifest, nullptr, false);
  const auto own = json::parse(settings, nullptr, false);
  const auto pointer = channel.is_object() ? channel.find("files_setting") : channel.end();
  if (!channel.is_object() || pointer == channel.end() || !pointer->is_string()) return manifest;
  const json::json_pointer at(pointer->get<std::string>());
  if (!own.is_object() || !own.contains(at) || !own.at(at).is_object() || own.at(at).empty()) return manifest;
  channel["limits"]["files"] = own.at(at);
  return channel.dump();
}

boost::asio::awaitable<std::optional<Channel>> PluginChannels::find(Id integration) {
  auto work = [integration, now = clock_.now().time_since_epoch().count()](store::Session& session) {
    return std::tuple(plugin::Integrations().find(session, integration),
                      plugin::used_grants(session, integration),
                      plugin::paused_until(session, integration, now));
  };
  const auto [found, grants, paused] = co_await store_.read(std::move(work));
  if (!found) co_return std::nullopt;
  const auto manifest = catalogue_.find(found->plugin);
  const bool open = found->state == plugin::State::active || found->state == plugin::State::degraded;
  Channel channel(open && manifest, manifest ? with_own_files(manifest->channel, found->settings) : "");
  if (!grants.empty()) channel.grant = grants.front().grant;
  channel.profile = found->profile;
  channel.paused_until = paused;
  co_return channel;
}

}  // namespace patchbay::outbox
