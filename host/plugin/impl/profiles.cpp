#include "plugin/profiles.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "net/form.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

constexpr std::string_view kColumns = "id, plugin, name, settings, created_at, updated_at, declared";

std::string select(std::string_view rest) {
  return "select " + std::string(kColumns) + " from profiles " + std::string(rest);
}

Profile from_row(const store::Row& row) {
  Profile out;
  out.id = row.integer(0);
  out.plugin = row.text(1);
  out.name = row.text(2);
  out.settings = row.text(3);
  out.created_at = row.integer(4);
  out.updated_at = row.integer(5);
  out.declared = row.maybe_text(6);
  return out;
}

std::optional<Profile> from_row(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return from_row(*row);
}

void require_free_name(store::Session& session, const Profiles& table, const Profile& profile) {
  const auto other = table.named(session, profile.plugin, profile.name);
  if (other && other->id != profile.id)
    throw Error(Code::conflict, Text("plugin.profile_name", {{"name", profile.name}}));
}

std::vector<Id> ids(const std::vector<store::Row>& rows) {
  std::vector<Id> out;
  for (const auto& row : rows) out.push_back(row.integer(0));
  return out;
}

}  // namespace

void Profiles::insert(store::Session& session, const Profile& profile) const {
  require_free_name(session, *this, profile);
  session.exec("insert into profiles(" + std::string(kColumns) +
                   ") values (:id, :plugin, :name, :settings, :created_at, :updated_at, :declared)",
               {profile.id, profile.plugin, profile.name, profile.settings, profile.created_at,
                profile.updated_at, store::nullable(profile.declared)});
}

bool Profiles::update(store::Session& session, const Profile& before, const Profile& after) const {
  require_free_name(session, *this, after);
  return session.exec(
             "update profiles set name = :name, settings = :settings, updated_at = :at where id = :id and "
             "name = :old_name and settings = :old_settings",
             {after.name, after.settings, after.updated_at, after.id, before.name, before.settings}) == 1;
}

bool Profiles::is_used(store::Session& session, Id id) const {
  return !users(session, id).empty() ||
         session.query_one("select id from grants where profile = :id limit 1", {id}).has_value();
}

std::optional<Profile> Profiles::find(store::Session& session, Id id) const {
  return from_row(session.query_one(select("where id = :id"), {id}));
}

std::optional<Profile> Profiles::named(store::Session& session, std::string_view plugin,
                                       std::string_view name) const {
  return from_row(session.query_one(select("where plugin = :plugin and name = :name"),
                                    {std::string(plugin), std::string(name)}));
}

std::vector<Profile> Profiles::list(store::Session& session, Id after, std::int64_t limit) const {
  std::vector<Profile> out;
  for (const auto& row : session.query(select("where id > :after order by id limit :limit"), {after, limit}))
    out.push_back(from_row(row));
  return out;
}

std::vector<Profile> Profiles::declared(store::Session& session) const {
  std::vector<Profile> out;
  for (const auto& row : session.query(select("where declared is not null order by id")))
    out.push_back(from_row(row));
  return out;
}

void Profiles::set_declared(store::Session& session, Id id, const std::optional<std::string>& name) const {
  session.exec("update profiles set declared = :name where id = :id", {store::nullable(name), id});
}

std::vector<Id> Profiles::users(store::Session& session, Id id) const {
  return ids(session.query("select id from integrations where profile = :id order by id", {id}));
}

bool Profiles::remove(store::Session& session, Id id) const {
  if (is_used(session, id)) return false;
  session.exec("delete from profiles where id = :id", {id});
  return true;
}

std::vector<UsedGrant> used_grants(store::Session& session, Id integration) {
  std::vector<UsedGrant> out;
  for (const auto& row : session.query(
           "select name, grant_id from integration_grants where integration = :id order by name, position",
           {integration})) {
    out.push_back({row.text(0), row.integer(1)});
  }
  return out;
}

void use_grant(store::Session& session, Id integration, const std::string& name, Id grant) {
  for (const auto& used : used_grants(session, integration)) {
    if (used.name == name && used.grant == grant) return;
  }
  const auto last = session.query_one(
      "select cast(max(position) as bigint) from integration_grants where integration = :id and name = :name",
      {integration, name});
  const auto position = last ? last->maybe_integer(0).value_or(-1) + 1 : 0;
  session.exec(
      "insert into integration_grants(integration, name, position, grant_id) values (:id, :name, :position, "
      ":grant)",
      {integration, name, position, grant});
}

void set_grants(store::Session& session, Id integration, const std::vector<UsedGrant>& grants) {
  session.exec("delete from integration_grants where integration = :id", {integration});
  for (const auto& used : grants) use_grant(session, integration, used.name, used.grant);
}

std::vector<Id> users_of_grant(store::Session& session, Id grant) {
  return ids(session.query(
      "select distinct integration from integration_grants where grant_id = :id order by integration",
      {grant}));
}

std::string fill_from_profile(std::string_view text, const std::string& settings) {
  constexpr std::string_view kOpening = "{profile:";
  const auto values = json::parse(settings);
  std::string out;
  for (;;) {
    const auto begin = text.find(kOpening);
    const auto end = begin == text.npos ? text.npos : text.find('}', begin);
    if (end == text.npos) return out.append(text);
    const std::string pointer(text.substr(begin + kOpening.size(), end - begin - kOpening.size()));
    std::string value;
    try {
      const auto& found = values.at(json::json_pointer(pointer));
      value = found.is_string() ? found.get<std::string>() : found.dump();
    } catch (const json::exception&) {
      throw Error(Code::invalid, Text("plugin.profile_value", {{"pointer", pointer}}));
    }
    // Only as the beginning may it be an address: elsewhere it is a part of one.
    if (begin > 0 || !out.empty()) value = net::percent_encode(value);
    // "https://id.example/" and "/token" make one slash.
    const auto rest = text.substr(end + 1);
    if (rest.starts_with('/') && value.ends_with('/')) value.pop_back();
    out.append(text.substr(0, begin)).append(value);
    text = rest;
  }
}

std::string authorities_of(const Manifest& manifest, const std::string& settings) {
  if (manifest.profile.authorities.empty()) return {};
  const auto values = json::parse(settings, nullptr, false);
  try {
    return values.at(json::json_pointer(manifest.profile.authorities)).get<std::string>();
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace patchbay::plugin
