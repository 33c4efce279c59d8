#include "base/text.hpp"

#include <map>

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

std::string fill(std::string_view pattern, const Text::Args& args) {
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
        out += value;
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

std::string Text::in(std::string_view language) const {
  if (id_.empty()) return words_;
  const auto* words = find(language.substr(0, 2), id_);
  if (words == nullptr) words = find("en", id_);
  if (words != nullptr) return fill(*words, args_);
  std::string out = id_;
  for (const auto& [key, value] : args_) out += " " + key + "=" + value;
  return out;
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
