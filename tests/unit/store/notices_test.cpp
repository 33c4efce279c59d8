#include "store/notices.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include <gtest/gtest.h>

#include "support/databases.hpp"

namespace patchbay::store {
namespace {

using namespace std::chrono_literals;

// What one host has heard so far.
class Ear {
 public:
  Notices::Heard heard() {
    return [this](const std::string& word) {
      const std::lock_guard lock(mutex_);
      words_.insert(word);
      changed_.notify_all();
    };
  }
  bool hears(const std::string& word, std::chrono::milliseconds within = 20s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return words_.contains(word); });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return words_.size();
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    words_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multiset<std::string> words_;
};

class NoticesTest : public ::testing::Test {
 protected:
  // Until one is heard: the other listens once its connection stands.
  void meet(Notices& from, Ear& to) {
    for (int i = 0; i < 200; ++i) {
      from.say("hello:" + std::to_string(i));
      if (to.hears("hello:" + std::to_string(i), 100ms)) return;
    }
    FAIL() << "nothing is heard";
  }

  support::FreshDatabase database{support::Database::postgresql};
  Ear one_ear;
  Ear two_ear;
  Notices one{database.url(), one_ear.heard(), log::Logger::none()};
  Notices two{database.url(), two_ear.heard(), log::Logger::none()};
};

TEST_F(NoticesTest, OthersHearWhatIsSaidOnce) {  // OPS-8
  meet(one, two_ear);
  meet(two, one_ear);
  two_ear.forget();
  for (int i = 0; i < 1000; ++i) one.say("inbox:" + std::to_string(i % 256));
  for (int i = 0; i < 256; ++i) EXPECT_TRUE(two_ear.hears("inbox:" + std::to_string(i)));
  EXPECT_LT(two_ear.count(), 1000u) << "the same word within a moment is said once";
  one.say("last:1");
  ASSERT_TRUE(two_ear.hears("last:1"));
  EXPECT_FALSE(one_ear.hears("last:1", 0ms)) << "nobody hears himself";
}

TEST_F(NoticesTest, AConnectionThatEndsIsMadeAnew) {
  meet(one, two_ear);
  const auto store = database.open();
  const auto ended = store->write_now([](Session& session) {
    return session
        .query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid()")
        .size();
  });
  EXPECT_GE(ended, 2u);
  two_ear.forget();
  meet(one, two_ear);
}

TEST(Notices, EndsAtOnceWhereNobodyAnswers) {
  Ear ear;
  Notices lonely("postgresql://nobody@/none?host=/nonexistent", ear.heard(), log::Logger::none());
  lonely.say("inbox:1");
}

}  // namespace
}  // namespace patchbay::store
