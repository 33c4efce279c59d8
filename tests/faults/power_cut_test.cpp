// Bar 2: the power goes at every flush of a run of the code that acknowledges webhooks. The run is recorded
// below SQLite, then what each cut may leave on the disk is opened by the real store and worked on.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <future>
#include <iostream>
#include <random>
#include <string_view>
#include <thread>
#include <unordered_set>

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
  void add(const Tally& other) {
    cuts += other.cuts;
    lost += other.lost;
    doubled += other.doubled;
    sent_twice += other.sent_twice;
  }
};

std::size_t missing(const std::set<std::string>& wanted, const std::vector<std::string>& found) {
  const std::unordered_set<std::string_view> there(found.begin(), found.end());
  return static_cast<std::size_t>(
      std::count_if(wanted.begin(), wanted.end(), [&](const auto& one) { return !there.contains(one); }));
}

// Every `of`-th of the cuts of a record, from the number `number` on.
class Cuts {
 public:
  Cuts(std::size_t events, std::uint64_t seed, int number, int of)
      : events_(events), random_(seed + static_cast<std::uint64_t>(number)), number_(number), of_(of) {}

  void make(const std::vector<Step>& steps) {
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

  std::set<std::string> acknowledged;
  std::set<std::string> sent;
  int copied_back = 0;  // pages of the log that went into the database while there was work
  Tally tally;

 private:
  // Nothing of a host outlives it but what `durable` holds.
  void check(const Durable& durable, Durable::Cut cut) {
    if (next_++ % of_ != number_) return;
    const support::TempFolder found;
    durable.write_to(found.path(), cut, [this] { return (random_() & 1) != 0; });
    ++tally.cuts;
    Pipeline house(found.path(), [](const std::string&) {});
    EXPECT_EQ(house.texts("pragma integrity_check"), std::vector<std::string>{"ok"});
    tally.lost += missing(acknowledged, house.texts("select dedupe_key from inbox"));
    for (const auto& key : house.texts("select idempotency_key from outbox where state = 'queued'"))
      tally.sent_twice += sent.count(key);
    house.start_inbox();
    house.run_until([&] { return house.count("inbox where state = 'new'") == 0; });
    const auto effects = house.texts("select body from effects");
    tally.lost += missing(acknowledged, effects);
    tally.doubled +=
        effects.size() - std::unordered_set<std::string_view>(effects.begin(), effects.end()).size();
  }

  bool is_busy() const { return !acknowledged.empty() && sent.size() < events_; }

  const std::size_t events_;
  std::mt19937_64 random_;
  const int number_;
  const int of_;
  int next_ = 0;
};

class PowerCut : public ::testing::Test {
 protected:
  // From an empty folder to a host that has done everything and ended.
  std::vector<Step> record(std::size_t events, int failing_syncs) {
    {
      Pipeline house(folder.path(), [this](const std::string& key) { disk.note("sent " + key); });
      disk.fail_syncs(failing_syncs);
      house.start();
      house.deliver(static_cast<int>(events), [this](const std::string& id) { disk.note("200 " + id); });
      disk.fail_syncs(0);
    }
    return disk.take_record();
  }

  // On as many threads as the machine has, where that takes long.
  void run(const char* what, std::size_t events, int failing_syncs) {
    const auto steps = record(events, failing_syncs);
    const int of = is_full() ? static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) : 1;
    std::deque<Cuts> all;
    for (int number = 0; number < of; ++number) all.emplace_back(events, first_seed, number, of);
    std::vector<std::future<void>> making;
    for (auto& each : all) making.push_back(std::async(std::launch::async, [&] { each.make(steps); }));
    for (auto& each : making) each.get();
    Tally tally;
    for (const auto& each : all) tally.add(each.tally);
    copied_back = all.front().copied_back;
    std::cout << "  " << what << ", seed " << first_seed << ": " << tally.cuts << " cuts, "
              << all.front().acknowledged.size() << " acknowledged, " << tally.lost << " lost, "
              << tally.doubled << " doubled, " << tally.sent_twice << " sent twice\n";
    EXPECT_EQ(all.front().acknowledged.size(), events);
    EXPECT_EQ(all.front().sent.size(), events);
    EXPECT_EQ(tally.lost + tally.doubled + tally.sent_twice, 0U);
  }

  const std::uint64_t first_seed = seed();
  const support::TempFolder folder;
  Disk disk{folder.path()};
  int copied_back = 0;
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
