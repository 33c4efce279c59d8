#include "schedule/schedule.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/error.hpp"
#include "schedule/impl/civil.hpp"
#include "schedule/impl/cron.hpp"

namespace patchbay::schedule {
namespace {

constexpr Duration kLongest = std::chrono::days(366);

std::int64_t unit_of(char letter) {
  switch (letter) {
    case 's':
      return 1'000;
    case 'm':
      return 60'000;
    case 'h':
      return 3'600'000;
    case 'd':
      return 86'400'000;
    default:
      return 0;
  }
}

}  // namespace

Duration parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  const auto unit = stopped + 1 == end && error == std::errc() ? unit_of(*stopped) : 0;
  if (unit == 0 || count < 1 || count > kLongest.count() / unit)
    throw Error(Code::invalid, Text("schedule.duration", {{"given", std::string(text)}}));
  return Duration(count * unit);
}

struct Schedule::Rule {
  enum class Kind { every, cron, continuous, on_demand };

  Kind kind = Kind::on_demand;
  Duration interval{0};
  Duration jitter{0};
  std::optional<Cron> cron;
  std::optional<Zone> zone;
};

Schedule Schedule::every(Duration interval, Duration jitter) {
  auto rule = std::make_shared<Rule>();
  rule->kind = Rule::Kind::every;
  rule->interval = interval;
  rule->jitter = jitter;
  return Schedule(std::move(rule));
}

Schedule Schedule::cron(std::string_view expression, std::string_view zone) {
  auto rule = std::make_shared<Rule>();
  rule->kind = Rule::Kind::cron;
  rule->cron = Cron::parse(expression);
  rule->zone.emplace(zone);
  // From a fixed day, so that what is a schedule today is one tomorrow.
  const TimePoint from = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
  if (!rule->zone->next(*rule->cron, from))
    throw Error(Code::invalid, Text("schedule.never", {{"expression", std::string(expression)}}));
  return Schedule(std::move(rule));
}

Schedule Schedule::continuous() {
  auto rule = std::make_shared<Rule>();
  rule->kind = Rule::Kind::continuous;
  return Schedule(std::move(rule));
}

Schedule Schedule::on_demand() {
  return Schedule(std::make_shared<Rule>());
}

std::optional<TimePoint> Schedule::next(TimePoint after, double random) const {
  switch (rule_->kind) {
    case Rule::Kind::every: {
      const auto part = random * static_cast<double>(rule_->jitter.count());
      return after + rule_->interval + Duration(static_cast<std::int64_t>(part));
    }
    case Rule::Kind::cron:
      return rule_->zone->next(*rule_->cron, after);
    case Rule::Kind::continuous:
      return after;
    case Rule::Kind::on_demand:
      break;
  }
  return std::nullopt;
}

Duration Schedule::interval() const {
  return rule_->interval;
}

bool Schedule::is_continuous() const {
  return rule_->kind == Rule::Kind::continuous;
}

}  // namespace patchbay::schedule
