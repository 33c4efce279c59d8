#include "domain/records/impl/values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>

#include <utf8proc.h>

#include "base/rfc3339.hpp"
#include "base/utf8.hpp"
#include "crypto/digest.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxText = 1000;
constexpr std::size_t kMaxLongText = 100'000;
constexpr std::size_t kMaxEmail = 254;  // RFC 5321, 4.5.3.1.3
constexpr std::size_t kMaxKind = 60;
constexpr std::size_t kMostValues = 200;
constexpr std::size_t kExact = 200;   // bytes of a text's key
constexpr std::size_t kMaxWord = 40;  // bytes
constexpr std::size_t kMostWords = 300;
constexpr const char* kName = "name";
constexpr std::size_t kDigest = 16;
constexpr std::array<const char*, 6> kAddress = {"street",      "city",    "region",
                                                 "postal_code", "country", "kind"};

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string limit_text(std::size_t max) {
  return std::to_string(max);
}

// One value of a field at a place.
class Reader {
 public:
  Reader(const Field& field, std::string at, const Intake& intake)
      : field_(field), at_(std::move(at)), intake_(intake) {}

  json read(const json& given) {
    switch (field_.type) {
      case FieldType::text:
        return text(given, kMaxText);
      case FieldType::long_text:
        return text(given, kMaxLongText);
      case FieldType::number:
        return given.is_number() && std::isfinite(given.get<double>())
                   ? given
                   : refuse(Text("domain.records.number"));
      case FieldType::boolean:
        return given.is_boolean() ? given : refuse(Text("domain.records.boolean"));
      case FieldType::date:
        return date(given);
      case FieldType::datetime:
        return datetime(given);
      case FieldType::lookup:
        return text(given, kMaxText);
      case FieldType::link:
        return link(given);
      case FieldType::email:
        return email(given);
      case FieldType::phone:
        return phone(given);
      case FieldType::address:
        return address(given);
    }
    return {};
  }

 private:
  json refuse(Text why) {
    intake_.findings.emplace_back(at_, std::move(why));
    return {};
  }
  json text(const json& given, std::size_t max) {
    if (!given.is_string()) return refuse(Text("domain.records.text"));
    auto read = trimmed(repair_utf8(given.get<std::string>()));
    if (utf16_length(read) > max) return refuse(Text("domain.records.long", {{"max", limit_text(max)}}));
    return read.empty() ? json() : json(std::move(read));
  }
  json date(const json& given) {
    const auto read = given.is_string() ? given.get<std::string>() : "";
    if (read.size() == 10 && parse_rfc3339(read + "T00:00:00Z")) return read;
    return given == "" ? json() : refuse(Text("domain.records.date"));
  }
  json datetime(const json& given) {
    const auto read = given.is_string() ? given.get<std::string>() : "";
    if (const auto time = parse_rfc3339(read)) return to_rfc3339(*time);
    return given == "" ? json() : refuse(Text("domain.records.datetime"));
  }
  json link(const json& given) {
    const auto read = given.is_string() ? given.get<std::string>() : "";
    if (parse_id(read)) return read;
    return given == "" ? json() : refuse(Text("domain.records.link"));
  }
  json email(const json& given) {
    const auto read = text(given, kMaxText);
    if (read.is_null()) return read;
    const auto& address = read.get_ref<const std::string&>();
    const auto at = address.rfind('@');
    if (at == address.npos || at == 0 || at + 1 == address.size() || address.size() > kMaxEmail ||
        address.find_first_of(" \t\r\n<>,;") != address.npos)
      return refuse(Text("domain.access.email", {{"email", address.substr(0, kMaxEmail)}}));
    return read;
  }
  json phone(const json& given) {
    const auto read = text(given, kMaxText);
    if (read.is_null()) return read;
    const auto number = normal_phone(read.get_ref<const std::string&>(), intake_.home);
    return number ? json(*number) : refuse(Text("domain.records.phone"));
  }
  json address(const json& given) {
    if (!given.is_object()) return refuse(Text("domain.records.address"));
    auto read = json::object();
    for (const auto& [name, value] : given.items()) {
      if (std::find(kAddress.begin(), kAddress.end(), name) == kAddress.end())
        return refuse(Text("domain.records.address"));
      auto part = value.is_null() ? json() : text(value, kMaxText);
      if (!part.is_null()) read[name] = std::move(part);
    }
    return read.empty() ? json() : read;
  }

  const Field& field_;
  const std::string at_;
  const Intake& intake_;
};

bool has_kinds(FieldType type) {
  return type == FieldType::text || type == FieldType::email || type == FieldType::phone;
}

json normal_entry(const Field& field, const json& given, const std::string& at, const Intake& intake) {
  if (!has_kinds(field.type)) return Reader(field, at, intake).read(given);
  const bool whole = given.is_object() && given.contains("value");
  auto value = Reader(field, whole ? at + "/value" : at, intake).read(whole ? given.at("value") : given);
  if (value.is_null()) return value;
  json entry = {{"value", std::move(value)}};
  const auto kind = whole ? given.value("kind", json()) : json();
  if (kind.is_null() || kind == "") return entry;
  if (!kind.is_string() || kind.get_ref<const std::string&>().size() > kMaxKind) {
    intake.findings.emplace_back(at + "/kind", Text("domain.records.long", {{"max", limit_text(kMaxKind)}}));
    return entry;
  }
  entry["kind"] = repair_utf8(kind.get<std::string>());
  return entry;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Accents and the like. The breve stays: with it an и is another letter.
bool is_accent(utf8proc_int32_t point) {
  return point >= 0x300 && point <= 0x36F && point != 0x306;
}

// Letters in one case, in their compatible forms; `accents`: with them.
std::string folded(std::string_view text, bool accents = false) {
  std::string out(text);
  if (is_ascii(text)) {
    for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
  }
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD);
  // A code point becomes 18 of them at most (U+FDFA); the end is written into one more.
  std::vector<utf8proc_int32_t> points(text.size() * 18 + 1);
  const auto count = utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                        static_cast<utf8proc_ssize_t>(text.size()), points.data(),
                                        static_cast<utf8proc_ssize_t>(points.size() - 1), options);
  if (count < 0) return out;
  points.resize(static_cast<std::size_t>(count));
  if (!accents) points.erase(std::remove_if(points.begin(), points.end(), is_accent), points.end());
  const auto left = static_cast<utf8proc_ssize_t>(points.size());
  points.resize(points.size() + 1);
  const auto composing = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto size = utf8proc_reencode(points.data(), left, composing);
  return size < 0 ? out
                  : std::string(reinterpret_cast<const char*>(points.data()), static_cast<std::size_t>(size));
}

std::string big_endian(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i));
  return bytes;
}

// IEEE 754 sorts as sign and magnitude; turned so that bytes do.
std::string sortable(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
  constexpr auto kSign = std::uint64_t{1} << 63;
  return big_endian((bits & kSign) != 0 ? ~bits : bits | kSign);
}

std::string text_key(std::string_view text, bool accents) {
  auto key = folded(text, accents);
  if (key.size() <= kExact) return key;
  const auto rest = crypto::digest(crypto::Hash::sha256, key).substr(0, kDigest);
  return key.substr(0, kExact) + rest;
}

bool is_letter(utf8proc_int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
      return true;
    default:
      return false;
  }
}

}  // namespace

json normal_value(const Field& field, const json& given, const std::string& at, const Intake& intake) {
  if (given.is_null()) return {};
  if (!field.many) return Reader(field, at, intake).read(given);
  if (!given.is_array() || given.size() > kMostValues) {
    intake.findings.emplace_back(at, Text("domain.records.list", {{"max", std::to_string(kMostValues)}}));
    return {};
  }
  auto all = json::array();
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto entry = normal_entry(field, given[i], at + "/" + std::to_string(i), intake);
    if (!entry.is_null() && std::find(all.begin(), all.end(), entry) == all.end())
      all.push_back(std::move(entry));
  }
  return all.empty() ? json() : all;
}

std::vector<json> values_of(const Field& field, const json& stored) {
  if (stored.is_null()) return {};
  if (!field.many) return {stored};
  std::vector<json> values;
  for (const auto& entry : stored)
    values.push_back(has_kinds(field.type) && entry.is_object() ? entry.at("value") : entry);
  return values;
}

std::string key_of(FieldType type, const json& value) {
  std::string key(1, '\x01');
  switch (type) {
    case FieldType::number:
      return key + sortable(value.get<double>());
    case FieldType::boolean:
      return key + (value.get<bool>() ? '1' : '0');
    case FieldType::link:
      return key + big_endian(static_cast<std::uint64_t>(parse_id(value.get<std::string>()).value_or(0)));
    default:
      // Another accent is another mailbox.
      return key + text_key(value.get_ref<const std::string&>(), type == FieldType::email);
  }
}

std::string prefix_key(std::string_view text) {
  return '\x01' + folded(text).substr(0, kExact);
}

std::string after(std::string key) {
  while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xFF) key.pop_back();
  if (!key.empty()) ++key.back();
  return key;
}

std::vector<std::string> keys_of(const Field& field, const json& fields) {
  std::vector<std::string> keys;
  const auto found = fields.find(field.code);
  if (found != fields.end()) {
    for (const auto& value : values_of(field, *found)) keys.push_back(key_of(field.type, value));
  }
  if (keys.empty()) keys.emplace_back();
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  const auto whole = folded(text);
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(word.substr(0, kMaxWord));
    word.clear();
  };
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(whole.data());
  auto left = static_cast<utf8proc_ssize_t>(whole.size());
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const auto read = std::max<utf8proc_ssize_t>(utf8proc_iterate(at, left, &point), 1);
    if (point > 0 && is_letter(point)) {
      word.append(reinterpret_cast<const char*>(at), static_cast<std::size_t>(read));
    } else {
      end_word();
    }
    at += read;
    left -= read;
  }
  end_word();
  return words;
}

std::vector<std::string> word_keys(const Object& object, const json& fields) {
  std::vector<std::string> keys;
  std::set<std::string> known;
  const auto add = [&](const Field& field) {
    const auto found = fields.find(field.code);
    if (!(field.searchable || !field.mask.empty()) || found == fields.end()) return;
    for (const auto& value : values_of(field, *found)) {
      if (!value.is_string() || field.type == FieldType::lookup || field.type == FieldType::link) continue;
      for (const auto& word : words_of(value.get_ref<const std::string&>())) {
        if (keys.size() < kMostWords && known.insert(word).second) keys.push_back('\x01' + word);
      }
    }
  };
  // What is left out of a long record is not what it is called.
  for (const auto& field : object.fields) {
    if (field.code == kName) add(field);
  }
  for (const auto& field : object.fields) {
    if (field.code != kName) add(field);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace patchbay::domain::records
