#include "app/impl/verb_checker.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::app {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_abi_schemas();

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
}

std::optional<std::string> SchemaVerbChecker::check(const Schemas& schemas, const std::string& method,
                                                    const port::Message& message) {
  const auto schema = schemas.find(method);
  if (schema == schemas.end()) return std::nullopt;
  const auto value = json::parse(message.json.empty() ? "{}" : message.json, nullptr, false);
  if (value.is_discarded()) return "no valid JSON";
  const auto found = schema->second.check(value);
  if (found.empty()) return std::nullopt;
  return found.front().path + ": " + found.front().summary.english();
}

std::optional<std::string> SchemaVerbChecker::check_request(const std::string& method,
                                                            const port::Message& message) const {
  return check(requests_, method, message);
}

std::optional<std::string> SchemaVerbChecker::check_reply(const std::string& method,
                                                          const port::Message& message) const {
  return check(replies_, method, message);
}

std::unique_ptr<plugin::VerbChecker> SchemaVerbChecker::of_this_build() {
#ifdef PB_DEBUG_BUILD
  return std::make_unique<SchemaVerbChecker>();
#else
  return nullptr;
#endif
}

}  // namespace patchbay::app
