#include "words.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

namespace telegram {
namespace {

constexpr std::int64_t kFirstMilliseconds = 100'000'000'000;  // in seconds: the year 5138
constexpr std::int64_t kLastSecond = 253'402'300'799;         // 9999-12-31T23:59:59Z

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

struct Insertion {
  Insertion(std::size_t at_, std::string words_) : at(at_), words(std::move(words_)) {}
  std::size_t at;
  std::string words;
};

}  // namespace

std::int64_t unix_seconds(std::int64_t unix_time) {
  return unix_time >= kFirstMilliseconds ? unix_time / 1000 : unix_time;
}

std::string time_text(std::int64_t unix_time) {
  using namespace std::chrono;
  const std::int64_t millis = unix_time >= kFirstMilliseconds ? unix_time % 1000 : 0;
  const std::int64_t total = std::clamp<std::int64_t>(unix_seconds(unix_time), 0, kLastSecond);
  const year_month_day date{sys_days{days{total / 86'400}}};
  const auto clock = static_cast<int>(total % 86'400);
  char out[80];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock / 3600,
                clock / 60 % 60, clock % 60);
  std::string text = out;
  if (millis != 0) {
    std::snprintf(out, sizeof out, ".%03d", static_cast<int>(millis));
    text += out;
  }
  return text + "Z";
}

std::size_t byte_of_unit(const std::string& text, std::int64_t unit) {
  std::int64_t units = 0;
  std::size_t at = 0;
  while (at < text.size() && units < unit) {
    units += static_cast<unsigned char>(text[at]) >= 0xF0u ? 2 : 1;
    for (++at; at < text.size() && continues(text[at]); ++at) {
    }
  }
  return at;
}

std::string with_links(const std::string& text, const Json& entities) {
  if (!entities.is_array()) return text;
  std::vector<Insertion> insertions;
  for (const Json& entity : entities) {
    const std::string url = text_of(entity, "url");
    const auto offset = number_of(entity, "offset");
    const auto length = number_of(entity, "length");
    if (text_of(entity, "type") != "text_link" || url.empty() || !offset || !length) continue;
    if (*offset < 0 || *length <= 0 || *offset > (1 << 30) || *length > (1 << 30)) continue;
    const std::size_t from = byte_of_unit(text, *offset);
    const std::size_t to = byte_of_unit(text, *offset + *length);
    if (from == to || text.compare(from, to - from, url) == 0) continue;
    insertions.emplace_back(to, " (" + url + ")");
  }
  std::stable_sort(insertions.begin(), insertions.end(),
                   [](const Insertion& a, const Insertion& b) { return a.at < b.at; });
  std::string out;
  std::size_t done = 0;
  for (const Insertion& insertion : insertions) {
    out.append(text, done, insertion.at - done);
    out += insertion.words;
    done = insertion.at;
  }
  return out.append(text, done, std::string::npos);
}

std::string quoted(const std::string& text) {
  std::string out = "> ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "> ";
  }
  return out;
}

std::string excerpt(const std::string& text, std::size_t characters) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size() && count < characters; ++count) {
    for (++at; at < text.size() && continues(text[at]); ++at) {
    }
  }
  return at == text.size() ? text : text.substr(0, at) + "…";
}

std::string person_name(const Json& person) {
  std::string name = text_of(person, "first_name");
  const std::string last = text_of(person, "last_name");
  if (!last.empty()) name += (name.empty() ? "" : " ") + last;
  if (!name.empty()) return name;
  const std::string username = text_of(person, "username");
  return username.empty() ? id_of(person, "id") : "@" + username;
}

std::string chat_name(const Json& chat) {
  const std::string title = text_of(chat, "title");
  return title.empty() ? person_name(chat) : title;
}

}  // namespace telegram
