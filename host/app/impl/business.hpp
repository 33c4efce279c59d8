#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/site_address.hpp"
#include "base/task_scope.hpp"
#include "domain/access/access.hpp"
#include "domain/access/open_id.hpp"
#include "domain/access/sessions.hpp"
#include "domain/chat/chat_actions.hpp"
#include "domain/chat/client_contacts.hpp"
#include "domain/chat/quick_replies.hpp"
#include "domain/chat/search.hpp"
#include "domain/figures/figures.hpp"
#include "domain/notifications/notifications.hpp"
#include "domain/processes/processes.hpp"
#include "domain/records/contacts.hpp"
#include "domain/records/records.hpp"
#include "domain/routing/queues.hpp"
#include "domain/routing/router.hpp"
#include "domain/settings/settings.hpp"
#include "domain/subscriptions/subscriptions.hpp"
#include "log/log.hpp"
#include "plugin/integration.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"
#include "web/api/audit.hpp"
#include "web/api/chat_actions.hpp"
#include "web/api/desk.hpp"
#include "web/api/figures.hpp"
#include "web/api/messages.hpp"
#include "web/api/notifications.hpp"
#include "web/api/objects.hpp"
#include "web/api/people.hpp"
#include "web/api/processes.hpp"
#include "web/api/queues.hpp"
#include "web/api/quick_replies.hpp"
#include "web/api/records.hpp"
#include "web/api/session.hpp"
#include "web/api/settings.hpp"
#include "web/api/subscriptions.hpp"
#include "web/open_id_page.hpp"

namespace patchbay::app {

// The parts of the domain that know no plugin: people, their rights, settings, who gets a chat. A part of
// Modules.
class Business {
 public:
  struct Parts {
    Parts(boost::asio::any_io_executor e, Clock& c, IdMint& i, store::Store& s, vault::Vault& v,
          log::Logger l)
        : executor(std::move(e)), clock(c), ids(i), store(s), vault(v), logger(std::move(l)) {}
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    vault::Vault& vault;
    log::Logger logger;
    metrics::Registry* metrics = nullptr;    // never null
    std::function<void()> settings_changed;  // at once, on any thread
    std::function<std::vector<domain::settings::Definition>()> plugin_settings;
    std::function<std::vector<domain::processes::Process>()> plugin_processes;
    plugin::Caller* caller = nullptr;
    // For signing in at an identity server, processes and subscriptions.
    net::HttpClient* http = nullptr;
    log::Redactor* redactor = nullptr;
    hooks::KeySets* key_sets = nullptr;
    std::function<std::vector<std::string>()> opened;
  };
  explicit Business(const Parts& parts);

  // The settings have been read before.
  boost::asio::awaitable<void> start(TaskScope& tasks);
  boost::asio::awaitable<void> stop();
  // An integration needs a person (lifecycle): whoever manages plugins is told.
  void tell_of_trouble(store::Session& session, const plugin::Integration& integration);

  domain::settings::Settings settings;
  domain::routing::Router router;
  domain::routing::Queues queues;
  domain::figures::Figures figures;
  domain::chat::Search search;
  domain::chat::QuickReplies quick_replies;
  domain::access::Access access;
  vault::Passwords passwords;
  domain::access::Sessions sessions;
  domain::access::OpenId open_id;
  domain::records::Objects objects;
  domain::records::Tools record_tools;
  domain::records::Records records;
  domain::records::Contacts contacts;
  domain::chat::ClientContacts client_contacts;
  domain::processes::Processes processes;
  domain::subscriptions::Subscriptions subscriptions;
  domain::chat::ChatActions chat_actions;
  domain::notifications::Notifications notifications;

 private:
  domain::settings::Settings::Parts settings_parts(const Parts& parts);
  domain::access::OpenId::Parts open_id_parts(const Parts& parts);
  domain::routing::Terms routing_terms() const;
  domain::routing::Router::Parts router_parts(const Parts& parts);
  domain::chat::ClientContacts::Parts client_contacts_parts(const Parts& parts);
  // For what calls addresses outside.
  template <class Caller>
  static typename Caller::Parts caller_parts(const Parts& parts);
  static domain::processes::Processes::Parts process_parts(const Parts& parts);

  Clock& clock_;
  IdMint& ids_;
};

// How long clients waited for people, by queue: a histogram of seconds to hours.
metrics::Definition waiting_metric(const char* name, const char* help);

// What of it is served.
class BusinessApi {
 public:
  // `address`: the public one, or what the listener has.
  BusinessApi(Business& business, const Business::Parts& parts, const SiteAddress& site,
              const std::function<std::string()>& address);
  void add_to(web::Router& router);

 private:
  web::PeopleApi people_;
  web::SessionApi session_;
  web::OpenIdPage open_id_page_;
  web::SettingsApi settings_;
  web::QueuesApi queues_;
  web::FiguresApi figures_;
  web::DeskApi desk_;
  web::MessagesApi messages_;
  web::QuickRepliesApi quick_replies_;
  web::ObjectsApi objects_;
  web::RecordsApi records_;
  web::ProcessesApi processes_;
  web::SubscriptionsApi subscriptions_;
  web::ChatActionsApi chat_actions_;
  web::NotificationsApi notifications_;
  web::AuditApi audit_;
};

}  // namespace patchbay::app
