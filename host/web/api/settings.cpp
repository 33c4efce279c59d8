#include "web/api/settings.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/sessions.hpp"
#include "web/api/shown.hpp"
#include "web/impl/file_response.hpp"
#include "web/impl/receive_file.hpp"
#include "web/plugin_files.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::settings::Definition;
using domain::settings::Setting;
using domain::settings::Type;
using nlohmann::json;

namespace {

constexpr const char* kAdministration = "CanManageAdministration";
constexpr const char* kSetting =
    R"({"type": "object", "required": ["code", "title", "about", "type", "value", "default", "is_set", "updated_at"], "properties": {
    "code": {"type": "string"}, "title": {"type": "string"}, "about": {"type": "string"},
    "type": {"type": "string", "enum": ["text", "number", "yes_no", "secret", "file", "lookup"]},
    "value": {"description": "Of a secret always null; of a file null or its name, type, size and sha256"}, "default": {},
    "is_set": {"type": "boolean", "description": "Whether it is not as it comes; of a secret whether there is one"},
    "minimum": {"type": "integer", "description": "Of a number; of a text or secret its characters"}, "maximum": {"type": "integer"},
    "choices": {"type": "array", "description": "Of a lookup", "items": {"type": "object", "required": ["value", "title"], "properties": {
      "value": {"type": "string"}, "title": {"type": "string"}}}},
    "operation": {"type": "string", "description": "Who is granted it may change the setting; CanManageAdministration may change all"},
    "plugin": {"type": ["string", "null"], "description": "Whose it is; null: the host's"},
    "updated_at": {"type": ["string", "null"], "format": "date-time", "description": "null: it has its default"},
    "updated_by": {"type": ["string", "null"]}}})";
constexpr const char* kSettings =
    R"({"type": "object", "required": ["settings"], "properties": {
    "settings": {"type": "array", "items": {"$ref": "#/components/schemas/Setting"}}}})";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "required": ["value"], "properties": {
    "value": {"description": "null: the default; of a secret or file: not set"}}})";

json shown(const Setting& setting, const std::string& language) {
  const auto& definition = setting.definition;
  json out = {{"code", definition.code},
              {"title", definition.title.in(language)},
              {"about", definition.about.in(language)},
              {"type", type_name(definition.type)},
              {"value", setting.value},
              {"default", definition.standard},
              {"is_set", setting.is_set},
              {"operation", definition.manager},
              {"plugin", or_null(definition.plugin)},
              {"updated_at", time_of(setting.updated_at)},
              {"updated_by", or_null(setting.updated_by)}};
  const bool is_bounded =
      definition.type == Type::number || definition.type == Type::text || definition.type == Type::secret;
  if (is_bounded) {
    out["minimum"] = definition.least;
    out["maximum"] = definition.most;
  }
  for (const auto& choice : definition.choices)
    out["choices"].push_back({{"value", choice.value}, {"title", choice.title.in(language)}});
  return out;
}

// A token whose scope has the route's operation may read and change all.
bool is_granted(const Call& call, const std::string& operation) {
  const auto* session = call.who.session.get();
  return session == nullptr || session->operations.contains(kAdministration) ||
         session->operations.contains(operation);
}

bool may_read(const Call& call, const Definition& definition) {
  return definition.for_everybody || definition.reader.empty() || is_granted(call, definition.reader) ||
         is_granted(call, definition.manager);
}

void require(bool granted, const std::string& operation) {
  if (!granted) throw Error(Code::denied, Text("web.denied_user", {{"operation", operation}}));
}

void require_reader(const Call& call, const Definition& definition) {
  require(may_read(call, definition), definition.reader);
}

void require_manager(const Call& call, const Definition& definition) {
  require(is_granted(call, definition.manager), definition.manager);
}

// The type is what the content says, whatever the client calls it.
void require_audio(store::Blob& file, std::string_view head) {
  auto type = domain::settings::audio_type(head);
  if (!type) throw Error(Code::invalid, Text("web.no_audio", {{"name", file.name}}));
  file.type = std::move(*type);
}

}  // namespace

void SettingsApi::add_to(Router& router) {
  router.component("Setting", kSetting);
  const std::string setting = R"({"$ref": "#/components/schemas/Setting"})";
  const std::string path = "/api/v1/settings";
  router.add(Operation::read_settings, Verb::get, path, bound(this, &SettingsApi::list),
             Doc("Show the settings").answers(200, "All that the caller may read", kSettings));
  router.add(Operation::read_settings, Verb::get, path + "/{code}", bound(this, &SettingsApi::show),
             Doc("Show a setting")
                 .path("code", "Of the setting")
                 .answers(200, "The setting", setting)
                 .errors({404}));
  router.add(Operation::manage_settings, Verb::put, path + "/{code}", bound(this, &SettingsApi::change),
             Doc("Change a setting")
                 .about("In effect on every host within a second.")
                 .path("code", "Of the setting")
                 .json(kChange)
                 .answers(200, "The setting", setting)
                 .errors({404}));
  router.add(Operation::manage_settings, Verb::put, path + "/{code}/file", bound(this, &SettingsApi::upload),
             Doc("Upload the file of a setting")
                 .about("multipart/form-data with one part that has a file name; it takes the place of the "
                        "former one. MaxFileSize says how large it may be.")
                 .path("code", "Of a setting of type file")
                 .stream("multipart/form-data", kLargestUpload)
                 .answers(200, "The setting", setting)
                 .errors({404, 413, 422}));
  router.add(Operation::own_session, Verb::get, path + "/{code}/file", bound(this, &SettingsApi::download),
             Doc("Download the file of a setting")
                 .about("The sound of notifications is for whoever is signed in.")
                 .path("code", "Of a setting of type file")
                 .header("If-None-Match", "ETag of the file that the client has")
                 .header("Range", "One range of bytes")
                 .answers(200, "The bytes", {}, "*/*")
                 .answers(206, "The range of them that was asked for", {}, "*/*")
                 .answers(304, "It is still the same")
                 .errors({404, 416}));
}

asio::awaitable<Response> SettingsApi::list(Call call) {
  auto all = json::array();
  for (const auto& one : settings_.all()) {
    if (may_read(call, one.definition)) all.push_back(shown(one, call.language()));
  }
  co_return answer(200, {{"settings", std::move(all)}});
}

asio::awaitable<Response> SettingsApi::show(Call call) {
  const auto setting = settings_.get(call.param("code"));
  require_reader(call, setting.definition);
  co_return answer(200, shown(setting, call.language()));
}

asio::awaitable<Response> SettingsApi::change(Call call) {
  const auto code = call.param("code");
  require_manager(call, settings_.get(code).definition);
  const auto changed = co_await settings_.set(code, call.json().at("value"), call.who.actor());
  co_return answer(200, shown(changed, call.language()));
}

asio::awaitable<Response> SettingsApi::upload(Call call) {
  const auto code = call.param("code");
  const auto definition = settings_.get(code).definition;
  require_manager(call, definition);
  settings_.require_file(code);
  Receiving receiving(store_, clock_, ids_, settings_);
  if (definition.is_audio) receiving.look = require_audio;
  auto received = receive_file(call.request, std::move(receiving));
  auto file = co_await std::move(received);
  auto setting = settings_.set_file(code, std::move(file), call.who.actor());
  const auto changed = co_await std::move(setting);
  co_return answer(200, shown(changed, call.language()));
}

asio::awaitable<Response> SettingsApi::download(Call call) {
  const auto setting = settings_.get(call.param("code"));
  require_reader(call, setting.definition);
  settings_.require_file(setting.definition.code);
  auto work = [id = setting.blob.value_or(0)](store::Session& session) {
    return store::find_blob(session, id);
  };
  const auto blob = co_await store_.read(std::move(work));
  if (!blob) throw Error(Code::not_found, Text("web.no_setting_file", {{"code", setting.definition.code}}));
  const auto etag = '"' + blob->sha256 + '"';
  const bool known = names_etag(call.request.headers.get("if-none-match"), etag);
  auto response = known ? Response(304) : file_response(store_, *blob, call.request);
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "private, no-cache");
  co_return response;
}

}  // namespace patchbay::web
