#include "plugin/read_manifest.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "plugin/impl/artefact.hpp"
#include "plugin/impl/web_files.hpp"
#include "schema/schema.hpp"
#include "schema/vocabulary.hpp"

namespace patchbay::plugin {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_schemas();

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 1u << 20;

[[noreturn]] void fail(std::string id, Text::Args args) {
  throw Error(Code::invalid, Text(std::move(id), std::move(args)));
}

std::string read_text(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error || !fs::is_regular_file(file)) fail("plugin.no_file", {{"file", file.filename().string()}});
  if (size > kLargestFile) fail("plugin.file_too_large", {{"file", file.filename().string()}});
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

json parse_json(const std::string& name, std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::exception& e) {
    const std::string what = e.what();
    const auto at = what.find("at line");
    fail("plugin.broken_json", {{"file", name}, {"where", at == what.npos ? what : what.substr(at)}});
  }
}

// A file that the manifest names; it may not leave the plugin's folder.
fs::path inside(const fs::path& folder, const std::string& name) {
  const auto path = (folder / name).lexically_normal();
  const auto relative = path.lexically_relative(folder.lexically_normal());
  if (relative.empty() || *relative.begin() == "..") fail("plugin.outside", {{"file", name}});
  return path;
}

std::string dumped(const json& object, const char* key) {
  return object.contains(key) ? object.at(key).dump() : std::string();
}

std::optional<Condition> read_condition(const json& object) {
  if (!object.contains("when")) return std::nullopt;
  const auto& when = object.at("when");
  return Condition{when.at("setting").get<std::string>(), when.at("equals").get<std::string>()};
}

RouteSpec::Kind kind_of(const std::string& word) {
  if (word == "session") return RouteSpec::Kind::session;
  return word == "live" ? RouteSpec::Kind::live : RouteSpec::Kind::webhook;
}

// What only webhooks have says nothing on a route that the host serves by itself, and the reverse.
void check_kind(const RouteSpec& route, const json& object) {
  const bool webhook = route.kind == RouteSpec::Kind::webhook;
  if (webhook && route.verify.empty()) fail("plugin.route_verify", {{"route", route.id}});
  if (!webhook) {
    for (const auto* field :
         {"scope", "identity", "methods", "verify", "challenge", "reply", "order", "dedupe", "body_limit"}) {
      if (object.contains(field)) fail("plugin.route_kind", {{"route", route.id}, {"field", field}});
    }
  }
  if (!route.of_profile && object.contains("identity"))
    fail("plugin.route_kind", {{"route", route.id}, {"field", "identity"}});
  for (const auto* field : {"ttl_s", "settings"}) {
    if (route.kind != RouteSpec::Kind::session && object.contains(field))
      fail("plugin.route_kind", {{"route", route.id}, {"field", field}});
  }
}

// "page:{body:/entry/0/id}"
void read_identity(RouteSpec& route, const std::string& text) {
  constexpr std::string_view kPlace = "{body:";
  const auto at = text.find(kPlace);
  if (at == std::string::npos) return;
  route.identity_prefix = text.substr(0, at);
  route.identity_place = text.substr(at + kPlace.size(), text.size() - at - kPlace.size() - 1);
}

RouteSpec read_route(const json& object) {
  RouteSpec route;
  route.id = object.at("id").get<std::string>();
  route.kind = kind_of(object.value("kind", std::string("webhook")));
  route.methods = object.value("methods", route.methods);
  if (route.kind == RouteSpec::Kind::live) route.methods = {"GET"};
  route.settings = object.value("settings", route.settings);
  if (!route.settings.empty()) route.methods.emplace_back("GET");
  route.verify = dumped(object, "verify");
  route.is_open = object.value("/verify/type"_json_pointer, std::string()) == "none";
  route.challenge = dumped(object, "challenge");
  route.reply = dumped(object, "reply");
  route.order = object.value("order", route.order);
  route.dedupe = object.value("dedupe", route.dedupe);
  route.body_limit = object.value("body_limit", route.body_limit);
  route.https = object.value("https", route.https);
  route.when = read_condition(object);
  route.of_profile = object.value("scope", std::string("integration")) == "profile";
  read_identity(route, object.value("identity", std::string()));
  route.cors = object.value("cors", std::string("setting:")).substr(std::string_view("setting:").size());
  route.session_ttl = std::chrono::seconds(object.value("ttl_s", route.session_ttl.count()));
  check_kind(route, object);
  return route;
}

// What belongs to one integration says nothing about requests that concern all of a profile.
void check_profile_route(const RouteSpec& route, bool has_profile) {
  if (!route.of_profile) return;
  if (!has_profile) fail("plugin.route_profile", {{"route", route.id}});
  const auto all = route.verify + route.challenge;
  const bool own = all.find("\"secret:") != all.npos || all.find("hex:secret:") != all.npos;
  const auto verify = json::parse(route.verify);
  if (own || route.when || route.is_open || !route.cors.empty() || verify.at("type") == "session")
    fail("plugin.route_of_profile", {{"route", route.id}});
}

// A tenth of the interval, so that what started together does not stay together.
constexpr int kJitterShare = 10;

JobSpec read_job(const json& object) {
  using schedule::Schedule;
  JobSpec job;
  job.id = object.at("id").get<std::string>();
  job.title = object.value("title", job.id);
  job.when = read_condition(object);
  int ways = 0;
  for (const auto* way : {"every", "cron", "continuous", "on_demand"}) ways += object.contains(way) ? 1 : 0;
  if (ways != 1) fail("plugin.job_schedule", {{"job", job.id}});
  try {
    if (object.contains("time_limit"))
      job.time_limit = schedule::parse_duration(object.at("time_limit").get<std::string>());
    if (object.contains("every")) {
      const auto every = object.at("every").get<std::string>();
      const auto interval = schedule::parse_duration(every);
      job.jitter = object.contains("jitter")
                       ? schedule::parse_duration(object.at("jitter").get<std::string>())
                       : interval / kJitterShare;
      job.schedule = Schedule::every(interval, job.jitter);
      job.when_due = "every " + every;
    } else if (object.contains("cron")) {
      const auto cron = object.at("cron").get<std::string>();
      const auto zone = object.value("zone", std::string("UTC"));
      job.schedule = Schedule::cron(cron, zone);
      job.when_due = "cron " + cron + " " + zone;
    } else if (object.contains("continuous")) {
      job.schedule = Schedule::continuous();
      job.when_due = "continuous";
    } else {
      job.when_due = "on demand";
    }
  } catch (const Error& error) {
    throw Error(Code::invalid, Text("plugin.job", {{"job", job.id}, {"why", error.text().english()}}));
  }
  return job;
}

NetSpec read_net(const json& object) {
  NetSpec net;
  net.host = object.at("host").get<std::string>();
  for (const auto& port : object.at("ports"))
    net.ports.push_back(port.is_string() ? port.get<std::string>() : port.dump());
  return net;
}

std::map<std::string, SecretSpec> read_secrets(const json& owner) {
  std::map<std::string, SecretSpec> secrets;
  const auto all = owner.value("secrets", json::object());
  for (const auto& item : all.items()) {
    secrets[item.key()] = {item.value().value("hosts", std::vector<std::string>()),
                           item.value().value("generate", 0)};
  }
  return secrets;
}

GrantSpec read_grant(const std::string& name, const json& object) {
  GrantSpec grant;
  grant.by_password = object.value("type", std::string("oauth")) == "password";
  grant.title = object.value("title", name);
  grant.issuer = object.value("issuer", grant.issuer);
  grant.authorize = object.value("authorize", grant.authorize);
  grant.token = object.value("token", grant.token);
  grant.revoke = object.value("revoke", grant.revoke);
  grant.device = object.value("device", grant.device);
  grant.client_id = object.value("client_id", grant.client_id);
  grant.client_secret = object.value("client_secret", grant.client_secret);
  grant.secret_in_body = object.value("client_auth", std::string("basic")) == "post";
  grant.set_up_only = object.value("set_up_only", false);
  grant.scopes = object.value("scopes", grant.scopes);
  grant.parameters = object.value("parameters", grant.parameters);
  grant.hosts = object.value("hosts", grant.hosts);
  grant.secrets = read_secrets(object);
  return grant;
}

// What is shared goes where the profile says, never where one of those who share it does.
void check_shared_hosts(const std::string& name, const std::vector<std::string>& hosts) {
  for (const auto& host : hosts) {
    if (host.starts_with("setting:")) fail("plugin.shared_by_setting", {{"name", name}, {"host", host}});
  }
}

// Nobody makes them, and "user" and "password" are what a person gives.
void check_grant_secrets(const std::string& name, const GrantSpec& grant) {
  check_shared_hosts(name, grant.hosts);
  for (const auto& [secret, spec] : grant.secrets) {
    check_shared_hosts(secret, spec.hosts);
    if (spec.generate > 0 || secret == kGrantUser || secret == kGrantPassword)
      fail("plugin.grant_bad_secret", {{"grant", name}, {"secret", secret}});
  }
}

void check_way(const std::string& name, const GrantSpec& grant) {
  const auto addresses = grant.issuer + grant.authorize + grant.token + grant.revoke + grant.device;
  if (grant.by_password) {
    if (!addresses.empty() || !grant.client_id.empty()) fail("plugin.grant_by_password", {{"grant", name}});
    return;
  }
  if (grant.token.empty() || grant.client_id.empty()) fail("plugin.grant_incomplete", {{"grant", name}});
  if (grant.authorize.empty() && grant.device.empty()) fail("plugin.grant_without_way", {{"grant", name}});
}

// What refers to the profile needs one.
void check_grants(const Manifest& manifest, bool has_profile) {
  for (const auto& [name, secret] : manifest.profile.secrets) check_shared_hosts(name, secret.hosts);
  for (const auto& [name, grant] : manifest.grants) {
    check_grant_secrets(name, grant);
    check_way(name, grant);
    if (!grant.client_secret.empty() && !manifest.profile.secrets.contains(grant.client_secret))
      fail("plugin.grant_secret", {{"grant", name}, {"secret", grant.client_secret}});
    std::string all =
        grant.issuer + grant.authorize + grant.token + grant.revoke + grant.device + grant.client_id;
    for (const auto& [parameter, value] : grant.parameters) all += value;
    if (!has_profile && all.find("{profile:") != all.npos) fail("plugin.grant_profile", {{"grant", name}});
  }
}

void check_needs(const Manifest& manifest) {
  const auto& offered = host_extensions();
  for (const auto& need : manifest.needs) {
    if (std::find(offered.begin(), offered.end(), need) != offered.end()) continue;
    fail("plugin.needs_more", {{"extension", need}});
  }
  const bool needs_net = std::count(manifest.needs.begin(), manifest.needs.end(), "pb.net/1") > 0;
  if (needs_net && manifest.net.empty()) fail("plugin.net_to_nowhere", {});
  if (!needs_net && !manifest.net.empty()) fail("plugin.net_without_need", {});
  if (manifest.sdk.rfind("0.", 0) != 0) fail("plugin.other_sdk", {{"version", manifest.sdk}, {"known", "0"}});
}

void read_locales(const fs::path& folder, Manifest& manifest) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".json") continue;
    const auto words = parse_json(entry.path().filename().string(), read_text(entry.path()));
    auto& language = manifest.locales[entry.path().stem().string()];
    for (const auto& item : words.items()) {
      if (item.value().is_string()) language[item.key()] = item.value().get<std::string>();
    }
  }
}

// A schema that people fill in.
std::string read_form(const fs::path& folder, const std::string& name) {
  const auto form = parse_json(name, read_text(inside(folder, name)));
  schema::Schema::compile(form, name);
  schema::check_vocabulary(form, name);
  return form.dump();
}

SettingSpec read_setting(const json& item) {
  constexpr std::int64_t kMost = 1'000'000'000;
  constexpr std::int64_t kLongest = 4000;
  SettingSpec out;
  out.code = item.at("code").get<std::string>();
  out.type = item.at("type").get<std::string>();
  out.title = item.at("title").get<std::string>();
  out.about = item.value("about", "");
  out.least = item.value("minimum", std::int64_t{0});
  out.most = item.value("maximum", out.type == "number" ? kMost : kLongest);
  for (const auto& choice : item.value("choices", json::array()))
    out.choices.emplace_back(choice.at("value").get<std::string>(), choice.at("title").get<std::string>());
  if (out.type == "lookup" && out.choices.empty()) fail("plugin.setting_choices", {{"code", out.code}});
  out.hosts = item.value("hosts", out.hosts);
  json standard = "";
  if (out.type == "secret") standard = nullptr;
  if (out.type == "number") standard = out.least;
  if (out.type == "yes_no") standard = false;
  if (out.type == "lookup") standard = out.choices.front().first;
  out.standard = item.value("default", standard).dump();
  return out;
}

Manifest from_document(const json& document) {
  Manifest manifest;
  manifest.id = document.at("id").get<std::string>();
  manifest.version = document.at("version").get<std::string>();
  manifest.sdk = document.at("sdk").get<std::string>();
  manifest.kinds = document.at("kinds").get<std::vector<std::string>>();
  manifest.title = document.at("title").get<std::string>();
  manifest.description = document.at("description").get<std::string>();
  manifest.licence = document.at("licence").get<std::string>();
  manifest.library = document.value("library", manifest.id + ".so");
  manifest.needs = document.value("needs", manifest.needs);
  manifest.offers = document.at("offers").get<std::vector<std::string>>();
  manifest.egress = document.value("egress", manifest.egress);
  for (const auto& place : document.value("net", json::array())) manifest.net.push_back(read_net(place));
  manifest.secrets = read_secrets(document);
  if (document.contains("profile")) {
    manifest.profile.title = document.at("profile").value("title", manifest.title);
    manifest.profile.secrets = read_secrets(document.at("profile"));
    manifest.profile.authorities = document.at("profile").value("authorities", "");
  }
  const auto grants = document.value("grants", json::object());
  for (const auto& item : grants.items()) manifest.grants[item.key()] = read_grant(item.key(), item.value());
  check_grants(manifest, document.contains("profile"));
  for (const auto& route : document.value("routes", json::array())) {
    manifest.routes.push_back(read_route(route));
    check_profile_route(manifest.routes.back(), document.contains("profile"));
  }
  for (const auto& setting : document.value("settings", json::array()))
    manifest.settings.push_back(read_setting(setting));
  for (const auto& process : document.value("processes", json::array()))
    manifest.processes.push_back(process.dump());
  const bool runs_processes =
      std::find(manifest.offers.begin(), manifest.offers.end(), "pb.process/1") != manifest.offers.end();
  if (!manifest.processes.empty() && !runs_processes) fail("plugin.processes_offer", {});
  manifest.required_settings = document.value("requires_settings", manifest.required_settings);
  for (const auto& listener : document.value("listeners", json::array())) {
    manifest.listeners.push_back({listener.at("id").get<std::string>(), read_condition(listener)});
  }
  for (const auto& job : document.value("jobs", json::array())) {
    manifest.jobs.push_back(read_job(job));
    const auto& id = manifest.jobs.back().id;
    const auto same = [&](const JobSpec& other) { return other.id == id; };
    if (std::count_if(manifest.jobs.begin(), manifest.jobs.end(), same) > 1)
      fail("plugin.job_twice", {{"job", id}});
  }
  manifest.channel = dumped(document, "channel");
  manifest.calls_per_instance = document.value("calls_per_instance", manifest.calls_per_instance);
  manifest.blocking = document.value("blocking", manifest.blocking);
  manifest.instances_per_worker = document.value("instances_per_worker", manifest.instances_per_worker);
  return manifest;
}

json checked_document(std::string_view text) {
  static const auto* schema = new schema::Schema(
      schema::Schema::compile(json::parse(embedded_schemas().front().second), "schemas/plugin.json"));
  auto document = parse_json("plugin.json", text);
  schema::throw_if_any(schema->check(document), Text("plugin.bad_manifest"));
  return document;
}

std::array<int, 3> numbers_of(std::string_view version) {
  std::array<int, 3> out{};
  std::sscanf(std::string(version).c_str(), "%d.%d.%d", &out[0], &out[1], &out[2]);
  return out;
}

std::string_view pre_release(std::string_view version) {
  const auto dash = version.find('-');
  return dash == version.npos ? std::string_view() : version.substr(dash + 1);
}

}  // namespace

const std::vector<std::string>& host_extensions() {
  static const auto* names = new std::vector<std::string>{
      "pb.blob/1", "pb.clock/1", "pb.dns/1",     "pb.events/1", "pb.http/1", "pb.metrics/1", "pb.live/1",
      "pb.net/1",  "pb.oauth/1", "pb.secrets/1", "pb.state/1",  "pb.sync/1", "pb.webhook/1"};
  return *names;
}

bool holds(const std::optional<Condition>& condition, const json& settings) {
  if (!condition) return true;
  const json::json_pointer pointer(condition->pointer);
  return settings.contains(pointer) && settings.at(pointer) == condition->equals;
}

Manifest parse_manifest(std::string_view text) {
  auto manifest = from_document(checked_document(text));
  check_needs(manifest);
  return manifest;
}

Manifest read_manifest(const fs::path& folder) {
  if (!fs::exists(folder / "plugin.json"))
    fail("plugin.no_manifest", {{"folder", folder.filename().string()}});
  const auto document = checked_document(read_text(folder / "plugin.json"));
  auto manifest = from_document(document);
  check_needs(manifest);
  manifest.folder = folder;
  const auto library = inside(folder, manifest.library);
  if (!fs::is_regular_file(library)) fail("plugin.no_library", {{"file", manifest.library}});
  manifest.sha256 = sha256_of(library);
  if (document.contains("setup")) {
    manifest.setup_version = document.at("setup").value("version", manifest.setup_version);
    manifest.has_steps = document.at("setup").value("steps", false);
    manifest.setup_schema = read_form(folder, document.at("setup").at("schema").get<std::string>());
  }
  if (document.contains("profile"))
    manifest.profile.schema = read_form(folder, document.at("profile").at("schema").get<std::string>());
  manifest.web = read_web_files(folder);
  if (document.contains("locales"))
    read_locales(inside(folder, document.at("locales").get<std::string>()), manifest);
  return manifest;
}

bool is_older(std::string_view a, std::string_view b) {
  const auto left = numbers_of(a);
  const auto right = numbers_of(b);
  if (left != right) return left < right;
  const auto pre_a = pre_release(a);
  const auto pre_b = pre_release(b);
  if (pre_a.empty() != pre_b.empty()) return !pre_a.empty();
  return pre_a < pre_b;
}

}  // namespace patchbay::plugin
