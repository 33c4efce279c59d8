#include "app/impl/verb_checker.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::app {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_abi_schemas();
const std::vector<std::pair<std::string_view, std::string_view>>& embedded_event_schemas();
const std::vector<std::pair<std::string_view, std::string_view>>& embedded_failure_schema();

namespace {

using nlohmann::json;

schema::Schema compile(const json& document, const json& part, const std::string& name) {
  auto whole = part;
  if (document.contains("definitions")) whole["definitions"] = document.at("definitions");
  return schema::Schema::compile(whole, name);
}

// "pb.http.1.json" holds the verbs of "pb.http/1".
std::string extension_of(std::string_view file) {
  std::string name(file.substr(0, file.rfind('.')));
  name[name.rfind('.')] = '/';
  return name;
}

std::optional<std::string> first_fault(const schema::Schema& schema, const json& value,
                                       const std::string& place = {}) {
  const auto found = schema.check(value);
  if (found.empty()) return std::nullopt;
  return place + found.front().path + ": " + found.front().summary.english();
}

}  // namespace

SchemaVerbChecker::SchemaVerbChecker() {
  for (const auto& [file, text] : embedded_abi_schemas()) {
    const auto document = json::parse(text);
    const auto verbs = document.value("verbs", json::object());
    for (const auto& verb : verbs.items()) {
      const auto method = extension_of(file) + ":" + verb.key();
      if (verb.value().contains("request"))
        requests_.emplace(method, compile(document, verb.value().at("request"), method));
      if (verb.value().contains("reply"))
        replies_.emplace(method, compile(document, verb.value().at("reply"), method));
    }
  }
  for (const auto& [file, text] : embedded_event_schemas())
    events_.emplace(file.substr(0, file.rfind('.')), schema::Schema::compile(json::parse(text), file));
  const auto& [file, text] = embedded_failure_schema().front();
  failures_.emplace("", schema::Schema::compile(json::parse(text), file));
}

std::optional<std::string> SchemaVerbChecker::check(const Schemas& schemas, const std::string& method,
                                                    const port::Message& message, bool has_events) const {
  const auto schema = schemas.find(method);
  if (schema == schemas.end()) return std::nullopt;
  const auto value = json::parse(message.json.empty() ? "{}" : message.json, nullptr, false);
  if (value.is_discarded()) return "no valid JSON";
  const auto fault = first_fault(schema->second, value);
  return fault || !has_events ? fault : check_events(value.at("events"));
}

std::optional<std::string> SchemaVerbChecker::check_events(const json& events) const {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto schema = events_.find(events[i].at("type").get<std::string>());
    if (schema == events_.end()) continue;
    const auto place = "/events/" + std::to_string(i) + "/data";
    if (auto fault = first_fault(schema->second, events[i].at("data"), place)) return fault;
  }
  return std::nullopt;
}

std::optional<std::string> SchemaVerbChecker::check_request(const std::string& method,
                                                            const port::Message& message) const {
  return check(requests_, method, message, method == "pb.events/1:emit");
}

std::optional<std::string> SchemaVerbChecker::check_reply(const std::string& method,
                                                          const port::Result& result) const {
  if (!result.ok()) return check(failures_, "", result.message, false);
  return check(replies_, method, result.message, method == "pb.webhook/1:process");
}

std::unique_ptr<plugin::VerbChecker> SchemaVerbChecker::of_this_build() {
#ifdef PB_DEBUG_BUILD
  return std::make_unique<SchemaVerbChecker>();
#else
  return nullptr;
#endif
}

}  // namespace patchbay::app
