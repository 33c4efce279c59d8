#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace patchbay::domain::settings {

enum class Type { text, number, yes_no, secret, file, lookup };
// "yes_no"; the word in API and manifests.
std::string_view type_name(Type type);
std::optional<Type> find_type(std::string_view name);

struct Choice {
  Choice(std::string value_, Text title_) : value(std::move(value_)), title(std::move(title_)) {}
  std::string value;
  Text title;
};

// A system setting as it is described (SET-1, SET-2).
struct Definition {
  std::string code;  // "SimultaneousChats"
  Text title;
  Text about;
  Type type = Type::text;
  nlohmann::json standard;      // null of secrets and files: not set
  std::int64_t least = 0;       // of a number: its value, whole; of a text or secret: its characters
  std::int64_t most = 0;        // the same
  bool is_address = false;      // of a text: empty, or an absolute http(s) address without a query
  bool is_country = false;      // of a text: empty, or a country by two letters (ISO 3166-1)
  bool is_audio = false;        // of a file: by its content
  std::vector<Choice> choices;  // of a lookup
  std::string reader;  // the operation that may read it beside `manager`; empty: who may read settings
  bool for_everybody = false;  // whoever is signed in may read it
  std::string manager;         // the operation that may change it; CanManageAdministration may change all
  std::string plugin;          // whose it is; empty: the host's
};

// The host's own, sorted by code.
const std::vector<Definition>& definitions();

// What a value must be that this cannot have; nothing for one that it can. Files and secrets are told by
// their own ways.
std::optional<Text> refusal(const Definition& definition, const nlohmann::json& value);

// The type of an audio file by its first bytes (twelve are enough): MP3, Ogg, WAV, FLAC, MP4 and WebM.
// Nothing for any other content. Any bytes are safe.
std::optional<std::string> audio_type(std::string_view head);

}  // namespace patchbay::domain::settings
