#include "web/api/settings.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/sessions.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::settings::Setting;
using nlohmann::json;

namespace {

constexpr const char* kSetting =
    R"({"type": "object", "required": ["code", "title", "about", "type", "value", "default", "updated_at"], "properties": {
    "code": {"type": "string"}, "title": {"type": "string"}, "about": {"type": "string"},
    "type": {"type": "string", "enum": ["number"]}, "value": {}, "default": {},
    "minimum": {"type": "integer"}, "maximum": {"type": "integer"},
    "operation": {"type": "string", "description": "Who is granted it may change the setting; CanManageAdministration may change all"},
    "updated_at": {"type": ["string", "null"], "format": "date-time", "description": "null: it has its default"},
    "updated_by": {"type": ["string", "null"]}}})";
constexpr const char* kSettings =
    R"({"type": "object", "required": ["settings"], "properties": {
    "settings": {"type": "array", "items": {"$ref": "#/components/schemas/Setting"}}}})";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "required": ["value"], "properties": {
    "value": {"description": "null: the default"}}})";

json shown(const Setting& setting, const std::string& language) {
  const auto& definition = *setting.definition;
  return {{"code", definition.code},
          {"title", definition.title.in(language)},
          {"about", definition.about.in(language)},
          {"type", definition.type},
          {"value", setting.value},
          {"default", definition.standard},
          {"minimum", definition.least},
          {"maximum", definition.most},
          {"operation", definition.manager},
          {"updated_at", time_of(setting.updated_at)},
          {"updated_by", or_null(setting.updated_by)}};
}

// A token that may change settings may change all.
void require_right(const Call& call, const Setting& setting) {
  const auto* session = call.who.session.get();
  if (session == nullptr || session->operations.contains("CanManageAdministration")) return;
  const std::string manager(setting.definition->manager);
  if (!session->operations.contains(manager))
    throw Error(Code::denied, Text("web.denied", {{"operation", manager}}));
}

}  // namespace

void SettingsApi::add_to(Router& router) {
  router.component("Setting", kSetting);
  const std::string setting = R"({"$ref": "#/components/schemas/Setting"})";
  const std::string path = "/api/v1/settings";
  router.add(Operation::read_settings, Verb::get, path, bound(this, &SettingsApi::list),
             Doc("Show the settings").answers(200, "All of them", kSettings));
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
}

asio::awaitable<Response> SettingsApi::list(Call call) {
  auto all = json::array();
  for (const auto& one : settings_.all()) all.push_back(shown(one, call.language()));
  co_return answer(200, {{"settings", std::move(all)}});
}

asio::awaitable<Response> SettingsApi::show(Call call) {
  co_return answer(200, shown(settings_.get(call.param("code")), call.language()));
}

asio::awaitable<Response> SettingsApi::change(Call call) {
  const auto code = call.param("code");
  require_right(call, settings_.get(code));
  const auto changed = co_await settings_.set(code, call.json().at("value"), call.who.name);
  co_return answer(200, shown(changed, call.language()));
}

}  // namespace patchbay::web
