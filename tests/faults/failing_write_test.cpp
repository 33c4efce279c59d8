// Bar 3: the n-th write to SQLite's files fails, for every n until none is left to fail. What fails is
// answered 503, everything goes on by itself, and nothing is lost or doubled.
#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "faults/disk.hpp"
#include "faults/pipeline.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::faults {
namespace {

constexpr int kEvents = 3;

// True when there was a write to fail.
bool opens_all_the_same(int n, bool full) {
  const support::TempFolder folder;
  Disk disk(folder.path());
  disk.fail_nth(n, full);
  try {
    open_store(folder.path());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable) << "write " << n << ": " << error.what();
  }
  const bool failed = disk.has_failed();
  disk.fail_nth(0, full);
  Pipeline house(folder.path(), [](const std::string&) {});
  EXPECT_EQ(house.texts("pragma integrity_check"), std::vector<std::string>{"ok"});
  EXPECT_EQ(house.count("schema_version"), static_cast<std::int64_t>(store::migrations().size()));
  return failed;
}

bool works_all_the_same(const std::string& migrated, int n, bool full) {
  const support::TempFolder folder;
  std::filesystem::copy(migrated, folder.path(), std::filesystem::copy_options::recursive);
  Disk disk(folder.path());
  Pipeline house(folder.path(), [](const std::string&) {});
  house.start();
  disk.fail_nth(n, full);
  house.deliver(kEvents, [](const std::string&) {});
  const bool failed = disk.has_failed();
  disk.fail_nth(0, full);
  EXPECT_EQ(house.texts("select body from effects").size(), static_cast<std::size_t>(kEvents)) << n;
  EXPECT_EQ(house.texts("pragma integrity_check"), std::vector<std::string>{"ok"}) << n;
  return failed;
}

// How often something failed. A short run takes the errors in turn, and only every `step`-th write.
int sweep(int step, const std::function<bool(int n, bool full)>& fails_at) {
  int swept = 0;
  for (int turn = 0; turn < (is_full() ? 2 : 1); ++turn) {
    for (int n = 1; fails_at(n, (n + turn) % 2 == 0); n += is_full() ? 1 : step) ++swept;
  }
  return swept;
}

TEST(FailingWrite, of_the_start_is_unavailable_and_the_next_start_goes_on) {
  const int swept = sweep(3, opens_all_the_same);
  std::cout << "  starts: " << swept << " writes that failed, 0 other errors\n";
  EXPECT_GT(swept, 50);
}

TEST(FailingWrite, of_the_run_is_answered_503_and_all_goes_on) {
  const support::TempFolder migrated;
  open_store(migrated.path());
  const int swept = sweep(1, [&](int n, bool full) { return works_all_the_same(migrated.path(), n, full); });
  std::cout << "  runs: " << swept << " writes that failed, 0 other errors, 0 lost, 0 doubled\n";
  EXPECT_GT(swept, 20);
}

}  // namespace
}  // namespace patchbay::faults
