// The order of stopping, in one place: first nothing new comes in, then what runs ends, then what it needs.
#include "app/impl/modules.hpp"
#include "cli/api_client.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kRequests{5'000};  // for HTTP requests that run
constexpr Duration kSends{3'000};     // for answers of providers

}  // namespace

asio::awaitable<void> Modules::stop() {
  std::error_code ignored;
  std::filesystem::remove(cli::address_file(config), ignored);
  stopping_ = true;
  if (membership) membership->quiesce();
  catalogue.unwatch();
  if (secure_listener) co_await secure_listener->server().stop(kRequests);
  co_await server.stop(kRequests);
  co_await scheduler.stop();
  co_await sign_ins.stop();
  co_await credentials.stop();
  co_await lifecycle.stop();
  co_await profile_routes.stop();
  co_await dispatcher.stop();
  co_await outbox.stop(kSends);
  co_await attachments.stop();
  co_await greeter.stop();
  co_await business.stop();
  co_await fleet.stop();
  co_await services.stop();
  co_await feed.stop();
  co_await topics.stop();
  co_await oauth_tokens.stop();
  co_await tasks.stop();
  co_await health_board.stop();
  effects.stop();
  inbox_committer.stop();
  if (membership) co_await membership->stop();
}

}  // namespace patchbay::app
