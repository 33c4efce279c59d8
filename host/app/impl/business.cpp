#include "app/impl/business.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

Business::Business(const Parts& parts)
    : settings(settings_parts(parts)),
      router(router_parts(parts)),
      queues(parts.store, parts.clock, parts.ids, [this] { router.wake(); }),
      search(parts.store, parts.clock, parts.ids),
      quick_replies(parts.store, parts.clock, parts.ids),
      access(parts.store, parts.clock, parts.ids),
      sessions({parts.store, parts.clock, parts.ids, passwords, parts.logger}),
      open_id(open_id_parts(parts)) {}

domain::settings::Settings::Parts Business::settings_parts(const Parts& parts) {
  domain::settings::Settings::Parts out(parts.store, parts.clock, parts.ids, parts.vault, parts.logger);
  out.changed = [this, told = parts.settings_changed] {
    router.wake();
    if (told) told();
  };
  return out;
}

domain::access::OpenId::Parts Business::open_id_parts(const Parts& parts) {
  return {parts.executor,  parts.clock,     parts.ids, parts.store, parts.vault,  *parts.http,
          *parts.redactor, *parts.key_sets, sessions,  settings,    parts.opened, parts.logger};
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

void Business::start(TaskScope& tasks) {
  tasks.spawn("follow settings", settings.follow());
  router.start();
}

asio::awaitable<void> Business::stop() {
  co_await router.stop();
}

BusinessApi::BusinessApi(Business& business, const Business::Parts& parts, const SiteAddress& site,
                         const std::function<std::string()>& address)
    : people_(business.access),
      session_({business.sessions, business.open_id, parts.clock, site, address}),
      open_id_page_({business.open_id, parts.clock, site, address}),
      settings_(business.settings, parts.store, parts.clock, parts.ids),
      queues_(business.queues),
      desk_(business.router),
      messages_(business.search),
      quick_replies_(business.quick_replies, business.router) {}

void BusinessApi::add_to(web::Router& router) {
  people_.add_to(router);
  session_.add_to(router);
  router.mount("/sign-in/", open_id_page_);
  settings_.add_to(router);
  queues_.add_to(router);
  desk_.add_to(router);
  messages_.add_to(router);
  quick_replies_.add_to(router);
}

}  // namespace patchbay::app
