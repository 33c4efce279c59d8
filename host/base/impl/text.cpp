#include "base/text.hpp"

#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/impl/catalogue_files.hpp"

namespace patchbay {
namespace {

using Catalogue = std::map<std::string, std::string, std::less<>>;

const std::map<std::string, Catalogue, std::less<>>& catalogues() {
  static const auto* all = [] {
    auto* made = new std::map<std::string, Catalogue, std::less<>>;
    for (const auto& file : catalogue_files()) {
      const auto entries = nlohmann::json::parse(file.json);
      for (const auto& [id, words] : entries.items()) {
        (*made)[std::string(file.language)].emplace(id, words.get<std::string>());
      }
    }
    return made;
  }();
  return *all;
}

const std::string* find(std::string_view language, std::string_view id) {
  const auto catalogue = catalogues().find(language);
  if (catalogue == catalogues().end()) return nullptr;
  const auto words = catalogue->second.find(id);
  return words == catalogue->second.end() ? nullptr : &words->second;
}

// Of a text in kept form; nothing where it is words.
std::optional<std::map<std::string, std::string>> parse_kept(std::string_view kept) {
  if (!kept.starts_with(R"({"en":")")) return std::nullopt;
  const auto parsed = nlohmann::json::parse(kept, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  std::map<std::string, std::string> words;
  for (const auto& [language, value] : parsed.items()) {
    if (!value.is_string()) return std::nullopt;
    words.emplace(language, value.get<std::string>());
  }
  return words;
}

std::string fill(std::string_view pattern, const Text::Args& args, std::string_view language) {
  std::string out;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    const auto close = open == pattern.npos ? open : pattern.find('}', open);
    if (close == pattern.npos) break;
    out += pattern.substr(0, open);
    const auto name = pattern.substr(open + 1, close - open - 1);
    bool known = false;
    for (const auto& [key, value] : args) {
      if (key == name) {
        out += Text::from_kept(value).in(language);
        known = true;
        break;
      }
    }
    if (!known) out += pattern.substr(open, close - open + 1);
    pattern.remove_prefix(close + 1);
  }
  return out += pattern;
}

}  // namespace

Text::Text(std::string id, Args args) : id_(std::move(id)), args_(std::move(args)) {}

Text Text::verbatim(std::string words) {
  Text text;
  text.words_ = std::move(words);
  return text;
}

bool Text::is_known() const {
  return find("en", id_) != nullptr;
}

Text Text::in_each(std::map<std::string, std::string> words) {
  Text text;
  text.words_ = std::move(words["en"]);
  words.erase("en");
  text.translated_ = std::move(words);
  return text;
}

std::string Text::kept() const {
  const auto plain = english();
  nlohmann::json words = {{"en", plain}};
  for (const auto& language : languages()) {
    auto translated = in(language);
    if (translated != plain) words[language] = std::move(translated);
  }
  if (words.size() == 1) return plain;
  return words.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Text Text::from_kept(std::string_view kept) {
  auto words = parse_kept(kept);
  return words ? in_each(std::move(*words)) : verbatim(std::string(kept));
}

std::string Text::in(std::string_view language) const {
  if (id_.empty()) {
    const auto found = translated_.find(std::string(language.substr(0, 2)));
    return found == translated_.end() ? words_ : found->second;
  }
  const auto* words = find(language.substr(0, 2), id_);
  if (words == nullptr) words = find("en", id_);
  if (words != nullptr) return fill(*words, args_, language);
  std::string out = id_;
  for (const auto& [key, value] : args_) out += " " + key + "=" + from_kept(value).in(language);
  return out;
}

std::vector<std::string> languages() {
  std::vector<std::string> all;
  for (const auto& [language, words] : catalogues()) all.push_back(language);
  return all;
}

std::string language_of(std::string_view accept_language) {
  while (!accept_language.empty()) {
    const auto comma = accept_language.find(',');
    auto entry = accept_language.substr(0, comma);
    accept_language.remove_prefix(comma == accept_language.npos ? accept_language.size() : comma + 1);
    const auto start = entry.find_first_not_of(" \t");
    if (start == entry.npos) continue;
    const auto tag = entry.substr(start, 2);
    if (catalogues().find(tag) != catalogues().end()) return std::string(tag);
  }
  return "en";
}

}  // namespace patchbay
