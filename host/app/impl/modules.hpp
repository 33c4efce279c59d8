#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "app/impl/business.hpp"
#include "app/impl/declared.hpp"
#include "app/impl/figures.hpp"
#include "app/impl/instances.hpp"
#include "app/impl/secure_listener.hpp"
#include "app/impl/store_probe.hpp"
#include "app/impl/upkeep.hpp"
#include "app/impl/verb_checker.hpp"
#include "base/site_address.hpp"
#include "base/task_scope.hpp"
#include "cluster/membership.hpp"
#include "config/config.hpp"
#include "domain/chat/attachment_fetcher.hpp"
#include "domain/chat/chat_sink.hpp"
#include "domain/chat/chats.hpp"
#include "domain/chat/deliveries.hpp"
#include "domain/chat/greeter.hpp"
#include "hooks/dispatcher.hpp"
#include "hooks/effect_committer.hpp"
#include "hooks/inbox.hpp"
#include "hooks/inbox_committer.hpp"
#include "hooks/ingress.hpp"
#include "hooks/session_door.hpp"
#include "hooks/session_tokens.hpp"
#include "jobs/jobs.hpp"
#include "jobs/scheduler.hpp"
#include "lifecycle/credentials.hpp"
#include "lifecycle/lifecycle.hpp"
#include "lifecycle/portable.hpp"
#include "lifecycle/profile_routes.hpp"
#include "live/feed.hpp"
#include "live/topics.hpp"
#include "metrics/registry.hpp"
#include "net/dns.hpp"
#include "net/http.hpp"
#include "oauth/sign_ins.hpp"
#include "oauth/tokens.hpp"
#include "outbox/channels.hpp"
#include "outbox/dispatcher.hpp"
#include "plugin/host_key.hpp"
#include "plugin/services.hpp"
#include "store/host_lock.hpp"
#include "store/notices.hpp"
#include "web/api/chats.hpp"
#include "web/api/files.hpp"
#include "web/api/grants.hpp"
#include "web/api/health.hpp"
#include "web/api/hosts.hpp"
#include "web/api/inbox.hpp"
#include "web/api/integrations.hpp"
#include "web/api/jobs.hpp"
#include "web/api/live.hpp"
#include "web/api/plugins.hpp"
#include "web/api/profiles.hpp"
#include "web/api/secrets.hpp"
#include "web/api/setup.hpp"
#include "web/api/tokens.hpp"
#include "web/console_files.hpp"
#include "web/event_streams.hpp"
#include "web/gate.hpp"
#include "web/health.hpp"
#include "web/hooks_adapter.hpp"
#include "web/http_server.hpp"
#include "web/linked_files.hpp"
#include "web/plugin_files.hpp"
#include "web/router.hpp"
#include "web/sign_in_page.hpp"
#include "web/tokens.hpp"

namespace patchbay::app {

// Every module of one host, wired once, in the order of who needs whom; destroyed the other way round. What
// is here is wiring only.
class Modules {
 public:
  // Opens store and vault: blocks, and throws Error as serve() says.
  Modules(const config::Config& config_, boost::asio::io_context& io_, log::Logger logger_,
          log::Redactor& redactor_);
  ~Modules();

  // Mounts routes, starts instances and dispatchers, opens the listener.
  boost::asio::awaitable<void> start();
  // The one place where the order of stopping is written down (stop.cpp).
  boost::asio::awaitable<void> stop();
  // Reads the configuration again and applies what can be applied to a host that runs (OPS-5); says in the
  // log what cannot. A file that cannot be used changes nothing (reload.cpp).
  void reload();

  const config::Config& config;
  boost::asio::io_context& io;
  log::Logger logger;
  log::Redactor& redactor;
  SystemClock clock;
  const TimePoint started = clock.now();
  SiteAddress site;
  TaskScope tasks;

  store::HostLock lock;
  std::unique_ptr<store::Store> store;
  StoreProbe store_probe;
  std::unique_ptr<vault::Vault> vault;
  std::uint16_t slot = 0;                           // of this host, in ids
  std::unique_ptr<cluster::Membership> membership;  // none on SQLite
  cluster::Alone alone;
  cluster::Peers& peers;
  IdMint ids;
  metrics::Registry metrics;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<net::Dns> dns;
  plugin::Catalogue catalogue;

  std::unique_ptr<plugin::VerbChecker> verb_checker;
  plugin::OpenedHosts opened_hosts;
  plugin::FileLinks file_links;
  oauth::Tokens oauth_tokens;
  oauth::SignIns sign_ins;
  plugin::Storage storage;
  plugin::Services services;
  port::Spawner spawner;
  supervisor::Fleet fleet;
  supervisor::HealthBoard health_board;
  Instances instances;

  hooks::Counters counters;
  Figures figures;
  hooks::RouteTable routes;
  hooks::InboxCommitter inbox_committer;
  domain::chat::ChatSink chat_sink;
  hooks::EffectCommitter effects;
  hooks::Dispatcher dispatcher;
  hooks::Inbox inbox;
  plugin::HostKey session_key;
  hooks::SessionTokens session_tokens;
  hooks::SessionDoor session_door;
  hooks::KeySets key_sets;
  plugin::HostKey self_test_key;
  hooks::SelfTestMarks self_test_marks;
  hooks::SelfTest self_test;
  hooks::Ingress ingress;
  hooks::Injector injector;

  outbox::PluginChannels channels;
  domain::chat::Deliveries deliveries;
  outbox::Dispatcher outbox;

  jobs::Scheduler scheduler;
  jobs::Jobs jobs;

  domain::chat::AttachmentFetcher attachments;
  domain::chat::Chats chats;
  domain::chat::Greeter greeter;
  Business business;
  lifecycle::Lifecycle lifecycle;
  lifecycle::ProfileRoutes profile_routes;
  lifecycle::Credentials credentials;
  lifecycle::Portable portable;
  Declared declared;
  Upkeep upkeep;
  live::Topics topics;
  live::Feed feed;

  web::Tokens tokens;
  web::Gate gate;
  web::Router router;
  web::EventStreams event_streams;
  web::HooksAdapter hooks_adapter;
  web::SignInPage sign_in_page;
  web::LinkedFiles linked_files;
  web::PluginFiles plugin_files;
  web::ConsoleFiles console_files;
  web::IntegrationsApi integrations_api;
  web::ProfilesApi profiles_api;
  web::GrantsApi grants_api;
  web::PluginsApi plugins_api;
  web::SetupApi setup_api;
  web::SecretsApi secrets_api;
  web::HealthApi health_api;
  web::HostsApi hosts_api;
  web::InboxApi inbox_api;
  web::JobsApi jobs_api;
  web::ChatsApi chats_api;
  web::FilesApi files_api;
  web::TokensApi tokens_api;
  BusinessApi business_api;
  web::LiveApi live_api;
  web::HttpServer server;
  std::unique_ptr<SecureListener> secure_listener;  // none without a certificate

 private:
  supervisor::Fleet::Options fleet_options();
  jobs::Scheduler::Parts scheduler_parts();
  std::unique_ptr<cluster::Membership> join();
  cluster::Member self() const;
  boost::asio::awaitable<void> publish_keys();
  boost::asio::awaitable<void> require_known_key(std::string key);
  boost::asio::awaitable<plugin::GrantToken> token(Id grant, Duration min_valid, std::string rejected);
  oauth::ProviderOf provider_of();
  oauth::Tokens::Parts token_parts();
  oauth::SignIns::Parts sign_in_parts();
  std::string address_for_people() const;
  plugin::Storage::Parts storage_parts();
  hooks::Dispatcher::Parts dispatcher_parts();
  hooks::Ingress::Parts ingress_parts();
  outbox::Dispatcher::Options outbox_options();
  domain::chat::AttachmentFetcher::Options attachment_options();
  Business::Parts business_parts();
  void settings_changed();
  void follow_site();
  std::string settings_for(const plugin::Manifest& manifest) const;
  bool has_setting(const std::string& code) const;
  domain::chat::Chats::Parts chats_parts();
  domain::chat::Greeter::Parts greeter_parts();
  boost::asio::awaitable<void> follow_choices();
  boost::asio::awaitable<void> profiles_changed();
  void plugins_changed();
  boost::asio::awaitable<void> follow_others();
  void add_plugin_calls();
  void add_routes();
  void committed(const std::vector<Id>& integrations);
  boost::asio::awaitable<std::vector<web::ReadyCheck>> check_ready();

  // To the host that an integration is of, where that is another: there is work for it. Any thread.
  void tell(const char* what, Id integration);
  void tell_of_journal();
  void heard(const std::string& word);

  AsyncLocks choices_turn_{io.get_executor()};
  std::mutex told_mutex_;
  std::map<std::string, std::string> told_settings_;  // by plugin
  std::atomic<bool> started_ = false;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<store::Notices> notices_;  // none on SQLite; its thread uses what stands above
};

}  // namespace patchbay::app
