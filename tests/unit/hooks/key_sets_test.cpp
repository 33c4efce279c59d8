#include "hooks/key_sets.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "jwt_tokens.hpp"
#include "support.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;

class KeySetsTest : public ::testing::Test {
 protected:
  std::optional<crypto::PublicKey> find(const char* id, const char* address = "https://id.example/keys") {
    return loop.run(keys.find(address, id));
  }
  // What somebody is told for whom nothing is known.
  Duration told_to_wait(const char* id) {
    try {
      find(id);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      return error.retry_after();
    }
    ADD_FAILURE() << "answers";
    return Duration(0);
  }

  Loop loop;
  ManualClock clock{kStart};
  support::FakeHttp http{clock};
  KeySets keys{{loop.io.get_executor(), clock, http,
                [] { return std::vector<std::string>{"id.example:8443"}; }, log::Logger::none()}};
};

TEST_F(KeySetsTest, FetchesThroughTheGuardWhatIsWantedAndKeepsIt) {
  http.answer(200, kKeySet);
  EXPECT_TRUE(find("r1"));
  EXPECT_TRUE(find("e1"));
  ASSERT_EQ(http.seen.size(), 1u);
  EXPECT_EQ(http.seen[0]->request.url, "https://id.example/keys");
  EXPECT_EQ(http.seen[0]->request.max_redirects, 0);
  EXPECT_EQ(http.seen[0]->guard.opened, std::vector<std::string>{"id.example:8443"});
}

TEST_F(KeySetsTest, AnUnknownKeyIsLookedForOnceAMinute) {
  http.answer(200, R"({"keys":[]})");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(find("r1"));
  EXPECT_EQ(http.seen.size(), 1u);
  clock.advance(61s);
  http.answer(200, kKeySet);  // the provider has changed its keys
  EXPECT_TRUE(find("r1"));
  http.answer(200, kKeySet);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(find("made up"));
  EXPECT_EQ(http.seen.size(), 3u);
}

TEST_F(KeySetsTest, WhileTheProviderIsAwayNobodyIsRefusedForGood) {
  http.fail(Code::unavailable);
  EXPECT_EQ(told_to_wait("r1"), 5s);
  EXPECT_EQ(told_to_wait("r1"), 5s);
  EXPECT_EQ(http.seen.size(), 1u) << "every five seconds at most";
  clock.advance(6s);
  http.answer(500, "<html>");
  EXPECT_EQ(told_to_wait("r1"), 5s);
  clock.advance(6s);
  http.answer(200, kKeySet);
  EXPECT_TRUE(find("r1"));
}

TEST_F(KeySetsTest, KnownKeysOutliveADayWithoutTheProvider) {
  http.answer(200, kKeySet);
  EXPECT_TRUE(find("r1"));
  clock.advance(2h);
  http.fail(Code::unavailable);
  EXPECT_TRUE(find("r1"));
  EXPECT_EQ(told_to_wait("unknown"), 5s) << "it may have it by now";
  clock.advance(23h);
  http.fail(Code::deadline);
  EXPECT_EQ(told_to_wait("r1"), 5s);
}

TEST_F(KeySetsTest, ManyAtOnceMakeOneRequest) {
  http.answer(200, kKeySet);
  http.turns.front().delay = 1s;
  std::vector<std::future<std::optional<crypto::PublicKey>>> all;
  for (int i = 0; i < 20; ++i) all.push_back(loop.start(keys.find("https://id.example/keys", "r1")));
  for (auto& each : all) {
    while (each.wait_for(1ms) != std::future_status::ready) clock.advance(100ms);
    EXPECT_TRUE(each.get());
  }
  EXPECT_EQ(http.seen.size(), 1u);
}

}  // namespace
}  // namespace patchbay::hooks
