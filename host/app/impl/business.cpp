#include "app/impl/business.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

Business::Business(const Parts& parts)
    : settings(settings_parts(parts)),
      router(router_parts(parts)),
      queues(parts.store, parts.clock, parts.ids, [this] { router.wake(); }),
      access(parts.store, parts.clock, parts.ids),
      sessions({parts.store, parts.clock, parts.ids, passwords, parts.logger}) {}

domain::settings::Settings::Parts Business::settings_parts(const Parts& parts) {
  domain::settings::Settings::Parts out(parts.store, parts.clock, parts.ids, parts.vault, parts.logger);
  out.changed = [this] { router.wake(); };
  return out;
}

domain::routing::Router::Parts Business::router_parts(const Parts& parts) {
  domain::routing::Router::Parts out(parts.executor, parts.clock, parts.ids, parts.store, parts.logger);
  out.terms = [this] {
    domain::routing::Terms terms;
    terms.chats = static_cast<std::size_t>(settings.number("SimultaneousChats"));
    terms.accept_within = Duration(settings.number("OmniChatOperatorAcceptChatTimeout") * 60'000);
    return terms;
  };
  return out;
}

asio::awaitable<void> Business::start(TaskScope& tasks) {
  co_await settings.read();
  tasks.spawn("follow settings", settings.follow());
  router.start();
}

asio::awaitable<void> Business::stop() {
  co_await router.stop();
}

BusinessApi::BusinessApi(Business& business, const Business::Parts& parts, const std::string& site_url)
    : people_(business.access),
      session_(business.sessions, parts.clock, site_url),
      settings_(business.settings, parts.store, parts.clock, parts.ids),
      queues_(business.queues),
      desk_(business.router) {}

void BusinessApi::add_to(web::Router& router) {
  people_.add_to(router);
  session_.add_to(router);
  settings_.add_to(router);
  queues_.add_to(router);
  desk_.add_to(router);
}

}  // namespace patchbay::app
