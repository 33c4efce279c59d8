#include "bench/figure.hpp"

#include <algorithm>
#include <cstdio>

namespace patchbay::bench {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.2f" : "%.0f", value);
  return text;
}

}  // namespace

Figure& Figure::against(std::string name, double baseline_value, double first_ratio, double aim_ratio) {
  baseline_name = std::move(name);
  baseline = baseline_value;
  first = first_ratio;
  aim = aim_ratio;
  return *this;
}

Figure& Figure::at_most(double first_value, double aim_value) {
  first = first_value;
  aim = aim_value;
  return *this;
}

bool Figure::reached() const {
  return baseline_name.empty() ? value <= first : ratio() >= first;
}

std::string table(const std::vector<Figure>& figures) {
  std::string out =
      "| # | what | measured | baseline, same run | ratio | first | aim | |\n"
      "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |\n";
  for (const auto& figure : figures) {
    const bool compared = !figure.baseline_name.empty();
    const std::string sign = compared ? "≥ " : "≤ ";
    out += "| " + figure.id + " | " + figure.what + " | " + number(figure.value) + " " + figure.unit + " | " +
           (compared ? number(figure.baseline) + " " + figure.unit + ": " + figure.baseline_name : "") +
           " | " + (compared ? number(figure.ratio()) : "") + " | " + sign + number(figure.first) + " | " +
           sign + number(figure.aim) + " | " + (figure.reached() ? "" : "**missed** ") + figure.note + " |\n";
  }
  return out;
}

Figure middle(std::vector<Figure> rounds) {
  const auto order = [](const Figure& figure) {
    return figure.baseline_name.empty() ? figure.value : figure.value / figure.baseline;
  };
  std::sort(rounds.begin(), rounds.end(),
            [&](const Figure& a, const Figure& b) { return order(a) < order(b); });
  return rounds[rounds.size() / 2];
}

}  // namespace patchbay::bench
