#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace patchbay::metrics {

enum class Kind { counter, gauge, histogram };

// A metric as its owner wants it: "patchbay_hooks_received_total", counter, {"plugin", "route"}.
struct Definition {
  Definition(Kind kind_, std::string name_, std::string help_, std::vector<std::string> labels_ = {})
      : kind(kind_), name(std::move(name_)), help(std::move(help_)), labels(std::move(labels_)) {}

  Kind kind;
  std::string name;  // [a-zA-Z_:][a-zA-Z0-9_:]*; base units: seconds, bytes
  std::string help;
  std::vector<std::string> labels;  // names, [a-zA-Z_][a-zA-Z0-9_]*
  std::vector<double> buckets;      // upper bounds of a histogram; empty: 5 ms to 60 s
  std::size_t max_series = 200;  // combinations of label values; what comes beyond is counted under "other"
};

// A handle to one metric. Cheap to copy; any thread; alive after the registry too.
class Metric {
 public:
  Metric() = default;  // records nowhere

  // A counter adds (negative values are ignored), a gauge is set, a histogram observes. One value for each
  // label, in the order of the definition; missing ones are empty, spare ones are left out, long ones are
  // cut, broken UTF-8 is repaired.
  void record(double value, const std::vector<std::string>& label_values = {}) const;
  // Adds to a counter or gauge; a gauge takes negative values as well.
  void add(double value, const std::vector<std::string>& label_values = {}) const;

 private:
  friend class Registry;
  struct State;
  explicit Metric(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// All metrics of the process. Passed down, never looked up. Any thread.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same definition twice gives the same metric. Throws Error{invalid} "metrics.refused" for a bad name,
  // and for a name that exists as another kind.
  Metric define(const Definition& definition);
  // Prometheus text format 0.0.4: what GET /metrics answers as kContentType.
  std::string text() const;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::metrics
