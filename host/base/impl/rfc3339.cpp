#include "base/rfc3339.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

namespace patchbay {
namespace {

// Takes digits and fixed characters from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<int> number(std::size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    const auto* end = text_.data() + digits;
    const auto [stop, error] = std::from_chars(text_.data(), end, value);
    if (error != std::errc() || stop != end || text_[0] == '-') return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }
  bool skip(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  // The part after the point, to the millisecond.
  std::optional<int> fraction() {
    int ms = 0;
    int digits = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++digits) {
      if (digits < 3) ms = ms * 10 + (text_[0] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 3; ++digits) ms *= 10;
    return ms;
  }
  // Minutes east of UTC; the text must end after it.
  std::optional<int> zone() {
    if (skip('Z') || skip('z')) return text_.empty() ? std::optional(0) : std::nullopt;
    const bool west = !text_.empty() && text_[0] == '-';
    if (!skip('+') && !skip('-')) return std::nullopt;
    const auto hours = number(2);
    if (!hours || !skip(':')) return std::nullopt;
    const auto minutes = number(2);
    if (!minutes || *hours > 23 || *minutes > 59 || !text_.empty()) return std::nullopt;
    const int offset = *hours * 60 + *minutes;
    return west ? -offset : offset;
  }

 private:
  std::string_view text_;
};

}  // namespace

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const auto year = reader.number(4);
  if (!year || !reader.skip('-')) return std::nullopt;
  const auto month = reader.number(2);
  if (!month || !reader.skip('-')) return std::nullopt;
  const auto day = reader.number(2);
  if (!day || !(reader.skip('T') || reader.skip('t') || reader.skip(' '))) return std::nullopt;
  const auto hour = reader.number(2);
  if (!hour || !reader.skip(':')) return std::nullopt;
  const auto minute = reader.number(2);
  if (!minute || !reader.skip(':')) return std::nullopt;
  const auto second = reader.number(2);
  const auto ms = reader.skip('.') ? reader.fraction() : std::optional(0);
  const auto zone = reader.zone();
  if (!second || !ms || !zone) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute - *zone) +
         std::chrono::seconds(*second) + Duration(*ms);
}

}  // namespace patchbay
