#pragma once

#include <string>
#include <vector>

namespace patchbay::bench {

// How long and how wide.
struct Settings {
  int seconds = 3;       // of load in a round, after one second to warm up
  int rounds = 5;        // of which the middle one is shown
  int connections = 64;  // of the load generator
  int threads = 2;       // of the host
};

// One line of the table of design/bars.md: what was measured, and against what in the same run.
class Figure {
 public:
  Figure(std::string id_, std::string what_, std::string unit_, double value_)
      : id(std::move(id_)), what(std::move(what_)), unit(std::move(unit_)), value(value_) {}

  // Higher is better: the ratio to the baseline must reach `first`, and is meant to reach `aim`.
  Figure& against(std::string name, double baseline_value, double first_ratio, double aim_ratio);
  // Lower is better: the value itself must stay below.
  Figure& at_most(double first_value, double aim_value);

  bool reached() const;

  std::string id;    // "S1"
  std::string what;  // "webhook answered after commit, PostgreSQL"
  std::string unit;
  double value;
  std::string baseline_name;  // empty: the value has to stay below `first`
  double baseline = 0;
  double first = 0;
  double aim = 0;
  std::string note;  // latencies, counts

 private:
  double ratio() const { return value / baseline; }
  friend std::string table(const std::vector<Figure>& figures);
};

// Markdown.
std::string table(const std::vector<Figure>& figures);

// The figure in the middle of several rounds, by what is compared: a busy minute of the machine meets a
// figure and its baseline alike.
Figure middle(std::vector<Figure> rounds);

}  // namespace patchbay::bench
