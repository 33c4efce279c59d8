#include "plugin/texts.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::plugin {
namespace {

using nlohmann::json;

Text::Args args_of(const json& detail) {
  Text::Args out;
  const auto args = detail.find("args");
  if (args == detail.end() || !args->is_object()) return out;
  for (const auto& item : args->items())
    out.emplace_back(item.key(),
                     item.value().is_string() ? item.value().get<std::string>() : item.value().dump());
  return out;
}

std::string filled(std::string pattern, const Text::Args& args) {
  for (const auto& [name, value] : args) {
    const auto mark = "{" + name + "}";
    for (auto at = pattern.find(mark); at != pattern.npos; at = pattern.find(mark, at + value.size()))
      pattern.replace(at, mark.size(), value);
  }
  return pattern;
}

}  // namespace

Text text_of(const Manifest& manifest, const std::string& message, const std::string& fallback) {
  const auto detail = json::parse(message.empty() ? "{}" : message, nullptr, false);
  if (!detail.is_object() || !detail.contains("text_id") || !detail.at("text_id").is_string())
    return Text::verbatim(fallback);
  const auto id = detail.at("text_id").get<std::string>();
  const auto args = args_of(detail);
  const Text ours(id, args);
  std::map<std::string, std::string> words = {{"en", fallback}};
  for (const auto& language : languages()) {
    const auto catalogue = manifest.locales.find(language);
    if (catalogue != manifest.locales.end() && catalogue->second.contains(id))
      words[language] = filled(catalogue->second.at(id), args);
    else if (language != "en" && ours.is_known())
      words[language] = ours.in(language);
  }
  return Text::in_each(std::move(words));
}

void translate(const Manifest& manifest, port::Result& result) {
  if (!result.ok() && result.kept.empty())
    result.kept = text_of(manifest, result.message.json, result.text).kept();
}

}  // namespace patchbay::plugin
