#include "outbox/channels.hpp"

#include <tuple>

#include "plugin/integrations.hpp"
#include "plugin/pauses.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::outbox {

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
  Channel channel(open && manifest, manifest ? manifest->channel : std::string());
  if (!grants.empty()) channel.grant = grants.front().grant;
  channel.profile = found->profile;
  channel.paused_until = paused;
  co_return channel;
}

}  // namespace patchbay::outbox
