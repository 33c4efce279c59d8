#include "app/impl/business.hpp"

#include "domain/processes/create_case.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

Business::Business(const Parts& parts)
    : settings(parts.store, parts.clock, parts.ids, parts.logger, [this] { router.wake(); }),
      router(router_parts(parts)),
      queues(parts.store, parts.clock, parts.ids, [this] { router.wake(); }),
      search(parts.store, parts.clock, parts.ids),
      quick_replies(parts.store, parts.clock, parts.ids),
      access(parts.store, parts.clock, parts.ids),
      sessions({parts.store, parts.clock, parts.ids, passwords, parts.logger}),
      objects(parts.store, parts.clock, parts.ids, parts.logger),
      record_tools(objects, parts.clock, parts.ids),
      records(parts.store, record_tools),
      contacts(records, record_tools),
      processes(process_parts(parts)) {
  processes.add(domain::processes::create_case_from_chat(record_tools));
}

domain::processes::Processes::Parts Business::process_parts(const Parts& parts) {
  domain::processes::Processes::Parts out(parts.executor, parts.clock, parts.ids, parts.store, parts.logger);
  out.vault = parts.vault;
  out.http = parts.http;
  out.opened = parts.opened;
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
  co_await objects.prepare();
  tasks.spawn("write keys of records", objects.run());
  processes.start();
}

asio::awaitable<void> Business::stop() {
  co_await router.stop();
  co_await processes.stop();
}

BusinessApi::BusinessApi(Business& business, const Clock& clock, const std::string& site_url)
    : people_(business.access),
      session_(business.sessions, clock, site_url),
      settings_(business.settings),
      queues_(business.queues),
      desk_(business.router),
      messages_(business.search),
      quick_replies_(business.quick_replies, business.router),
      objects_(business.objects),
      records_(business.records),
      processes_(business.processes) {}

void BusinessApi::add_to(web::Router& router) {
  people_.add_to(router);
  session_.add_to(router);
  settings_.add_to(router);
  queues_.add_to(router);
  desk_.add_to(router);
  messages_.add_to(router);
  quick_replies_.add_to(router);
  objects_.add_to(router);
  records_.add_to(router);
  processes_.add_to(router);
}

}  // namespace patchbay::app
