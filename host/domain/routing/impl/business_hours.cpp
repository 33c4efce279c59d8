#include "domain/routing/business_hours.hpp"

#include <array>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::domain::routing {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};

// Runs `read`; what it throws is found at `path`.
template <class F>
auto at_path(Error& error, const std::string& path, const F& read, decltype(read()) otherwise) {
  try {
    return read();
  } catch (const Error& wrong) {
    error.add(Diagnostic(path, wrong.text()));
    return otherwise;
  }
}

}  // namespace

schedule::Hours read_hours(const json& hours, const std::string& path) {
  Error error(Code::invalid, Text("domain.refused"));
  schedule::Hours::Week week;
  const auto days = hours.value("week", json::object());
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    const auto spans = days.value(std::string(kDays[day]), json::array());
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const auto place = path + "/week/" + std::string(kDays[day]) + "/" + std::to_string(i);
      const auto minute = [&](const char* end) {
        return at_path(
            error, place + "/" + end,
            [&] { return schedule::parse_time_of_day(spans[i].at(end).get<std::string>()); }, -1);
      };
      const schedule::Span span{minute("from"), minute("to")};
      if (span.from >= 0 && span.to >= 0 && span.from >= span.to)
        error.add(Diagnostic(place, Text("schedule.span")));
      week[day].push_back(span);
    }
  }
  const auto closed = hours.value("closed", std::vector<std::string>());
  for (std::size_t i = 0; i < closed.size(); ++i)
    at_path(
        error, path + "/closed/" + std::to_string(i),
        [&] { return schedule::Hours("UTC", {}, {closed[i]}), true; }, false);
  const auto zone = hours.value("zone", std::string());
  at_path(
      error, path + "/zone", [&] { return schedule::Hours(zone, {}, {}), true; }, false);
  if (!error.diagnostics().empty()) throw error;
  return schedule::Hours(zone, std::move(week), closed);
}

}  // namespace patchbay::domain::routing
