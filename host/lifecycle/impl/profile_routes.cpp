#include "lifecycle/profile_routes.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lifecycle/impl/shared.hpp"
#include "port/limits.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using nlohmann::json;
using plugin::Profile;

namespace {

constexpr Id kTurn = 0;

bool has_routes(const plugin::Manifest& manifest) {
  return std::any_of(manifest.routes.begin(), manifest.routes.end(),
                     [](const auto& route) { return route.of_profile; });
}

}  // namespace

ProfileRoutes::ProfileRoutes(Parts parts)
    : parts_(std::move(parts)),
      turn_(parts_.executor),
      former_secrets_(parts_.executor, parts_.clock, parts_.redactor, parts_.logger,
                      [this](Id profile) { return mount_again(profile); }) {}

asio::awaitable<void> ProfileRoutes::follow() {
  const auto held = co_await turn_.lock(kTurn);
  auto read = [](store::Session& session) { return plugin::Profiles().list(session, 0, 1'000'000); };
  const auto profiles = co_await parts_.store.read(std::move(read));
  std::map<Id, Mounted> before;
  before.swap(mounted_);
  for (const auto& profile : profiles) {
    const auto manifest = parts_.catalogue.find(profile.plugin);
    const auto known = before.extract(profile.id);
    const Mounted now{profile.updated_at, manifest};
    const bool same =
        known && known.mapped().updated_at == now.updated_at && known.mapped().manifest == now.manifest;
    mounted_[profile.id] = now;
    if (!same) co_await mount(profile, manifest);
  }
  for (const auto& [gone, what] : before) {
    parts_.routes.unmount(gone);
    former_secrets_.watch(gone, {}, {});
    troubles_.erase(gone);
  }
}

asio::awaitable<void> ProfileRoutes::site_moved() {
  {
    const auto held = co_await turn_.lock(kTurn);
    for (auto& [id, mounted] : mounted_) mounted.manifest = nullptr;
  }
  co_await follow();
}

asio::awaitable<void> ProfileRoutes::mount(Profile profile, ManifestPtr manifest) {
  if (manifest && !has_routes(*manifest)) co_return parts_.routes.unmount(profile.id);
  std::optional<Error> failed;
  try {
    if (!manifest) throw Error(Code::unavailable, Text("plugin.unknown", {{"plugin", profile.plugin}}));
    auto read = [this, id = profile.id](store::Session& session) {
      RouteSecrets all;
      add_profile(session, parts_.vault, id, all);
      return all;
    };
    auto secrets = co_await parts_.store.read(std::move(read));
    former_secrets_.watch(profile.id, secrets.former_values(), secrets.until);
    hooks::Mount wanted(profile.id, profile.plugin, lookup_in(std::move(secrets)));
    wanted.of_profile = true;
    for (const auto& route : manifest->routes) {
      if (route.of_profile) wanted.add(route);
    }
    parts_.routes.mount(std::move(wanted));
  } catch (const Error& error) {
    failed = error;
  }
  if (!failed) {
    troubles_.erase(profile.id);
    co_return;
  }
  parts_.routes.close(profile.id, profile.plugin, true);
  mounted_.erase(profile.id);  // the next look tries again
  if (std::exchange(troubles_[profile.id], failed->what()) == failed->what()) co_return;  // said already
  parts_.logger.error("routes of a profile cannot be mounted",
                      {{"profile", to_string_id(profile.id)}, {"error", failed->what()}});
}

// The next look mounts it, also where nothing else has changed.
asio::awaitable<void> ProfileRoutes::mount_again(Id profile) {
  {
    const auto held = co_await turn_.lock(kTurn);
    mounted_.erase(profile);
  }
  co_await follow();
}

std::map<std::string, std::string> ProfileRoutes::addresses(const Profile& profile) const {
  std::map<std::string, std::string> out;
  const auto manifest = parts_.catalogue.find(profile.plugin);
  if (!manifest) return out;
  for (const auto& route : manifest->routes) {
    if (route.of_profile) out[route.id] = parts_.routes.profile_address(profile.plugin, profile.id, route.id);
  }
  return out;
}

asio::awaitable<void> ProfileRoutes::came_up(Id integration) {
  auto find = [integration](store::Session& session) {
    return plugin::Integrations().find(session, integration);
  };
  const auto found = co_await parts_.store.read(std::move(find));
  if (found && found->profile) parts_.ready(*found->profile);
}

// Of the integration that a webhook says it is for; empty when it says nothing.
std::string ProfileRoutes::identity_named(const std::string& plugin, const port::Call& call) const {
  const auto manifest = parts_.catalogue.find(plugin);
  if (!manifest || call.message.blobs.empty()) return "";
  const auto asked = json::parse(call.message.json, nullptr, false);
  const auto name = asked.is_object() ? asked.value("route", std::string()) : std::string();
  const auto route = std::find_if(manifest->routes.begin(), manifest->routes.end(),
                                  [&](const auto& each) { return each.id == name; });
  if (route == manifest->routes.end() || route->identity_place.empty()) return "";
  const auto body = json::parse(call.message.blobs.front(), nullptr, false);
  const json::json_pointer place(route->identity_place);
  if (body.is_discarded() || !body.contains(place)) return "";
  const auto& named = body.at(place);
  if (named.is_string()) return route->identity_prefix + named.get<std::string>();
  return named.is_number_integer() ? route->identity_prefix + named.dump() : "";
}

asio::awaitable<port::Result> ProfileRoutes::call(Id profile, port::Call call) {
  struct One {
    Id id;
    std::string identity;
  };
  struct Found {
    std::optional<Profile> profile;
    std::vector<One> integrations;
  };
  auto read = [profile](store::Session& session) {
    Found found;
    found.profile = plugin::Profiles().find(session, profile);
    // Those that work come first.
    for (const auto& row : session.query("select id, identity from integrations where profile = :profile and "
                                         "state not in ('draft', 'inactive') "
                                         "order by case when state = 'active' then 0 else 1 end, id",
                                         {profile}))
      found.integrations.push_back({row.integer(0), row.text(1)});
    return found;
  };
  Found found;
  auto result = port::failure(Code::unavailable, Text("lifecycle.profile_not_connected"));
  try {
    found = co_await parts_.store.read(std::move(read));
  } catch (const Error& error) {
    co_return port::failure(error.code(), error.text());
  }
  if (!found.profile)
    co_return port::failure(Code::not_found,
                            Text("lifecycle.profile_not_found", {{"id", to_string_id(profile)}}));
  auto& all = found.integrations;
  const auto identity = identity_named(found.profile->plugin, call);
  std::stable_partition(all.begin(), all.end(),
                        [this](const One& one) { return parts_.lifecycle.owns(one.id); });
  // The integration that is meant knows more of what it says: only it may ask for names.
  std::stable_partition(all.begin(), all.end(),
                        [&](const One& one) { return !identity.empty() && one.identity == identity; });
  for (const auto& [integration, who] : all) {
    auto again = call;
    if (!parts_.lifecycle.owns(integration)) {
      auto lending = parts_.lifecycle.lend(integration);
      const bool lent = co_await std::move(lending);
      if (!lent) continue;
    }
    result = co_await parts_.caller.call(integration, std::move(again));
    // What one of them cannot, another may: to process has no side effects.
    const bool passes = result.code == Code::unavailable || result.code == Code::unauthenticated;
    if (!passes) co_return result;
    if (!parts_.lifecycle.owns(integration)) co_await parts_.lifecycle.give_back(integration);
  }
  co_return result;
}

}  // namespace patchbay::lifecycle
