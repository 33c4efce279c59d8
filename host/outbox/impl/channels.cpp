#include "outbox/channels.hpp"

#include "plugin/integrations.hpp"

namespace patchbay::outbox {

boost::asio::awaitable<std::optional<Channel>> PluginChannels::find(Id integration) {
  auto work = [integration](store::Session& session) {
    return plugin::Integrations().find(session, integration);
  };
  const auto found = co_await store_.read(std::move(work));
  if (!found) co_return std::nullopt;
  const auto manifest = catalogue_.find(found->plugin);
  const bool open = found->state == plugin::State::active || found->state == plugin::State::degraded;
  co_return Channel(open && manifest, manifest ? manifest->channel : std::string());
}

}  // namespace patchbay::outbox
