#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/doctor.hpp"
#include "cli/impl/findings.hpp"
#include "cli/impl/outward.hpp"
#include "cli/impl/table.hpp"
#include "net/proxy.hpp"
#include "store/migrate.hpp"
#include "tls/tls.hpp"
#include "vault/vault.hpp"

namespace patchbay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t kTooLittle = 100u << 20;  // bytes free
constexpr std::uintmax_t kLittle = 1u << 30;
constexpr int kSoonDays = 14;
constexpr std::int64_t kClocksApart = 5000;  // ms
constexpr rlim_t kFewDescriptors = 4096;

bool others_may_read(const fs::path& path) {
  struct stat what {};
  return ::stat(path.c_str(), &what) == 0 && (what.st_mode & 077) != 0;
}

void look_at_folder(const config::Config& config, Findings& out) {
  const Text::Args args = {{"folder", config.state_dir.string()}};
  if (!fs::exists(config.state_dir))
    return out.add("state_dir", State::warning, Text("cli.doctor_folder_new", args));
  if (::access(config.state_dir.c_str(), R_OK | W_OK | X_OK) != 0)
    return out.add("state_dir", State::fault, Text("cli.doctor_folder_closed", args));
  if (others_may_read(config.state_dir))
    out.add("state_dir", State::warning, Text("cli.doctor_folder_open", args));
  const auto free = fs::space(config.state_dir).available;
  const Text space("cli.doctor_space",
                   {{"mib", std::to_string(free >> 20)}, {"folder", config.state_dir.string()}});
  out.add("state_dir", free < kTooLittle ? State::fault : free < kLittle ? State::warning : State::ok, space);
}

void look_at_certificate(const config::Config& config, Findings& out) {
  if (config.tls_certificate.empty()) return;
  const auto identity = tls::Identity::load(config.tls_certificate, config.tls_key);
  const auto days =
      std::chrono::floor<std::chrono::days>(identity->expires_at() - SystemClock().now()).count();
  const Text::Args args = {{"file", config.tls_certificate.string()}, {"days", std::to_string(days)}};
  if (days < kSoonDays)
    return out.add("certificate", days < 0 ? State::fault : State::warning,
                   Text("cli.doctor_certificate_ends", args));
  out.ok("certificate", Text("cli.doctor_certificate", args));
}

// The file of an embedded store; empty for a server.
fs::path store_file(const config::Config& config) {
  constexpr std::string_view kScheme = "sqlite:";
  return config.store_url.starts_with(kScheme) ? fs::path(config.store_url.substr(kScheme.size()))
                                               : fs::path();
}

// Hosts on one database compare times with each other through it.
void look_at_clock_of(store::Store& store, Findings& out) {
  if (store.dialect() != store::Dialect::postgresql) return;
  const auto theirs = store.read_now([](store::Session& session) {
    return session.query_one("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)")
        ->integer(0);
  });
  const auto apart = std::abs(SystemClock().now().time_since_epoch().count() - theirs);
  const Text::Args args = {{"seconds", std::to_string(apart / 1000)}};
  if (apart > kClocksApart) return out.add("clock", State::warning, Text("cli.doctor_clock_apart", args));
  out.ok("clock", Text("cli.doctor_clock_store"));
}

void look_at_store(const config::Config& config, Findings& out) {
  const auto file = store_file(config);
  if (!file.empty() && !fs::exists(file))  // looking must not make it
    return out.add("store", State::warning, Text("cli.doctor_store_new", {{"file", file.string()}}));
  store::Store::Options options;
  options.url = config.store_url;
  options.sessions = 1;
  const auto store = store::Store::open(std::move(options), log::Logger::none());
  const auto stored = store::schema_version(*store);
  const auto known = store::migrations().back().version;
  const Text::Args args = {{"stored", std::to_string(stored)}, {"known", std::to_string(known)}};
  if (stored > known) {
    out.add("store", State::fault, Text("store.newer_schema", args));
  } else {
    out.add("store", stored < known ? State::warning : State::ok,
            Text(stored < known ? "cli.doctor_store_older" : "cli.doctor_store", args));
  }
  out.look("clock", [&] { look_at_clock_of(*store, out); });
  out.look("key", [&] {
    vault::Vault::check(*store, config.key_file.string());
    out.ok("key", Text("cli.doctor_key", {{"file", config.key_file.string()}}));
  });
}

void look_at_key(const config::Config& config, Findings& out) {
  vault::Vault::check_key_file(config.key_file.string());
  if (fs::exists(config.key_file) && others_may_read(config.key_file))
    out.add("key", State::warning, Text("cli.doctor_key_open", {{"file", config.key_file.string()}}));
}

// A worker enters its sandbox and says what holds: nothing else knows.
void look_at_sandbox(const config::Config& config, Findings& out) {
  if (!config.plugin_sandbox) return out.add("sandbox", State::warning, Text("cli.doctor_sandbox_off"));
  const auto worker = fs::read_symlink("/proc/self/exe").parent_path() / "patchbay-worker";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      ::popen(("'" + worker.string() + "' --try-sandbox").c_str(), "r"), &::pclose);
  std::string said;
  for (int c = pipe ? std::fgetc(pipe.get()) : EOF; c != EOF; c = std::fgetc(pipe.get()))
    said += static_cast<char>(c);
  const auto holds = json::parse(said, nullptr, false);
  if (!holds.is_object())
    return out.add("sandbox", State::fault, Text("cli.doctor_sandbox_failed", {{"reason", said}}));
  const auto missing = holds.value("missing", std::string());
  if (!missing.empty())
    return out.add("sandbox", State::warning, Text("cli.doctor_sandbox_less", {{"missing", missing}}));
  out.ok("sandbox", Text("cli.doctor_sandbox", {{"version", std::to_string(holds.value("landlock", 0))}}));
}

// Signatures with a time in them, tokens and certificates need a clock that is right.
void look_at_clock(Findings& out) {
  timex state{};
  const bool kept = ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  out.add("clock", kept ? State::ok : State::warning,
          Text(kept ? "cli.doctor_clock" : "cli.doctor_clock_free"));
}

void look_at_limits(Findings& out) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const Text text("cli.doctor_descriptors", {{"count", std::to_string(limit.rlim_cur)}});
  out.add("descriptors", limit.rlim_cur < kFewDescriptors ? State::warning : State::ok, text);
}

// The setting SiteUrl, as far as a running host tells it; else what the file says.
std::string site_url_of(const config::Config& config) {
  try {
    ApiClient api(config);
    const auto url = api.get("/api/v1/settings/SiteUrl").at("value").get<std::string>();
    return url.empty() ? config.site_url : url;
  } catch (const Error&) {
    return config.site_url;
  }
}

void look_at_address(const config::Config& config, Findings& out) {
  const auto url = site_url_of(config);
  if (url.empty()) return out.ok("site_url", Text("cli.doctor_no_site_url"));
  const bool https = url.starts_with("https://");
  out.add("site_url", https ? State::ok : State::warning,
          Text(https ? "cli.doctor_site_url" : "cli.doctor_site_url_plain", {{"url", url}}));
}

void look_at_egress(const config::Config& config, Findings& out) {
  if (!config.ca_file.empty() && ::access(config.ca_file.c_str(), R_OK) != 0)
    return out.add("egress", State::fault, Text("cli.doctor_no_ca_file", {{"file", config.ca_file}}));
  std::string opened;
  for (const auto& each : config.egress_allow) opened += (opened.empty() ? "" : ", ") + each;
  const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
  out.ok("egress", Text("cli.doctor_egress", {{"proxy", or_dash(net::without_login(config.proxy))},
                                              {"ca_file", or_dash(config.ca_file)},
                                              {"opened", or_dash(opened)}}));
}

void look_at_plugins(ApiClient& api, Findings& out) {
  int ready = 0;
  std::string found;
  const auto plugins = api.all("/api/v1/plugins");
  for (const auto& plugin : plugins) {
    if (plugin.at("state") == "ready") ++ready;
    if (plugin.at("state") == "found")
      found += (found.empty() ? "" : ", ") + plugin.at("id").get<std::string>();
    if (plugin.at("state") != "broken") continue;
    out.add(
        "plugins", State::warning,
        Text("cli.doctor_plugin_broken", {{"plugin", plugin.at("id").get<std::string>()},
                                          {"reason", plugin.at("reason").at("text").get<std::string>()}}));
  }
  if (!found.empty()) out.ok("plugins", Text("cli.doctor_plugins_found", {{"plugins", found}}));
  out.ok("plugins", Text("cli.doctor_plugins", {{"count", std::to_string(ready)}}));
}

// Where plugins may go, as far as their manifests name hosts.
void look_at_dns(ApiClient& api, Findings& out) {
  std::set<std::string> hosts;
  const auto plugins = api.all("/api/v1/plugins");
  for (const auto& plugin : plugins) {
    if (plugin.at("state") != "ready") continue;
    for (const std::string host : plugin.at("egress")) {
      if (host.find_first_of("*:[/") == host.npos) hosts.insert(host);
    }
  }
  look_at_names({hosts.begin(), hosts.end()}, out);
}

void look_at_integrations(ApiClient& api, Findings& out) {
  int ready = 0;
  const auto health = api.all("/api/v1/health");
  for (const auto& one : health) {
    const auto state = one.at("state").get<std::string>();
    if (state == "ready") ++ready;
    if (state != "failed" && state != "quarantined" && state != "waiting") continue;
    const auto& error = one.at("last_error");
    out.add("integrations", State::fault,
            Text("cli.doctor_integration", {{"id", one.at("integration").get<std::string>()},
                                            {"plugin", one.at("plugin").get<std::string>()},
                                            {"state", state},
                                            {"reason", error.is_string() ? error.get<std::string>() : ""}}));
  }
  for (const auto& one : api.all("/api/v1/integrations")) {
    if (one.at("accepts_unverified").get<bool>())
      out.add("integrations", State::warning,
              Text("cli.doctor_unverified", {{"name", one.at("name").get<std::string>()}}));
  }
  out.ok("integrations", Text("cli.doctor_integrations", {{"count", std::to_string(ready)}}));
}

// Whether providers get through to those that are connected.
void look_at_webhooks(ApiClient& api, Findings& out) {
  int fine = 0;
  for (const auto& one : api.all("/api/v1/integrations")) {
    if (one.at("state") != "active" && one.at("state") != "degraded") continue;
    const auto path = "/api/v1/integrations/" + one.at("id").get<std::string>() + "/self-test";
    const auto tested = api.post(path, json::object());
    for (const auto& route : tested.at("routes")) {
      if (route.at("outcome") == "verified") ++fine;
      if (route.at("outcome") == "verified" || route.at("outcome") == "impossible") continue;
      out.add("webhooks", State::fault,
              Text("cli.doctor_webhook", {{"name", one.at("name").get<std::string>()},
                                          {"route", route.at("id").get<std::string>()},
                                          {"reason", route.at("text").get<std::string>()}}));
    }
  }
  out.ok("webhooks", Text("cli.doctor_webhooks", {{"count", std::to_string(fine)}}));
}

void look_at_host(const config::Config& config, const DoctorOptions& options, Findings& out) {
  std::unique_ptr<ApiClient> api;
  try {
    api = std::make_unique<ApiClient>(config);
    api->get("/api/v1/plugins?limit=1");
  } catch (const Error& error) {
    return out.add("host", State::warning, error.text());
  }
  out.ok("host", Text("cli.doctor_host"));
  out.look("plugins", [&] { look_at_plugins(*api, out); });
  out.look("integrations", [&] { look_at_integrations(*api, out); });
  if (options.outward) out.look("dns", [&] { look_at_dns(*api, out); });
  if (options.outward) out.look("webhooks", [&] { look_at_webhooks(*api, out); });
}

}  // namespace

std::pair<json, bool> look_at_everything(const config::Config& config, const DoctorOptions& options) {
  Findings out;
  out.ok("configuration", Text("cli.doctor_configuration", {{"file", config.file.string()}}));
  out.look("state_dir", [&] { look_at_folder(config, out); });
  out.look("key", [&] { look_at_key(config, out); });
  out.look("store", [&] { look_at_store(config, out); });
  out.look("site_url", [&] { look_at_address(config, out); });
  out.look("certificate", [&] { look_at_certificate(config, out); });
  out.look("egress", [&] { look_at_egress(config, out); });
  out.look("descriptors", [&] { look_at_limits(out); });
  out.look("sandbox", [&] { look_at_sandbox(config, out); });
  out.look("clock", [&] { look_at_clock(out); });
  out.look("host", [&] { look_at_host(config, options, out); });
  for (const auto& server : options.mail) out.look("mail", [&] { look_at_mail(server, out); });
  return {out.rows(), out.faulty()};
}

namespace {

int examine(const Context& context, const DoctorOptions& options) {
  const auto [rows, faulty] = look_at_everything(context.config(), options);
  print_list(rows, {"check", "state", "finding"}, context.json);
  return faulty ? kConfiguration : kDone;
}

}  // namespace

void add_doctor(Commands commands) {
  auto* doctor = commands.app.add_subcommand(
      "doctor",
      "Look at configuration, folder, key, store, clock, sandbox and the running host, and say what to do");
  const auto options = std::make_shared<DoctorOptions>();
  doctor->add_flag(
      "--outward", options->outward,
      "Also ask whether the hosts that plugins talk to have addresses, and whether webhooks arrive");
  doctor
      ->add_option("--mail", options->mail,
                   "Also try to reach this mail server: host, at every port of mail, or host:port")
      ->type_name("SERVER")
      ->allow_extra_args(false);
  doctor->footer(
      "Changes nothing. Ends with 78 when it finds a fault.\nExample: patchbay doctor --config "
      "patchbay.json");
  add_common(*doctor, commands.context);
  doctor->callback([commands, options] {
    commands.run = [commands, options] { return examine(commands.context, *options); };
  });
}

}  // namespace patchbay::cli
