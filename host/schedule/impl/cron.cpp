#include "schedule/impl/cron.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace patchbay::schedule {
namespace {

struct FieldRule {
  std::string_view name;
  int lowest;
  int highest;
  std::vector<std::string_view> names;  // of lowest, lowest + 1, ...
};

const FieldRule& rule_of(std::size_t field) {
  static const auto* rules = new std::array<FieldRule, 5>{
      FieldRule{"minute", 0, 59, {}}, FieldRule{"hour", 0, 23, {}}, FieldRule{"day of month", 1, 31, {}},
      FieldRule{"month",
                1,
                12,
                {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      FieldRule{"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
  return rules->at(field);
}

[[noreturn]] void refuse(std::size_t field, std::string_view part) {
  const auto& rule = rule_of(field);
  throw Error(Code::invalid, Text("schedule.cron_field", {{"field", std::string(rule.name)},
                                                          {"part", std::string(part)},
                                                          {"lowest", std::to_string(rule.lowest)},
                                                          {"highest", std::to_string(rule.highest)}}));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> out;
  for (auto begin = text.find_first_not_of(kBlanks); begin != text.npos;
       begin = text.find_first_not_of(kBlanks)) {
    text.remove_prefix(begin);
    const auto end = text.find_first_of(kBlanks);
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end, text.size()));
  }
  return out;
}

std::string_view nickname(std::string_view name) {
  if (name == "@hourly") return "0 * * * *";
  if (name == "@daily" || name == "@midnight") return "0 0 * * *";
  if (name == "@weekly") return "0 0 * * 0";
  if (name == "@monthly") return "0 0 1 * *";
  if (name == "@yearly" || name == "@annually") return "0 0 1 1 *";
  return name;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

int number_of(std::string_view text, std::size_t field, std::string_view part) {
  int out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc() || stopped != end || text.front() == '-') refuse(field, part);
  return out;
}

int value_of(std::string_view text, std::size_t field, std::string_view part) {
  if (text.empty()) refuse(field, part);
  const auto& rule = rule_of(field);
  for (std::size_t i = 0; i < rule.names.size(); ++i) {
    if (same_name(text, rule.names[i])) return rule.lowest + static_cast<int>(i);
  }
  const int value = number_of(text, field, part);
  if (value < rule.lowest || value > rule.highest) refuse(field, part);
  return value;
}

}  // namespace

Cron Cron::parse(std::string_view expression) {
  const auto words = words_of(expression);
  const auto fields = words.size() == 1 ? words_of(nickname(words.front())) : words;
  if (fields.size() != kFields)
    throw Error(Code::invalid, Text("schedule.cron_fields", {{"count", std::to_string(fields.size())}}));
  Cron cron;
  for (std::size_t i = 0; i < kFields; ++i) cron.parse_field(static_cast<Field>(i), fields[i]);
  if (cron.has(kWeekday, 7)) cron.sets_[kWeekday].set(0);
  cron.any_day_ = fields[kDay].front() == '*';
  cron.any_weekday_ = fields[kWeekday].front() == '*';
  return cron;
}

void Cron::parse_field(Field field, std::string_view text) {
  for (const auto part : split(text, ',')) add_part(field, part);
}

void Cron::add_part(Field field, std::string_view part) {
  const auto& rule = rule_of(field);
  const auto steps = split(part, '/');
  if (steps.size() > 2) refuse(field, part);
  const auto bounds = split(steps[0], '-');
  if (bounds.size() > 2) refuse(field, part);
  int low = rule.lowest;
  int high = field == kWeekday ? 6 : rule.highest;
  if (steps[0] != "*") {
    low = value_of(bounds[0], field, part);
    high = bounds.size() == 2 ? value_of(bounds[1], field, part) : low;
    if (bounds.size() == 1 && steps.size() == 2) refuse(field, part);
  }
  int step = 1;
  if (steps.size() == 2) {
    if (steps[1].empty()) refuse(field, part);
    step = number_of(steps[1], field, part);
  }
  if (step < 1 || low > high) refuse(field, part);
  for (int value = low; value <= high; value += std::min(step, 60))
    sets_[field].set(static_cast<std::size_t>(value));
}

bool Cron::has_day(int month, int day, int weekday) const {
  if (!has(kMonth, month)) return false;
  const bool by_day = has(kDay, day);
  const bool by_weekday = has(kWeekday, weekday);
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

}  // namespace patchbay::schedule
