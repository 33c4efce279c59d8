#include "outbox/channels.hpp"

#include "plugin/integrations.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::outbox {

boost::asio::awaitable<std::optional<Channel>> PluginChannels::find(Id integration) {
  auto work = [integration](store::Session& session) {
    return std::pair(plugin::Integrations().find(session, integration),
                     plugin::used_grants(session, integration));
  };
  const auto [found, grants] = co_await store_.read(std::move(work));
  if (!found) co_return std::nullopt;
  const auto manifest = catalogue_.find(found->plugin);
  const bool open = found->state == plugin::State::active || found->state == plugin::State::degraded;
  Channel channel(open && manifest, manifest ? manifest->channel : std::string());
  if (!grants.empty()) channel.grant = grants.front().grant;
  channel.profile = found->profile;
  co_return channel;
}

}  // namespace patchbay::outbox
