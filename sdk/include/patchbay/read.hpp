#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

// Readers of foreign JSON that never throw: what is absent or of another type reads as "nothing". Pure.
namespace patchbay {

using Json = nlohmann::json;

// The member, or a null value. Borrowed from `object`; the null value lives for ever.
inline const Json& member(const Json& object, const char* key) {
  static const Json* const nothing = new Json();
  if (!object.is_object()) return *nothing;
  const auto found = object.find(key);
  return found == object.end() ? *nothing : *found;
}

inline bool has(const Json& object, const char* key) {
  return !member(object, key).is_null();
}

// The member as a list to walk through; an empty one when it is none. Borrowed likewise.
inline const Json& list_of(const Json& object, const char* key) {
  static const Json* const nothing = new Json(Json::array());
  const Json& value = member(object, key);
  return value.is_array() ? value : *nothing;
}

// A string, or "".
inline std::string text_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// A whole number; numbers written as strings count.
inline std::optional<std::int64_t> number_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
  }
  if (!value.is_number_integer()) return std::nullopt;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) return std::nullopt;
  return value.get<std::int64_t>();
}

// An id: a whole number of 64 bits as decimal text, or the text itself; "" when absent.
inline std::string id_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_string()) return value.get<std::string>();
  const auto number = number_of(object, key);
  return number ? std::to_string(*number) : std::string();
}

inline bool flag_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

// Sets `object[key]` unless the value is empty.
inline void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}
inline void put(Json& object, const char* key, const std::optional<std::int64_t>& value) {
  if (value) object[key] = *value;
}

}  // namespace patchbay
