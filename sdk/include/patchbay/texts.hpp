#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "patchbay/error.hpp"

// What a plugin says to people: its own locales/<language>.json, built in by patchbay_build_in(). `id` is a
// key of them, `args` fill the {places} of its sentence. An id that no catalogue has stands for itself.
namespace patchbay {

// A file of the plugin's folder, which a running plugin cannot read.
struct BuiltIn {
  std::string_view name;  // "locales/en.json"
  std::string_view text;
};

// What patchbay_build_in() has put into this plugin.
extern const BuiltIn* const kBuiltIn;
extern const std::size_t kBuiltInCount;

// The JSON of such a file; null when it was not built in. Parsed at each call.
inline Json built_in(std::string_view name) {
  for (std::size_t i = 0; i < kBuiltInCount; ++i) {
    if (kBuiltIn[i].name == name) return Json::parse(kBuiltIn[i].text);
  }
  return Json();
}

// The catalogues by language: {"en": {id: sentence}, "ru": {...}}. Lives for ever.
inline const Json& catalogues() {
  static const Json* const all = [] {
    constexpr std::string_view kFolder = "locales/";
    constexpr std::string_view kEnding = ".json";
    auto* const read = new Json(Json::object());
    for (std::size_t i = 0; i < kBuiltInCount; ++i) {
      std::string_view name = kBuiltIn[i].name;
      if (name.substr(0, kFolder.size()) != kFolder) continue;
      name = name.substr(kFolder.size(), name.size() - kFolder.size() - kEnding.size());
      (*read)[std::string(name)] = Json::parse(kBuiltIn[i].text);
    }
    return read;
  }();
  return *all;
}

// The sentence in one language ("en"), with its places filled in.
inline std::string words_in(const std::string& language, const std::string& id, const Json& args) {
  const auto catalogue = catalogues().find(language);
  if (catalogue == catalogues().end()) return id;
  const auto found = catalogue->find(id);
  if (found == catalogue->end()) return id;
  std::string out = found->get<std::string>();
  for (const auto& [name, value] : args.items()) {
    const std::string place = "{" + name + "}";
    const std::string with = value.is_string() ? value.get<std::string>() : value.dump();
    for (std::size_t at = out.find(place); at != std::string::npos; at = out.find(place, at + with.size()))
      out.replace(at, place.size(), with);
  }
  return out;
}

inline std::string english(const std::string& id, const Json& args = Json::object()) {
  return words_in("en", id, args);
}

// For events: {"en": "...", "ru": "..."}.
inline Json in_all_languages(const std::string& id, const Json& args = Json::object()) {
  Json out = Json::object();
  for (const auto& [language, unused] : catalogues().items()) out[language] = words_in(language, id, args);
  return out;
}

inline bool is_text(const std::string& id) {
  const auto words = catalogues().find("en");
  return words != catalogues().end() && words->contains(id);
}

inline Error failure(pb_code code, const std::string& id, const Json& args = Json::object()) {
  Error error(code, english(id, args));
  error.with_text(id, args);
  return error;
}

// A finding about the setting at `path`. The remedy is the text `<id>.remedy`, where there is one.
inline Diagnostic finding(const std::string& path, const std::string& id, const Json& args = Json::object()) {
  const std::string remedy = id + ".remedy";
  Diagnostic diagnostic(path, english(id, args), is_text(remedy) ? english(remedy, args) : std::string());
  diagnostic.with_text(id, args);
  return diagnostic;
}

}  // namespace patchbay
