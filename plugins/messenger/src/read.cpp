#include "read.hpp"

#include <charconv>
#include <limits>

namespace messenger {
namespace {

const Json& nothing() {
  static const Json* const value = new Json();
  return *value;
}

std::optional<std::int64_t> parse_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

const Json& member(const Json& object, const char* key) {
  if (!object.is_object()) return nothing();
  const auto found = object.find(key);
  return found == object.end() ? nothing() : *found;
}

bool has(const Json& object, const char* key) {
  return !member(object, key).is_null();
}

std::string text_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<std::int64_t> number_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_string()) return parse_number(value.get_ref<const std::string&>());
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return value.get<std::int64_t>();
}

std::string id_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_string()) return value.get<std::string>();
  const auto number = number_of(object, key);
  return number ? std::to_string(*number) : std::string();
}

bool flag_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

void put(Json& object, const char* key, const std::optional<std::int64_t>& value) {
  if (value) object[key] = *value;
}

}  // namespace messenger
