#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace messenger {

using Json = nlohmann::json;

// Readers of foreign JSON that never throw: what is absent or of another type reads as "nothing".

// The member, or a null value. Borrowed from `object`; the null value lives for ever.
const Json& member(const Json& object, const char* key);

bool has(const Json& object, const char* key);

// A string, or "".
std::string text_of(const Json& object, const char* key);

// A whole number; numbers written as strings count.
std::optional<std::int64_t> number_of(const Json& object, const char* key);

// An id: a whole number of 64 bits as decimal text, or the text itself; "" when absent.
std::string id_of(const Json& object, const char* key);

bool flag_of(const Json& object, const char* key);

// Sets `object[key]` unless the value is empty.
void put(Json& object, const char* key, const std::string& value);
void put(Json& object, const char* key, const std::optional<std::int64_t>& value);

}  // namespace messenger
