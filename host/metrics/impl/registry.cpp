#include "metrics/registry.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <sstream>
#include <string_view>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace patchbay::metrics {
namespace {

constexpr std::size_t kLongestValue = 120;
constexpr const char* kOther = "other";
const double kBuckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};

template <class T>
using FamilyOf = prometheus::Family<T>;
using AnyFamily = std::variant<FamilyOf<prometheus::Counter>*, FamilyOf<prometheus::Gauge>*,
                               FamilyOf<prometheus::Histogram>*>;
using AnySeries = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name(std::string_view text, bool colons) {
  const auto fits = [colons](char c) { return is_letter(c) || is_digit(c) || (colons && c == ':'); };
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

bool is_label(const std::string& text) {
  return is_name(text, false) && !text.starts_with("__") && text != "le";
}

// At a character's edge.
std::string cut(std::string text) {
  if (text.size() <= kLongestValue) return text;
  std::size_t end = kLongestValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

AnyFamily build(prometheus::Registry& registry, const Definition& definition) {
  const auto fill = [&](auto builder) {
    return &builder.Name(definition.name).Help(definition.help).Register(registry);
  };
  switch (definition.kind) {
    case Kind::counter:
      return fill(prometheus::BuildCounter());
    case Kind::gauge:
      return fill(prometheus::BuildGauge());
    case Kind::histogram:
      return fill(prometheus::BuildHistogram());
  }
  throw Error(Code::internal, Text::verbatim("unknown kind of metric"));
}

[[noreturn]] void refuse(const Definition& definition) {
  throw Error(Code::invalid, Text("metrics.refused", {{"name", repair_utf8(definition.name)}}));
}

void check(const Definition& definition) {
  auto labels = definition.labels;
  std::sort(labels.begin(), labels.end());
  const bool is_unique = std::adjacent_find(labels.begin(), labels.end()) == labels.end();
  const bool is_good = is_name(definition.name, true) && is_unique &&
                       std::all_of(labels.begin(), labels.end(), is_label) &&
                       std::is_sorted(definition.buckets.begin(), definition.buckets.end());
  if (!is_good) refuse(definition);
}

}  // namespace

struct Metric::State {
  State(Definition d, AnyFamily f, std::shared_ptr<prometheus::Registry> o)
      : definition(std::move(d)), family(f), owner(std::move(o)) {}

  AnySeries make(const std::vector<std::string>& values) const {
    prometheus::Labels labels;
    for (std::size_t i = 0; i < values.size(); ++i) labels.emplace(definition.labels[i], values[i]);
    if (const auto* const counters = std::get_if<0>(&family)) return &(*counters)->Add(labels);
    if (const auto* const gauges = std::get_if<1>(&family)) return &(*gauges)->Add(labels);
    auto buckets = definition.buckets;
    if (buckets.empty()) buckets.assign(std::begin(kBuckets), std::end(kBuckets));
    return &std::get<2>(family)->Add(labels, buckets);
  }

  AnySeries find(std::vector<std::string> values) {
    values.resize(definition.labels.size());
    for (auto& value : values) value = cut(repair_utf8(value));
    const std::lock_guard lock(mutex);
    auto entry = series.find(values);
    if (entry != series.end()) return entry->second;
    if (series.size() >= definition.max_series) {
      values.assign(values.size(), kOther);
      if (entry = series.find(values); entry != series.end()) return entry->second;
    }
    const auto made = make(values);
    series.emplace(std::move(values), made);
    return made;
  }

  const Definition definition;
  const AnyFamily family;
  const std::shared_ptr<prometheus::Registry> owner;
  std::mutex mutex;
  std::map<std::vector<std::string>, AnySeries> series;
};

void Metric::record(double value, const std::vector<std::string>& label_values) const {
  if (!state_ || !std::isfinite(value)) return;
  const auto series = state_->find(label_values);
  if (auto* const* counter = std::get_if<0>(&series)) (*counter)->Increment(std::max(value, 0.0));
  if (auto* const* gauge = std::get_if<1>(&series)) (*gauge)->Set(value);
  if (auto* const* histogram = std::get_if<2>(&series)) (*histogram)->Observe(value);
}

void Metric::add(double value, const std::vector<std::string>& label_values) const {
  if (!state_ || !std::isfinite(value)) return;
  const auto series = state_->find(label_values);
  if (auto* const* counter = std::get_if<0>(&series)) (*counter)->Increment(std::max(value, 0.0));
  if (auto* const* gauge = std::get_if<1>(&series)) (*gauge)->Increment(value);
}

struct Registry::State {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::mutex mutex;
  std::map<std::string, std::pair<Kind, AnyFamily>> families;
  std::map<std::pair<std::string, std::vector<std::string>>, std::shared_ptr<Metric::State>> metrics;
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Metric Registry::define(const Definition& definition) {
  check(definition);
  const std::lock_guard lock(state_->mutex);
  const auto family = state_->families.find(definition.name);
  if (family != state_->families.end() && family->second.first != definition.kind) refuse(definition);
  const auto built =
      family != state_->families.end() ? family->second.second : build(*state_->registry, definition);
  state_->families.try_emplace(definition.name, definition.kind, built);
  auto& metric = state_->metrics[{definition.name, definition.labels}];
  if (!metric) metric = std::make_shared<Metric::State>(definition, built, state_->registry);
  if (definition.labels.empty()) metric->find({});  // shown as 0 before anything happens
  return Metric(metric);
}

std::string Registry::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry->Collect());
  return out.str();
}

}  // namespace patchbay::metrics
