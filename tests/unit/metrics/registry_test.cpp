#include "metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.hpp"

namespace patchbay::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, WritesEachKindAsPrometheusReadsIt) {  // OPS-6
  Registry registry;
  registry.define({Kind::counter, "pb_received_total", "Requests received", {"plugin"}}).record(2, {"echo"});
  registry.define({Kind::gauge, "pb_depth", "Waiting"}).record(7);
  registry.define({Kind::histogram, "pb_seconds", "Time"}).record(0.3);
  const auto text = registry.text();
  EXPECT_THAT(text,
              HasSubstr("# HELP pb_received_total Requests received\n# TYPE pb_received_total counter\n"));
  EXPECT_THAT(text, HasSubstr("pb_received_total{plugin=\"echo\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pb_depth 7\n"));
  EXPECT_THAT(text, HasSubstr("pb_seconds_bucket{le=\"0.25\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pb_seconds_bucket{le=\"0.5\"} 1\n"));
}

TEST(Registry, ShowsMetricsWithoutLabelsBeforeAnythingHappens) {
  Registry registry;
  registry.define({Kind::counter, "pb_lost_total", "Lost"});
  EXPECT_THAT(registry.text(), HasSubstr("pb_lost_total 0\n"));
}

TEST(Registry, CountersOnlyRiseAndGaugesGoBothWays) {
  Registry registry;
  const auto counter = registry.define({Kind::counter, "pb_total", "x"});
  const auto gauge = registry.define({Kind::gauge, "pb_now", "x"});
  counter.add(3);
  counter.add(-1);
  gauge.add(3);
  gauge.add(-1);
  EXPECT_THAT(registry.text(), HasSubstr("pb_total 3\n"));
  EXPECT_THAT(registry.text(), HasSubstr("pb_now 2\n"));
}

TEST(Registry, GivesTheSameMetricForTheSameDefinition) {
  Registry registry;
  registry.define({Kind::counter, "pb_total", "x", {"a"}}).add(1, {"v"});
  registry.define({Kind::counter, "pb_total", "x", {"a"}}).add(1, {"v"});
  EXPECT_THAT(registry.text(), HasSubstr("pb_total{a=\"v\"} 2\n"));
}

TEST(Registry, RefusesBadNamesAndASecondKind) {
  Registry registry;
  registry.define({Kind::counter, "pb_total", "x"});
  EXPECT_THROW(registry.define({Kind::gauge, "pb_total", "x"}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "pb-now", "x"}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "", "x"}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "1x", "x"}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "pb_a", "x", {"le"}}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "pb_a", "x", {"a", "a"}}), Error);
  EXPECT_THROW(registry.define({Kind::gauge, "pb_a", "x", {"__name__"}}), Error);
}

TEST(Registry, CountsWhatIsBeyondTheLimitOfSeriesAsOther) {
  Registry registry;
  Definition definition(Kind::counter, "pb_total", "x", {"who"});
  definition.max_series = 10;
  const auto counter = registry.define(definition);
  for (int i = 0; i < 1000; ++i) counter.add(1, {"user" + std::to_string(i)});
  EXPECT_THAT(registry.text(), HasSubstr("pb_total{who=\"other\"} 990\n"));
  EXPECT_THAT(registry.text(), Not(HasSubstr("user10\"")));
}

TEST(Registry, RepairsAndCutsLabelValues) {
  Registry registry;
  const auto counter = registry.define({Kind::counter, "pb_total", "x", {"a", "b"}});
  counter.add(1, {"\xff", std::string(119, 'x') + "\xd0\xb0"});
  counter.add(1, {"one", "two", "three"});
  counter.add(1, {"one"});
  const auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("a=\"\xef\xbf\xbd\",b=\"" + std::string(119, 'x') + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pb_total{a=\"one\",b=\"two\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pb_total{a=\"one\",b=\"\"} 1\n"));
}

TEST(Registry, ManyThreadsRecordAtOnce) {
  Registry registry;
  const auto counter = registry.define({Kind::counter, "pb_total", "x", {"a"}});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 1000; ++n) counter.add(1, {std::to_string((i + n) % 3)});
    });
  }
  threads.clear();
  const auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("} 133"));
}

TEST(Metric, OutlivesItsRegistry) {
  auto registry = std::make_unique<Registry>();
  const auto counter = registry->define({Kind::counter, "pb_total", "x", {"a"}});
  registry.reset();
  counter.add(1, {"late"});
  Metric().record(1);
}

}  // namespace
}  // namespace patchbay::metrics
