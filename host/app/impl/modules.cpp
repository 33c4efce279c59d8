#include "app/impl/modules.hpp"

#include <cstdlib>
#include <fstream>

#include "app/impl/highest_id.hpp"
#include "app/impl/inherited_socket.hpp"
#include "app/impl/open_library.hpp"
#include "base/failure.hpp"
#include "cli/api_client.hpp"
#include "hooks/check_routes.hpp"
#include "live/publish.hpp"
#include "plugin/dns_verbs.hpp"
#include "store/migrate.hpp"

namespace patchbay::app {

namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace {

constexpr const char* kVersion = PB_VERSION;
constexpr std::size_t kNameBytes = 9;
constexpr int kBusy = 75;  // EX_TEMPFAIL: nothing more may be written to a store that is another host's now

fs::path built_in_plugins() {
  return (worker_executable().parent_path() / "../plugins").lexically_normal();
}

// Beside them.
fs::path console_folder() {
  return (built_in_plugins() / "../console").lexically_normal();
}

// Plugins that came with the host, those that an administrator dropped into the state folder, and configured
// ones.
std::vector<fs::path> plugin_folders(const config::Config& config) {
  std::vector<fs::path> out = {built_in_plugins(), config.state_dir / "plugins"};
  out.insert(out.end(), config.plugin_folders.begin(), config.plugin_folders.end());
  return out;
}

std::unique_ptr<store::Store> open_store(const config::Config& config, const log::Logger& logger) {
  store::Store::Options options;
  options.url = config.store_url;
  options.sessions = config.store_sessions;
  // Before the database is made or changed: with a wrong key nothing is written.
  vault::Vault::check_key_file(config.key_file.string());
  auto store = store::Store::open(std::move(options), logger);
  vault::Vault::check(*store, config.key_file.string());
  store::migrate(*store);
  return store;
}

// What this host is called over its restarts: made at its first start.
std::string host_name(const fs::path& state_dir) {
  const auto file = state_dir / "host-name";
  std::string name;
  std::getline(std::ifstream(file), name);
  if (!name.empty()) return name;
  name = vault::generate(kNameBytes);
  std::ofstream(file) << name << '\n';
  return name;
}

std::string read_authorities(const fs::path& file) {
  if (file.empty()) return {};
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (text.empty()) throw Error(Code::invalid, Text("cli.doctor_no_ca_file", {{"file", file.string()}}));
  return text;
}

std::optional<net::Proxy> read_proxy(const std::string& url) {
  if (url.empty()) return std::nullopt;
  auto proxy = net::parse_proxy(url);
  if (!proxy) throw Error(Code::invalid, Text("net.bad_proxy", {{"proxy", net::without_login(url)}}));
  return proxy;
}

net::HttpClient::Options http_options(const config::Config& config) {
  net::HttpClient::Options options;
  options.proxy = config.proxy;
  options.ca_file = config.ca_file;
  options.user_agent = std::string("Patchbay/") + kVersion;
  return options;
}

port::Rights rights_of_workers(const config::Config& config) {
  port::Rights rights;
  rights.sandbox = config.plugin_sandbox;
  rights.memory = config.plugin_memory;
  rights.cpu_percent = config.plugin_cpu;
  return rights;
}

hooks::Dispatcher::Options dispatcher_options(const config::Config& config) {
  hooks::Dispatcher::Options options;
  options.keep_done = std::chrono::days(config.inbox_keep_days);
  return options;
}

hooks::Ingress::Limits ingress_limits(const config::Config& config) {
  hooks::Ingress::Limits limits;
  limits.rate = net::Rate(config.inbox_rate, std::chrono::seconds(1), 2.0 * config.inbox_rate);
  return limits;
}

web::HttpServer::Options server_options(const config::Config& config) {
  web::HttpServer::Options options;
  options.address = config.listen_address;
  options.port = config.listen_port;
  options.inherited = inherited_socket("http");
  if (!config.trusted_proxies.empty())
    options.trusts_proxy = [&config](const std::string& numeric) {
      return net::is_among(config.trusted_proxies, numeric);
    };
  return options;
}

}  // namespace

Modules::Modules(const config::Config& config_, asio::io_context& io_, log::Logger logger_,
                 log::Redactor& redactor_)
    : config(config_),
      io(io_),
      logger(std::move(logger_)),
      redactor(redactor_),
      site(config.site_url),
      tasks(io.get_executor(),
            [this](const std::string& name, std::exception_ptr e) {
              logger.error("task failed", {{"task", name}, {"error", words_of(e)}});
            }),
      lock(store::HostLock::path_for(config.store_url, config.state_dir)),
      store(open_store(config, logger)),
      store_probe(*store, clock),
      vault(vault::Vault::open(*store, config.key_file.string(), clock)),
      membership(join()),
      peers(membership ? static_cast<cluster::Peers&>(*membership) : alone),
      ids(clock, slot, highest_id(*store)),
      http(net::HttpClient::make(io.get_executor(), http_options(config))),
      dns(net::make_dns(clock, config.dns_servers)),
      catalogue(plugin_folders(config), config.state_dir / "artefacts", logger,
                plugin::Trust(config.trusted_keys, config.only_trusted, built_in_plugins()),
                hooks::check_routes),
      verb_checker(SchemaVerbChecker::of_this_build()),
      opened_hosts(config.egress_allow),
      file_links(*store, *vault, clock, site),
      oauth_tokens(token_parts()),
      sign_ins(sign_in_parts()),
      storage(storage_parts()),
      services({io.get_executor(), clock, ids, *store, *vault, *http, metrics, redactor, logger, opened_hosts,
                verb_checker.get(), [this](Id id) { return lifecycle.secrets_changed(id); },
                [this](Id grant, Duration min_valid, std::string rejected) {
                  return token(grant, min_valid, std::move(rejected));
                },
                &file_links, nullptr, read_authorities(config.ca_file), read_proxy(config.proxy), &storage}),
      fleet(fleet_options()),
      health_board({clock, ids, *store, fleet, host_name(config.state_dir), membership != nullptr,
                    [this](Id id) { return peers.owned().has(id); }, logger}),
      instances(fleet, services, config.in_process, logger),
      figures(metrics, *store, clock, counters),
      routes(site),
      inbox_committer(*store, ids, io.get_executor(), counters, logger),
      chat_sink(
          clock, ids, [this](const std::vector<Id>& integrations) { committed(integrations); },
          [this] { business.router.wake(); },
          [this](store::Session& session, const domain::chat::Stranger& stranger) {
            business.client_contacts.meet(session, stranger);
          }),
      effects(hooks::EffectCommitter::Parts(*store, chat_sink, ids, clock), io.get_executor(), counters,
              logger),
      dispatcher(dispatcher_parts(), io.get_executor(), logger, dispatcher_options(config)),
      inbox(*store, clock, [this] { dispatcher.wake(); }),
      session_key(*store, *vault, "sessions"),
      session_tokens(session_key, clock),
      session_door(session_tokens, clock),
      key_sets({io.get_executor(), clock, *http, [this] { return opened_hosts.get(); }, logger}),
      self_test_key(*store, *vault, "self_test"),
      self_test_marks(self_test_key, clock),
      self_test({clock, routes, *http, self_test_marks}),
      ingress(ingress_parts(), logger, ingress_limits(config)),
      injector(routes, inbox_committer, clock),
      channels(*store, catalogue, clock),
      deliveries(
          clock, ids,
          [this](Id id, const port::Result& result) { lifecycle.unauthenticated(id, result.reason()); }),
      outbox(io.get_executor(), outbox_options(), logger),
      scheduler(scheduler_parts()),
      jobs(*store, clock, [this] { scheduler.look(); }),
      attachments(io.get_executor(), attachment_options(), logger),
      chats(chats_parts()),
      greeter(greeter_parts()),
      business(business_parts()),
      lifecycle({io.get_executor(),
                 clock,
                 ids,
                 *store,
                 *vault,
                 catalogue,
                 routes,
                 instances,
                 fleet,
                 scheduler,
                 peers,
                 redactor,
                 logger,
                 site,
                 kVersion,
                 host_name(config.state_dir),
                 [this] { return follow_choices(); },
                 [this](const plugin::Manifest& manifest) { return settings_for(manifest); },
                 [this](const std::string& code) { return has_setting(code); },
                 [this](auto& session, const auto& one) { business.tell_of_trouble(session, one); }}),
      profile_routes({io.get_executor(), clock, *store, *vault, catalogue, routes, lifecycle, fleet, redactor,
                      [this](Id profile) { dispatcher.ready(profile); }, logger}),
      credentials({io.get_executor(), clock, ids, *store, *vault, catalogue, lifecycle, oauth_tokens,
                   sign_ins, redactor, logger, [this] { return address_for_people(); },
                   [this] { return profiles_changed(); }, [this] { return follow_choices(); }}),
      portable(*store, *vault, catalogue, lifecycle, credentials),
      declared(portable, clock, logger, config.setup_folder, host_name(config.state_dir)),
      upkeep(*store, *vault, lifecycle, business.sessions, clock, logger),
      topics(io.get_executor(), clock, *store, logger),
      feed(io.get_executor(), clock, *store, topics, logger),
      tokens(*store, clock, ids, logger),
      gate(tokens, business.sessions),
      router(gate, site),
      event_streams(topics, clock, metrics),
      hooks_adapter(ingress, event_streams, site),
      sign_in_page(sign_ins, site),
      linked_files(*store, file_links, site),
      plugin_files(catalogue, site),
      console_files(console_folder(), site),
      integrations_api(lifecycle, *store, *vault, self_test),
      profiles_api(credentials, profile_routes, *store, *vault),
      grants_api(credentials, sign_ins, *vault, *store),
      plugins_api(*store, catalogue, clock, ids, config.state_dir / "plugins",
                  [this] { return follow_choices(); }),
      setup_api(portable),
      secrets_api(*vault, *store, clock, ids,
                  [this](std::string key) { return require_known_key(std::move(key)); }),
      health_api(health_board),
      hosts_api(*store, peers, [this] { return self(); }),
      inbox_api(inbox),
      jobs_api(jobs, *store, catalogue, clock),
      chats_api(chats, business.router, business.client_contacts),
      files_api({*store, chats, business.router, business.settings, clock, ids}),
      tokens_api(tokens, clock),
      business_api(business, business_parts(), site, [this] { return address_for_people(); }),
      live_api({event_streams, feed, business.router, business.sessions, business.notifications, clock}),
      server(io.get_executor(), clock, logger, server_options(config), router) {
  if (!config.tls_certificate.empty()) {
    secure_listener = std::make_unique<SecureListener>(io.get_executor(), clock, logger, metrics, config,
                                                       server_options(config), router);
  }
  inbox_committer.on_stored([this](std::vector<hooks::InboxRow> rows) {
    for (const auto& row : rows) tell("inbox", row.integration);
    dispatcher.accepted(std::move(rows));
  });
  feed.on_placed([this] { tell_of_journal(); });
  figures.follow(business.subscriptions.counters());
  inbox_committer.on_unsure([this] { dispatcher.unsure(); });
  plugin::add_dns(services, *dns, clock);
  live::add_publish(services, topics, clock);
  add_plugin_calls();
  add_routes();
  if (membership) {
    auto hear = [this](const std::string& word) { heard(word); };
    notices_ = std::make_unique<store::Notices>(config.store_url, std::move(hear), logger);
  }
}

// Also when stop() was never reached: its thread uses what is destroyed before it.
Modules::~Modules() {
  catalogue.unwatch();
}

supervisor::Fleet::Options Modules::fleet_options() {
  supervisor::Fleet::Options options(io.get_executor(), clock, spawner, logger);
  options.checker = verb_checker.get();
  options.worker = worker_executable();
  options.rights = rights_of_workers(config);
  options.redactor = &redactor;
  options.metrics = &metrics;
  options.host_version = kVersion;
  // Trials of another version have negative numbers: their owner watches them himself.
  options.on_ready = [this](Id id) {
    if (id < 0) return;
    lifecycle.came_up(id);
    tasks.spawn("let a profile know", profile_routes.came_up(id));
    dispatcher.ready(id);
    outbox.wake(id);
    attachments.wake({id});
  };
  options.on_change = [this](supervisor::Change change) { health_board.note(std::move(change)); };
  options.on_quarantined = [this](Id id, std::string reason) {
    if (id < 0) return;
    lifecycle.quarantined(id, std::move(reason));
  };
  return options;
}

// On PostgreSQL; an SQLite database is one host's (its lock).
std::unique_ptr<cluster::Membership> Modules::join() {
  if (store->dialect() == store::Dialect::sqlite) return nullptr;
  auto joined = cluster::Membership::join_now(*store, host_name(config.state_dir), kVersion, clock.now());
  slot = static_cast<std::uint16_t>(joined.slot);
  cluster::Membership::Parts parts{io.get_executor(), clock, *store, logger};
  parts.gained = [this](cluster::Partitions partitions) {
    // Rows of theirs may be older than what is accepted from now on.
    dispatcher.unsure();
    dispatcher.wake();
    lifecycle.gained(partitions);
  };
  parts.leaving = [this](cluster::Partitions partitions) { return lifecycle.leave(partitions); };
  parts.pass = [this] { return follow_others(); };
  parts.lost = [this] {
    logger.flush();
    std::_Exit(kBusy);
  };
  return std::make_unique<cluster::Membership>(std::move(parts), std::move(joined));
}

asio::awaitable<void> Modules::publish_keys() {
  if (!membership) co_return;
  std::string keys;
  for (const auto& id : vault->key_ids()) keys += (keys.empty() ? "" : " ") + id;
  co_await membership->publish_keys(std::move(keys));
}

asio::awaitable<void> Modules::require_known_key(std::string key) {
  co_await publish_keys();
  std::string lacking;
  const auto members = co_await cluster::list_members(*store);
  for (const auto& member : members) {
    if ((" " + member.keys + " ").find(" " + key + " ") == std::string::npos)
      lacking += (lacking.empty() ? "" : ", ") + member.address;
  }
  if (lacking.empty()) co_return;
  throw Error(Code::conflict,
              Text("app.key_not_everywhere", {{"hosts", lacking}, {"file", config.key_file.string()}}));
}

// As the only host.
cluster::Member Modules::self() const {
  cluster::Member member;
  member.id = 1;
  member.name = host_name(config.state_dir);
  member.version = kVersion;
  member.address = cli::listener_url(config.listen_address, server.port());
  member.joined_at = started.time_since_epoch().count();
  member.partitions = cluster::kPartitions;
  return member;
}

std::string Modules::address_for_people() const {
  const auto url = site.get();
  return url.empty() ? cli::listener_url(config.listen_address, server.port()) : url;
}

hooks::Dispatcher::Parts Modules::dispatcher_parts() {
  hooks::Dispatcher::Parts parts(*store, clock, fleet, effects, counters);
  parts.owned = &peers.owned();
  parts.profiles = &profile_routes;
  return parts;
}

hooks::Ingress::Parts Modules::ingress_parts() {
  hooks::Ingress::Parts parts(routes, inbox_committer, clock, key_sets, counters);
  parts.sessions = &session_door;
  parts.marks = &self_test_marks;
  return parts;
}

outbox::Dispatcher::Options Modules::outbox_options() {
  outbox::Dispatcher::Options options(clock, *store, fleet, channels, deliveries);
  options.owned = &peers.owned();
  return options;
}

domain::chat::AttachmentFetcher::Options Modules::attachment_options() {
  domain::chat::AttachmentFetcher::Options options(clock, ids, *store, fleet, channels);
  options.owned = &peers.owned();
  options.unauthenticated = [this](Id id, const std::string& text) { lifecycle.unauthenticated(id, text); };
  return options;
}

jobs::Scheduler::Parts Modules::scheduler_parts() {
  jobs::Scheduler::Reports reports;
  reports.trouble = [this](Id id, const std::string& job, Code code, std::string text) {
    lifecycle.trouble(id, "job " + job, code, std::move(text));
  };
  reports.well = [this](Id id, const std::string& job) { lifecycle.well(id, "job " + job); };
  reports.unauthenticated = [this](Id id, std::string text) {
    lifecycle.unauthenticated(id, std::move(text));
  };
  return {io.get_executor(), clock, ids, *store, fleet, metrics, logger, std::move(reports)};
}

// Presses of buttons are acknowledged from the outbox, whose sweep finds them within a second.
void Modules::committed(const std::vector<Id>& integrations) {
  attachments.wake(integrations);
}

// One after the other: what was read later is not put aside by what was read before.
asio::awaitable<void> Modules::follow_choices() {
  const auto turn = co_await choices_turn_.lock(0);
  auto read = [](store::Session& session) { return plugin::read_choices(session); };
  auto choices = co_await store->read(std::move(read));
  if (catalogue.choose(std::move(choices))) plugins_changed();
}

void Modules::plugins_changed() {
  lifecycle.plugins_changed();
  tasks.spawn("follow the routes of profiles", profile_routes.follow());
}

// Providers may be told of its routes when this returns (HOOK-4).
asio::awaitable<void> Modules::profiles_changed() {
  co_await profile_routes.follow();
  co_await peers.settle();
}

asio::awaitable<void> Modules::follow_others() {
  co_await follow_choices();
  co_await profile_routes.follow();
  co_await lifecycle.follow_others();
}

asio::awaitable<void> Modules::start() {
  server.bind();
  if (secure_listener) secure_listener->server().bind();
  auto read = [](store::Session& session) { return plugin::read_choices(session); };
  auto choices = co_await store->read(std::move(read));
  catalogue.choose(std::move(choices));
  catalogue.scan();
  const auto address = cli::listener_url(config.listen_address, server.port());
  // Before anything tells somebody the public address.
  co_await business.settings.read();
  settings_changed();
  // What the effects of events rely on.
  co_await business.start(tasks);
  scheduler.start();
  co_await credentials.start();
  co_await profile_routes.follow();
  started_ = true;
  co_await lifecycle.start();
  // Its partitions come as gained, so nothing of theirs is missed.
  if (membership) co_await membership->start(address);
  co_await publish_keys();
  oauth_tokens.start();
  sign_ins.start();
  dispatcher.start();
  outbox.start();
  attachments.start();
  greeter.start();
  topics.start();
  co_await feed.start();
  tasks.spawn("upkeep", upkeep.run());
  tasks.spawn("look at what plugins keep", storage.run());
  tasks.spawn("health", health_board.run());
  server.start();
  if (secure_listener) {
    secure_listener->server().start();
    tasks.spawn("look at the certificate", secure_listener->watch());
    logger.info("listening with TLS", {{"address", config.tls_address},
                                       {"port", std::to_string(secure_listener->server().port())}});
  }
  auto open = [this](const plugin::Manifest& manifest) {
    return open_library(spawner, clock, rights_of_workers(config), manifest);
  };
  catalogue.watch([this] { plugins_changed(); }, std::move(open));
  tasks.spawn("apply what files declare", declared.run());
  std::ofstream(cli::address_file(config)) << address << '\n';
}

}  // namespace patchbay::app
