#include "texts.hpp"

#include "catalogues.hpp"

namespace twilio {
namespace {

const Json& english_words() {
  static const Json* const words = new Json(Json::parse(kEnglish));
  return *words;
}

const Json& russian_words() {
  static const Json* const words = new Json(Json::parse(kRussian));
  return *words;
}

std::string filled(const Json& catalogue, const std::string& id, const Json& args) {
  const auto found = catalogue.find(id);
  if (found == catalogue.end()) return id;
  std::string out = found->get<std::string>();
  for (const auto& [name, value] : args.items()) {
    const std::string place = "{" + name + "}";
    const std::string with = value.is_string() ? value.get<std::string>() : value.dump();
    for (std::size_t at = out.find(place); at != std::string::npos; at = out.find(place, at + with.size()))
      out.replace(at, place.size(), with);
  }
  return out;
}

}  // namespace

std::string english(const std::string& id, const Json& args) {
  return filled(english_words(), id, args);
}

Json in_all_languages(const std::string& id, const Json& args) {
  return {{"en", filled(english_words(), id, args)}, {"ru", filled(russian_words(), id, args)}};
}

bool is_text(const std::string& id) {
  return english_words().contains(id);
}

patchbay::Error failure(pb_code code, const std::string& id, const Json& args) {
  patchbay::Error error(code, english(id, args));
  error.with_text(id, args);
  return error;
}

patchbay::Diagnostic finding(const std::string& path, const std::string& id, const Json& args) {
  const std::string remedy = is_text(id + ".remedy") ? english(id + ".remedy", args) : std::string();
  patchbay::Diagnostic diagnostic(path, english(id, args), remedy);
  diagnostic.with_text(id, args);
  return diagnostic;
}

}  // namespace twilio
