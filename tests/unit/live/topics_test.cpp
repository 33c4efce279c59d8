// plugin-needs N15: an ordered log for each topic, from which nobody who comes back misses anything unawares.
#include "live/topics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::live {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const Topic kTopic(7, "s1");

Draft draft(std::string data, std::optional<std::string> key = {}) {
  Draft made(std::move(data));
  made.key = std::move(key);
  return made;
}

Topics::Options small() {
  Topics::Options options;
  options.topic_events = 3;
  options.owner_events = 5;
  return options;
}

class TopicsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto done = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
    io.restart();
    io.run();
    return done.get();
  }
  std::unique_ptr<Topics> make(const Topics::Options& options = {}) {
    return std::make_unique<Topics>(io.get_executor(), clock, *store, log::Logger::none(), options);
  }
  std::int64_t append(Topics& topics, const std::string& data, const Topic& topic = kTopic) {
    return run(topics.append(topic, draft(data))).id;
  }
  Reading read(Topics& topics, std::int64_t after, const Topic& topic = kTopic, std::int64_t most = 100) {
    return run(topics.read(topic, after, most));
  }
  std::vector<std::string> data_after(Topics& topics, std::int64_t after, const Topic& topic = kTopic) {
    std::vector<std::string> out;
    for (const auto& event : read(topics, after, topic).events) out.push_back(event.data);
    return out;
  }

  boost::asio::io_context io;
  ManualClock clock{TimePoint{std::chrono::milliseconds(1'800'000'000'000)}};
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  std::unique_ptr<Topics> topics_ = make();
};
PB_ON_BOTH_DATABASES(TopicsTest);

TEST_P(TopicsTest, GivesRisingIdsAndReadsAfterOne) {
  const auto one = append(*topics_, "1");
  const auto two = append(*topics_, "2");
  EXPECT_GT(one, 0);
  EXPECT_EQ(two, one + 1);
  EXPECT_THAT(data_after(*topics_, 0), ElementsAre("1", "2"));
  EXPECT_THAT(data_after(*topics_, one), ElementsAre("2"));
  EXPECT_THAT(data_after(*topics_, two), ElementsAre());
  EXPECT_FALSE(read(*topics_, one).reset);
  EXPECT_EQ(read(*topics_, 0, kTopic, 1).events.size(), 1u);
}

TEST_P(TopicsTest, KeepsTopicsAndOwnersApart) {
  append(*topics_, "mine");
  append(*topics_, "of another topic", Topic(7, "s2"));
  append(*topics_, "of another owner", Topic(8, "s1"));
  EXPECT_THAT(data_after(*topics_, 0), ElementsAre("mine"));
  EXPECT_THAT(data_after(*topics_, 0, Topic(8, "s1")), ElementsAre("of another owner"));
}

TEST_P(TopicsTest, KnowsARepeatedKey) {
  const auto first = run(topics_->append(kTopic, draft("1", "a")));
  append(*topics_, "2");
  const auto again = run(topics_->append(kTopic, draft("other words", "a")));
  EXPECT_FALSE(first.known);
  EXPECT_TRUE(again.known);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(append(*topics_, "3"), first.id + 2) << "a repetition leaves no gap";
  EXPECT_FALSE(run(topics_->append(Topic(7, "s2"), draft("1", "a"))).known) << "keys are those of a topic";
  EXPECT_THAT(data_after(*topics_, 0), ElementsAre("1", "2", "3"));
}

TEST_P(TopicsTest, TellsWhoAsksForWhatIsNotKept) {
  const auto few = make(small());
  std::vector<std::int64_t> ids;
  for (const auto* data : {"1", "2", "3", "4", "5"}) ids.push_back(append(*few, data));
  const auto old = read(*few, ids[0]);
  EXPECT_TRUE(old.reset);
  EXPECT_EQ(old.after, ids[1]);
  EXPECT_EQ(old.events.size(), 3u);
  EXPECT_FALSE(read(*few, ids[1]).reset) << "it has all that is gone";
  EXPECT_FALSE(read(*few, 0).reset) << "who begins has lost nothing";
  EXPECT_TRUE(read(*few, ids[4] + 1).reset) << "an id of nobody's";
}

TEST_P(TopicsTest, ForgetsWhatIsOld) {
  const auto first = append(*topics_, "1");
  clock.advance(6 * 24h + 23h);
  const auto second = append(*topics_, "2");
  clock.advance(2h);
  run(topics_->tidy());
  EXPECT_THAT(data_after(*topics_, first), ElementsAre("2"));
  EXPECT_FALSE(read(*topics_, first).reset);
  EXPECT_TRUE(read(*topics_, first - 1).reset);
  clock.advance(7 * 24h + 1h);
  run(topics_->tidy());
  EXPECT_TRUE(read(*topics_, second).reset) << "the topic itself is gone";
  EXPECT_FALSE(read(*topics_, 0).reset);
  EXPECT_GT(append(*topics_, "3"), second) << "ids rise over its end";
  EXPECT_TRUE(read(*topics_, second).reset);
}

TEST_P(TopicsTest, BoundsWhatIsKeptOfOneOwner) {
  const auto few = make(small());
  for (int i = 0; i < 9; ++i) {
    append(*few, std::to_string(i), Topic(7, "s" + std::to_string(i % 3)));
    clock.advance(1s);
  }
  append(*few, "another owner's", Topic(8, "s0"));
  run(few->tidy());
  std::size_t kept = 0;
  for (const auto* name : {"s0", "s1", "s2"}) kept += read(*few, 0, Topic(7, name)).events.size();
  EXPECT_EQ(kept, 5u);
  EXPECT_EQ(data_after(*few, 0, Topic(7, "s2")).back(), "8");
  EXPECT_EQ(read(*few, 0, Topic(8, "s0")).events.size(), 1u);
}

TEST_P(TopicsTest, IdsOfOneTopicBecomeVisibleInOrder) {
  constexpr int kWriters = 4;
  constexpr int kEach = 25;
  SystemClock system;
  Topics shared(io.get_executor(), system, *store, log::Logger::none());
  std::vector<std::jthread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i)
        store->write_now([&](store::Session& session) { shared.append_in(session, kTopic, draft("x")); });
    });
  }
  std::int64_t at = 0;
  int seen = 0;
  while (seen < kWriters * kEach) {
    const auto reading = read(shared, at);
    ASSERT_FALSE(reading.reset);
    for (const auto& event : reading.events) {
      ASSERT_TRUE(at == 0 || event.id == at + 1);
      at = event.id;
      ++seen;
    }
  }
}

TEST_P(TopicsTest, WakesWhoFollows) {
  const auto mine = topics_->subscribe(kTopic);
  const auto other = topics_->subscribe(Topic(7, "s2"));
  EXPECT_EQ(topics_->subscriptions(), 2u);
  append(*topics_, "1");
  EXPECT_TRUE(run(mine->wait(1h))) << "what came before the wait is not lost";
  auto waiting = boost::asio::co_spawn(io, other->wait(15s), boost::asio::use_future);
  io.restart();
  io.poll();
  clock.advance(15s);
  io.run();
  EXPECT_FALSE(waiting.get());
  other->wake();
  EXPECT_TRUE(run(other->wait(1h)));
}

TEST_P(TopicsTest, HearsOfOtherHostsEvents) {  // N15: two hosts
  if (GetParam() == support::Database::sqlite) return;
  SystemClock system;
  Topics here(io.get_executor(), system, *store, log::Logger::none());
  const auto there_store = database.open();
  Topics there(io.get_executor(), system, *there_store, log::Logger::none());
  const auto subscription = here.subscribe(kTopic);
  here.start();
  auto waiting = boost::asio::co_spawn(io, subscription->wait(10s), boost::asio::use_future);
  there_store->write_now([&](store::Session& session) { there.append_in(session, kTopic, draft("1")); });
  io.restart();
  while (waiting.wait_for(0s) != std::future_status::ready) io.run_one_for(100ms);
  EXPECT_TRUE(waiting.get());
  run(here.stop());
}

}  // namespace
}  // namespace patchbay::live
