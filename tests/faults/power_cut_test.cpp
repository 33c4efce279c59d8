// Bar 2: the power goes at every flush of a run of the code that acknowledges webhooks. The run is recorded
// below SQLite, then what each cut may leave on the disk is opened by the real store and worked on.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "faults/disk.hpp"
#include "faults/pipeline.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::faults {
namespace {

std::uint64_t seed() {
  const char* given = std::getenv("PB_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Tally {
  int cuts = 0;
  std::size_t lost = 0;        // acknowledged, and not there
  std::size_t doubled = 0;     // effects of one event
  std::size_t sent_twice = 0;  // it was on its way, and would go again as if it were new
};

std::size_t missing(const std::set<std::string>& wanted, const std::multiset<std::string>& found) {
  return static_cast<std::size_t>(
      std::count_if(wanted.begin(), wanted.end(), [&](const auto& one) { return found.count(one) == 0; }));
}

class PowerCut : public ::testing::Test {
 protected:
  // Nothing of a host outlives it but what `durable` holds.
  void check(const Durable& durable, Durable::Cut cut) {
    const support::TempFolder found;
    durable.write_to(found.path(), cut, [this] { return (random() & 1) != 0; });
    ++tally.cuts;
    Pipeline house(found.path(), [](const std::string&) {});
    EXPECT_EQ(house.texts("pragma integrity_check"), std::multiset<std::string>{"ok"});
    tally.lost += missing(acknowledged, house.texts("select dedupe_key from inbox"));
    for (const auto& key : house.texts("select idempotency_key from outbox where state = 'queued'"))
      tally.sent_twice += sent.count(key);
    house.start();
    house.run_until([&] { return house.count("inbox where state <> 'done'") == 0; });
    const auto effects = house.texts("select body from effects");
    tally.lost += missing(acknowledged, effects);
    tally.doubled += effects.size() - std::set(effects.begin(), effects.end()).size();
  }

  void cut_at_every_flush(const std::vector<Step>& steps) {
    Durable durable;
    int turn = 0;  // a short run does one of them at each flush
    for (const auto& step : steps) {
      if (step.kind == Step::Kind::note) {
        auto& relied_on = step.file.starts_with("200 ") ? acknowledged : sent;
        relied_on.insert(step.file.substr(step.file.find(' ') + 1));
      } else if (step.kind == Step::Kind::sync || step.kind == Step::Kind::failed_sync) {
        for (const auto cut : {Durable::Cut::drops_all, Durable::Cut::tears, Durable::Cut::keeps_all}) {
          if (is_full() || turn % 3 == static_cast<int>(cut)) check(durable, cut);
        }
        ++turn;
      }
      if (step.kind == Step::Kind::write && step.file.ends_with(".db") && is_busy()) ++copied_back;
      durable.apply(step);
    }
    check(durable, Durable::Cut::drops_all);
  }

  bool is_busy() const { return !acknowledged.empty() && sent.size() < events; }

  // From an empty folder to a host that has done everything and ended.
  std::vector<Step> record(int failing_syncs) {
    {
      Pipeline house(folder.path(), [this](const std::string& key) { disk.note("sent " + key); });
      disk.fail_syncs(failing_syncs);
      house.start();
      house.deliver(static_cast<int>(events), [this](const std::string& id) { disk.note("200 " + id); });
      disk.fail_syncs(0);
    }
    return disk.take_record();
  }

  void run(const char* what, std::size_t count, int failing_syncs) {
    events = count;
    cut_at_every_flush(record(failing_syncs));
    std::cout << "  " << what << ", seed " << first_seed << ": " << tally.cuts << " cuts, "
              << acknowledged.size() << " acknowledged, " << tally.lost << " lost, " << tally.doubled
              << " doubled, " << tally.sent_twice << " sent twice\n";
    EXPECT_EQ(acknowledged.size(), events);
    EXPECT_EQ(sent.size(), acknowledged.size());
    EXPECT_EQ(tally.lost + tally.doubled + tally.sent_twice, 0U);
  }

  const std::uint64_t first_seed = seed();
  std::mt19937_64 random{first_seed};
  const support::TempFolder folder;
  Disk disk{folder.path()};
  std::size_t events = 0;
  std::set<std::string> acknowledged;
  std::set<std::string> sent;
  int copied_back = 0;  // pages of the log that went into the database while there was work
  Tally tally;
};

TEST_F(PowerCut, at_every_flush_loses_nothing_that_was_acknowledged) {
  run("power cuts", is_full() ? 10'000 : 384, 0);
  EXPECT_GT(copied_back, 0) << "cuts while the log is copied back are what is hardest";
}

// After a sync that failed nothing is acknowledged that a power cut would take.
TEST_F(PowerCut, with_every_fifth_sync_failing_loses_nothing_either) {
  run("power cuts and failing syncs", is_full() ? 1'000 : 96, 5);
}

}  // namespace
}  // namespace patchbay::faults
