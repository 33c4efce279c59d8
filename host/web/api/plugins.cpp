#include "web/api/plugins.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "plugin/read_manifest.hpp"
#include "plugin/settings.hpp"
#include "store/audit.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kPlugin =
    R"({"type": "object", "required": ["id", "version", "state", "reason"], "properties": {
    "id": {"type": "string"}, "version": {"type": ["string", "null"]},
    "state": {"type": "string", "enum": ["ready", "found", "disabled", "superseded", "kept", "broken"],
      "description": "found: nobody has enabled it yet, which its first integration does too; superseded: another version runs; kept: a copy of a version that was here before, to go back to"},
    "reason": {"type": ["object", "null"], "properties": {"code": {"type": "string"}, "text": {"type": "string"}}},
    "signed_by": {"type": ["string", "null"], "description": "The trusted key that signed it"},
    "title": {"type": ["string", "null"]}, "description": {"type": ["string", "null"]}, "licence": {"type": ["string", "null"]},
    "kinds": {"type": "array", "items": {"type": "string"}}, "egress": {"type": "array", "items": {"type": "string"}},
    "net": {"type": "array", "description": "Where it may connect to beside HTTP", "items": {"type": "object", "properties": {
      "host": {"type": "string"}, "ports": {"type": "array", "items": {"type": "string"}}}}},
    "folder": {"type": "string"},
    "setup_schema": {"type": ["object", "null"], "description": "In the language that was asked for; its words for forms: schemas/setup.json"},
    "profile_schema": {"type": ["object", "null"], "description": "What integrations of it share"},
    "has_steps": {"type": "boolean", "description": "It leads through the set-up"},
    "grants": {"type": "array", "description": "What people sign in for", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "title": {"type": "string"}, "ways": {"type": "array", "items": {"type": "string", "enum": ["code", "device", "password"]}}}}}}})";
constexpr const char* kUse =
    R"({"type": "object", "additionalProperties": false, "required": ["version"], "properties": {
    "version": {"type": ["string", "null"], "description": "null: the newest, now and in future"}}})";

json shown(const plugin::CatalogueEntry& entry, const std::string& language) {
  json out = {{"id", entry.id},
              {"version", or_null(entry.version)},
              {"state", plugin::state_name(entry.state)},
              {"reason", reason_in(language, entry.reason.id(), entry.reason.kept())},
              {"folder", entry.folder.string()},
              {"signed_by", or_null(entry.signed_by)},
              {"title", nullptr},
              {"description", nullptr},
              {"licence", nullptr},
              {"kinds", json::array()},
              {"egress", json::array()},
              {"net", json::array()},
              {"setup_schema", nullptr},
              {"profile_schema", nullptr},
              {"has_steps", false},
              {"grants", json::array()}};
  if (!entry.manifest) return out;
  out["title"] = entry.manifest->title;
  out["description"] = entry.manifest->description;
  out["licence"] = entry.manifest->licence;
  out["kinds"] = entry.manifest->kinds;
  out["egress"] = entry.manifest->egress;
  for (const auto& place : entry.manifest->net)
    out["net"].push_back({{"host", place.host}, {"ports", place.ports}});
  const auto& manifest = *entry.manifest;
  const auto form_in = [&](const plugin::Form& form) {
    const auto text = plugin::form_in(form, manifest, language);
    return text.empty() ? json() : json::parse(text);
  };
  out["setup_schema"] = form_in(plugin::setup_form(manifest));
  out["profile_schema"] = form_in(plugin::profile_form(manifest));
  out["has_steps"] = manifest.has_steps;
  for (const auto& [name, grant] : manifest.grants) {
    auto ways = json::array();
    if (grant.by_password) ways.push_back("password");
    if (!grant.authorize.empty()) ways.push_back("code");
    if (!grant.device.empty()) ways.push_back("device");
    out["grants"].push_back({{"name", name}, {"title", grant.title}, {"ways", std::move(ways)}});
  }
  return out;
}

bool comes_before(const plugin::CatalogueEntry& a, const plugin::CatalogueEntry& b) {
  if (a.id != b.id) return a.id < b.id;
  const bool versions = !a.version.empty() && !b.version.empty();
  if (versions && plugin::is_older(a.version, b.version)) return true;
  if (versions && plugin::is_older(b.version, a.version)) return false;
  return a.folder < b.folder;
}

asio::awaitable<bool> remove_from(plugin::Catalogue& catalogue, std::string id, std::filesystem::path own) {
  co_return catalogue.remove(id, own);
}

}  // namespace

void PluginsApi::add_to(Router& router) {
  router.component("Plugin", kPlugin);
  const std::string plugin = R"({"$ref": "#/components/schemas/Plugin"})";
  const std::string path = "/api/v1/plugins";
  router.add(Operation::read_plugins, Verb::get, path, bound(this, &PluginsApi::list),
             Doc("List plugins")
                 .about("Every version that was found, with the reason where one is broken.")
                 .lists(plugin));
  router.add(Operation::read_plugins, Verb::get, path + "/{plugin}", bound(this, &PluginsApi::show),
             Doc("Show a plugin")
                 .about("The version that runs, or would.")
                 .path("plugin", "Its id")
                 .answers(200, "The plugin", plugin)
                 .errors({404}));
  const auto act = [&](const char* verb, const char* about, Doc doc,
                       asio::awaitable<Response> (PluginsApi::*handler)(Call)) {
    router.add(
        Operation::manage_plugins, Verb::post, path + "/{plugin}/" + verb, bound(this, handler),
        doc.about(about).path("plugin", "Its id").answers(200, "The plugin", plugin).errors({404, 409}));
  };
  act("use",
      "Its integrations are taken to that version while they run; those that it cannot take stay and say "
      "why.",
      Doc("Choose the version of a plugin").json(kUse), &PluginsApi::use);
  act("enable",
      "One that was found runs only when somebody has enabled it, added an integration or a profile of it, "
      "or chosen its version.",
      Doc("Let a plugin run").json(R"({"type": "object"})").optional(), &PluginsApi::enable);
  act("disable", "Its webhooks are still stored; they are processed when it is enabled again.",
      Doc("Let a plugin run no more").json(R"({"type": "object"})").optional(), &PluginsApi::disable);
  router.add(Operation::manage_plugins, Verb::del, path + "/{plugin}", bound(this, &PluginsApi::remove),
             Doc("Remove a plugin")
                 .about("Its folders below plugins in the state folder, the copies of its versions and "
                        "what was chosen for it. One that has integrations can be disabled only.")
                 .path("plugin", "Its id")
                 .answers(204, "Removed")
                 .errors({404, 409}));
}

asio::awaitable<Response> PluginsApi::list(Call call) {
  const auto page = call.page();
  auto entries = catalogue_.list();
  std::sort(entries.begin(), entries.end(), comes_before);
  // The list is short and in memory: a cursor is the number of those that have been shown.
  const auto from = std::min(static_cast<std::size_t>(page.after), entries.size());
  const auto to = std::min(from + page.limit, entries.size());
  json items = json::array();
  for (auto i = from; i < to; ++i) items.push_back(shown(entries[i], call.language()));
  const auto next = to < entries.size() ? std::optional(static_cast<Id>(to)) : std::nullopt;
  co_return answer_list(std::move(items), next);
}

Response PluginsApi::shown_now(const Call& call) const {
  const auto& id = call.param("plugin");
  const plugin::CatalogueEntry* found = nullptr;
  const auto entries = catalogue_.list();
  for (const auto& entry : entries) {
    if (entry.id == id && (found == nullptr || plugin::goes_first(entry.state))) found = &entry;
  }
  if (found == nullptr) throw Error(Code::not_found, Text("plugin.unknown", {{"plugin", id}}));
  return answer(200, shown(*found, call.language()));
}

asio::awaitable<Response> PluginsApi::show(Call call) {
  co_return shown_now(call);
}

asio::awaitable<Response> PluginsApi::choose(Call call, const char* action,
                                             std::function<void(plugin::Choice&)> change) {
  shown_now(call);  // 404
  auto work = [this, id = call.param("plugin"), who = call.who.actor(), action,
               change](store::Session& session) {
    auto choices = plugin::read_choices(session);
    const auto known = choices.find(id);
    auto choice = known == choices.end() ? plugin::Choice() : known->second;
    change(choice);
    if (known != choices.end() && known->second == choice) return;
    const auto now = clock_.now().time_since_epoch().count();
    plugin::write_choice(session, id, choice, who, now);
    store::write_audit(session, store::AuditEntry(ids_.next(), now, who, action, "plugin:" + id));
  };
  co_await store_.write(std::move(work));
  co_await chosen_();
  co_return shown_now(call);
}

asio::awaitable<Response> PluginsApi::use(Call call) {
  const auto& id = call.param("plugin");
  const auto& wanted = call.json().at("version");
  const auto version = wanted.is_null() ? std::string() : wanted.get<std::string>();
  const auto entries = catalogue_.list();
  const bool known = std::any_of(entries.begin(), entries.end(), [&](const plugin::CatalogueEntry& entry) {
    return entry.id == id && entry.manifest && entry.version == version;
  });
  if (!version.empty() && !known) {
    const Text words("plugin.no_such_version", {{"plugin", id}, {"version", version}});
    throw Error(Code::invalid, words).add(Diagnostic("/version", words));
  }
  auto change = [version](plugin::Choice& choice) { choice.version = version; };
  co_return co_await choose(std::move(call), "plugin.use", std::move(change));
}

asio::awaitable<Response> PluginsApi::enable(Call call) {
  auto change = [](plugin::Choice& choice) { choice.disabled = false; };
  co_return co_await choose(std::move(call), "plugin.enable", std::move(change));
}

asio::awaitable<Response> PluginsApi::disable(Call call) {
  auto change = [](plugin::Choice& choice) { choice.disabled = true; };
  co_return co_await choose(std::move(call), "plugin.disable", std::move(change));
}

asio::awaitable<Response> PluginsApi::remove(Call call) {
  const auto id = call.param("plugin");
  shown_now(call);  // 404
  auto look = [id](store::Session& session) { return plugin::Integrations().any_of(session, id); };
  const bool used = co_await store_.read(std::move(look));
  if (used) throw Error(Code::conflict, Text("plugin.has_integrations", {{"plugin", id}}));
  auto removing =
      asio::co_spawn(disk_.get_executor(), remove_from(catalogue_, id, own_), asio::use_awaitable);
  const bool removed = co_await std::move(removing);
  if (!removed)
    throw Error(Code::conflict, Text("plugin.not_removable", {{"plugin", id}, {"folder", own_.string()}}));
  auto forget = [this, id, who = call.who.actor()](store::Session& session) {
    plugin::forget_choice(session, id);
    store::write_audit(session, store::AuditEntry(ids_.next(), clock_.now().time_since_epoch().count(), who,
                                                  "plugin.remove", "plugin:" + id));
  };
  co_await store_.write(std::move(forget));
  co_await chosen_();
  co_return Response(204);
}

}  // namespace patchbay::web
