#include "hooks/route_table.hpp"

#include <set>

#include <nlohmann/json.hpp>

#include "hooks/impl/spec.hpp"

namespace patchbay::hooks {

namespace {

using nlohmann::json;

// Above what routes allow: a provider is told 503, not 413.
constexpr std::uint64_t kClosedBodyLimit = 64u << 20;

// Of routes that the host serves by itself: what is sent there is not looked at.
constexpr std::uint64_t kOwnBodyLimit = 4096;

Answer compile_reply(const std::string& text) {
  if (text.empty()) return Answer(200);
  const auto spec = parse_spec(text, "reply", {"status", "type", "body"});
  Answer reply(200, string_field(spec, "type", ""), string_field(spec, "body", ""));
  if (const auto status = spec.find("status"); status != spec.end()) {
    if (!status->is_number_unsigned() || *status < 200 || *status > 299) refuse_field("status");
    reply.status = status->get<int>();
  }
  if (!reply.body.empty() && reply.type.empty()) refuse_field("type");
  return reply;
}

// Those that are there, where they are.
std::string pick_settings(const std::string& settings, const std::vector<std::string>& pointers) {
  const auto all = json::parse(settings, nullptr, false);
  auto picked = json::object();
  for (const auto& each : pointers) {
    const json::json_pointer place(each);
    if (all.is_object() && all.contains(place)) picked[place] = all.at(place);
  }
  return json{{"settings", std::move(picked)}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

// "/hooks/<plugin>/<integration>/<route>", of a profile "/hooks/<plugin>/-/<profile>/<route>".
std::string path_of(const std::string& plugin, Id owner, bool of_profile, const std::string& route) {
  return "/hooks/" + plugin + (of_profile ? "/-/" : "/") + to_string_id(owner) + "/" + route;
}

// The same error, with the route in front: its author reads it in a list of many.
[[noreturn]] void rethrow_for(const std::string& plugin, const std::string& route, const Error& error) {
  throw Error(error.code(),
              Text("hooks.route", {{"plugin", plugin}, {"route", route}, {"detail", error.what()}}));
}

}  // namespace

RouteTable::RouteTable(SiteAddress site_url) : site_url_(std::move(site_url)) {}

std::string RouteTable::address_of(const std::string& path) const {
  return site_url_.get() + path;
}

std::string RouteTable::address(const std::string& plugin, Id integration, const std::string& route) const {
  return address_of(path_of(plugin, integration, false, route));
}

std::string RouteTable::profile_address(const std::string& plugin, Id profile,
                                        const std::string& route) const {
  return address_of(path_of(plugin, profile, true, route));
}

std::shared_ptr<const Route> RouteTable::compile(const Mount& mount, const plugin::RouteSpec& spec,
                                                 bool served, bool close_if_secret_missing) const try {
  auto route = std::make_shared<Route>(KeyReader(spec.order, spec.dedupe));
  route->integration = mount.integration;
  route->of_profile = mount.of_profile;
  route->plugin = mount.plugin;
  route->id = spec.id;
  route->kind = spec.kind;
  route->path = path_of(mount.plugin, mount.integration, mount.of_profile, spec.id);
  route->address = address_of(route->path);
  route->methods = spec.methods;
  route->body_limit = spec.body_limit;
  route->reply = compile_reply(spec.reply);
  route->served = served;
  route->traffic = mount.traffic;
  if (!spec.cors.empty()) route->cors.emplace(mount.settings, spec.cors);
  route->session_ttl = spec.session_ttl;
  if (!spec.settings.empty()) route->shown_settings = pick_settings(mount.settings, spec.settings);
  if (!served) return route;
  if (spec.kind != plugin::RouteSpec::Kind::webhook) {
    route->body_limit = kOwnBodyLimit;
    return route;
  }
  if (spec.verify.empty()) throw Error(Code::invalid, Text("hooks.verifier_missing"));
  if (spec.https && !site_url_.is_https()) throw Error(Code::invalid, Text("hooks.https_needed"));
  try {
    if (!spec.challenge.empty()) route->challenge = Challenge::compile(spec.challenge, mount.secrets);
    route->verifier = Verifier::compile(spec.verify, mount.secrets, mount.consent);
    route->secret_headers = route->verifier->secret_headers();
  } catch (const Error& error) {
    if (!close_if_secret_missing || error.code() != Code::unavailable) throw;
    route->challenge.reset();
  }
  return route;
} catch (const Error& error) {
  rethrow_for(mount.plugin, spec.id, error);
}

RouteTable::Routes RouteTable::compile(const Mount& mount, bool close_if_secret_missing) const {
  Routes routes;
  for (const auto& [spec, served] : mount.routes) {
    routes.push_back(compile(mount, spec, served, close_if_secret_missing));
  }
  return routes;
}

// What stays open answers all the time: the new comes before the old goes.
void RouteTable::replace(Entry& entry, std::shared_ptr<const Mount> mount, Routes routes) {
  std::set<std::string_view> open;
  for (const auto& route : routes) {
    if (!route->served) continue;
    open.insert(route->path);
    Shard& part = shard(route->path);
    const std::lock_guard part_lock(part.mutex);
    part.routes[route->path] = route;
  }
  for (const auto& route : entry.routes) {
    if (open.count(route->path) > 0) continue;
    Shard& part = shard(route->path);
    const std::lock_guard part_lock(part.mutex);
    part.routes.erase(route->path);
  }
  entry = Entry{std::move(mount), std::move(routes)};
}

void RouteTable::mount(Mount mount) {
  auto kept = std::make_shared<const Mount>(std::move(mount));
  auto routes = compile(*kept, false);
  const std::lock_guard lock(mutex_);
  replace(integrations_[kept->integration], kept, std::move(routes));
}

void RouteTable::unmount(Id integration) {
  const std::lock_guard lock(mutex_);
  const auto found = integrations_.find(integration);
  if (found == integrations_.end()) return;
  replace(found->second, nullptr, {});
  integrations_.erase(found);
}

void RouteTable::close(Id integration, const std::string& plugin, bool of_profile) {
  const plugin::RouteSpec any;
  auto route = std::make_shared<Route>(KeyReader(any.order, any.dedupe));
  route->integration = integration;
  route->plugin = plugin;
  route->path = path_of(plugin, integration, of_profile, "");
  route->body_limit = kClosedBodyLimit;
  route->served = true;
  auto mount = std::make_shared<const Mount>(integration, plugin, SecretLookup());
  const std::lock_guard lock(mutex_);
  replace(integrations_[integration], std::move(mount), {std::move(route)});
}

bool RouteTable::refresh(Id integration, SecretLookup secrets) {
  std::shared_ptr<const Mount> mount;
  {
    const std::lock_guard lock(mutex_);
    const auto found = integrations_.find(integration);
    if (found == integrations_.end() || found->second.mount->routes.empty()) return true;
    mount = found->second.mount;
  }
  auto changed = std::make_shared<Mount>(*mount);
  changed->secrets = std::move(secrets);
  auto routes = compile(*changed, true);
  bool open = true;
  for (const auto& route : routes) {
    const bool is_webhook = route->kind == plugin::RouteSpec::Kind::webhook;
    open &= !route->served || !is_webhook || route->verifier != nullptr;
  }
  const std::lock_guard lock(mutex_);
  const auto found = integrations_.find(integration);
  // Who mounted or unmounted meanwhile has seen the secrets later.
  if (found != integrations_.end() && found->second.mount == mount)
    replace(found->second, std::move(changed), std::move(routes));
  return open;
}

std::shared_ptr<const Route> RouteTable::find(std::string_view path) const {
  if (auto route = look_up(path)) return route;
  return look_up(path.substr(0, path.rfind('/') + 1));
}

std::shared_ptr<const Route> RouteTable::look_up(std::string_view path) const {
  const Shard& part = shard(path);
  const std::lock_guard lock(part.mutex);
  const auto found = part.routes.find(path);
  return found == part.routes.end() ? nullptr : found->second;
}

std::shared_ptr<const Route> RouteTable::find(Id integration, const std::string& route) const {
  const std::lock_guard lock(mutex_);
  const auto found = integrations_.find(integration);
  if (found == integrations_.end()) return nullptr;
  for (const auto& known : found->second.routes) {
    if (known->id == route) return known;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const Route>> RouteTable::webhooks(Id integration) const {
  const std::lock_guard lock(mutex_);
  const auto found = integrations_.find(integration);
  Routes out;
  if (found == integrations_.end()) return out;
  for (const auto& route : found->second.routes) {
    if (route->served && route->kind == plugin::RouteSpec::Kind::webhook) out.push_back(route);
  }
  return out;
}

}  // namespace patchbay::hooks
