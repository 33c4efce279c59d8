#include "app/impl/business.hpp"

#include "domain/processes/create_case.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

metrics::Definition waiting_metric(const char* name, const char* help) {
  metrics::Definition out(metrics::Kind::histogram, name, help, {"queue"});
  out.buckets = {5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14'400};
  return out;
}

template <class Caller>
typename Caller::Parts Business::caller_parts(const Parts& parts) {
  typename Caller::Parts out(parts.executor, parts.clock, parts.ids, parts.store, parts.logger);
  out.vault = &parts.vault;
  out.http = parts.http;
  out.opened = parts.opened;
  return out;
}

Business::Business(const Parts& parts)
    : settings(settings_parts(parts)),
      router(router_parts(parts)),
      queues(parts.store, parts.clock, parts.ids, [this] { router.wake(); }),
      figures(parts.store),
      search(parts.store, parts.clock, parts.ids),
      quick_replies(parts.store, parts.clock, parts.ids),
      access(parts.store, parts.clock, parts.ids),
      sessions({parts.store, parts.clock, parts.ids, passwords, parts.logger}),
      open_id(open_id_parts(parts)),
      objects(parts.store, parts.clock, parts.ids, parts.logger),
      record_tools(objects, parts.clock, parts.ids),
      records(parts.store, record_tools),
      contacts(records, record_tools),
      client_contacts(client_contacts_parts(parts)),
      processes(process_parts(parts)),
      subscriptions(caller_parts<domain::subscriptions::Subscriptions>(parts)),
      chat_actions(parts.store, parts.clock, parts.ids, processes),
      notifications(parts.store),
      clock_(parts.clock),
      ids_(parts.ids) {
  record_tools.home = [this] {
    return domain::records::dialling_in(settings.text("HomeCountry")).value_or(domain::records::Dialling());
  };
  processes.add(
      domain::processes::create_case_from_chat(record_tools, records, [this] { return routing_terms(); }));
}

domain::settings::Settings::Parts Business::settings_parts(const Parts& parts) {
  domain::settings::Settings::Parts out(parts.store, parts.clock, parts.ids, parts.vault, parts.logger);
  out.of_plugins = parts.plugin_settings;
  out.changed = [this, told = parts.settings_changed] {
    router.wake();
    if (told) told();
  };
  return out;
}

domain::processes::Processes::Parts Business::process_parts(const Parts& parts) {
  auto out = caller_parts<domain::processes::Processes>(parts);
  out.caller = parts.caller;
  out.of_plugins = parts.plugin_processes;
  return out;
}

domain::access::OpenId::Parts Business::open_id_parts(const Parts& parts) {
  return {parts.executor,  parts.clock,     parts.ids, parts.store, parts.vault,  *parts.http,
          *parts.redactor, *parts.key_sets, sessions,  settings,    parts.opened, parts.logger};
}

domain::routing::Terms Business::routing_terms() const {
  domain::routing::Terms terms;
  terms.chats = static_cast<std::size_t>(settings.number("SimultaneousChats"));
  terms.accept_within = Duration(settings.number("OmniChatOperatorAcceptChatTimeout") * 60'000);
  return terms;
}

domain::routing::Router::Parts Business::router_parts(const Parts& parts) {
  domain::routing::Router::Parts out(parts.executor, parts.clock, parts.ids, parts.store, parts.logger);
  out.terms = [this] { return routing_terms(); };
  out.accepted = parts.metrics->define(
      waiting_metric("patchbay_chat_accept_seconds", "How long clients waited until an operator accepted"));
  out.missed = parts.metrics->define(
      metrics::Definition(metrics::Kind::counter, "patchbay_chat_offers_missed_total",
                          "Chats that their operator did not accept in time", {"queue"}));
  return out;
}

domain::chat::ClientContacts::Parts Business::client_contacts_parts(const Parts& parts) {
  domain::chat::ClientContacts::Parts out(parts.store, parts.clock, parts.ids, records, contacts);
  out.creates = [this] { return settings.yes("OmniChatCreateContact"); };
  out.logger = parts.logger;
  return out;
}

asio::awaitable<void> Business::start(TaskScope& tasks) {
  tasks.spawn("follow settings", settings.follow());
  router.start();
  co_await objects.prepare();
  tasks.spawn("write keys of records", objects.run());
  processes.start();
  co_await subscriptions.start();
}

asio::awaitable<void> Business::stop() {
  co_await router.stop();
  co_await processes.stop();
  co_await subscriptions.stop();
}

void Business::tell_of_trouble(store::Session& session, const plugin::Integration& integration) {
  const bool sign_in = integration.state == plugin::State::sign_in_again;
  const Text words(sign_in ? "app.sign_in_again" : "app.quarantined",
                   {{"name", integration.name}, {"reason", integration.reason_text}});
  domain::notifications::notify_in(session, ids_, clock_.now(),
                                   domain::notifications::who_may(session, "CanManagePlugins"),
                                   {sign_in ? "integration.sign_in_again" : "integration.quarantined", words,
                                    "/integrations/" + to_string_id(integration.id)});
}

namespace {

web::SessionApi::Parts session_parts(Business& business, const Business::Parts& parts,
                                     const SiteAddress& site, const std::function<std::string()>& address) {
  web::SessionApi::Parts out(business.sessions, business.open_id, parts.clock, site, address);
  out.chats = &business.router;
  return out;
}

}  // namespace

BusinessApi::BusinessApi(Business& business, const Business::Parts& parts, const SiteAddress& site,
                         const std::function<std::string()>& address)
    : people_(business.access),
      session_(session_parts(business, parts, site, address)),
      open_id_page_({business.open_id, parts.clock, site, address}),
      settings_(business.settings, parts.store, parts.clock, parts.ids),
      queues_(business.queues),
      figures_(business.figures, parts.clock),
      desk_(business.router),
      messages_(business.search),
      quick_replies_(business.quick_replies, business.router),
      objects_(business.objects),
      records_(business.records),
      processes_(business.processes),
      subscriptions_(business.subscriptions),
      chat_actions_(business.chat_actions, business.router),
      notifications_(business.notifications),
      audit_(parts.store) {}

void BusinessApi::add_to(web::Router& router) {
  people_.add_to(router);
  session_.add_to(router);
  router.mount("/sign-in/", open_id_page_);
  settings_.add_to(router);
  queues_.add_to(router);
  figures_.add_to(router);
  desk_.add_to(router);
  messages_.add_to(router);
  quick_replies_.add_to(router);
  objects_.add_to(router);
  records_.add_to(router);
  processes_.add_to(router);
  subscriptions_.add_to(router);
  chat_actions_.add_to(router);
  notifications_.add_to(router);
  audit_.add_to(router);
}

}  // namespace patchbay::app
