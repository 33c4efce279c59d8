// CHAT-20: the journal as one host follows it.
#include "live/feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "support/databases.hpp"

namespace patchbay::live {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace journal = domain::journal;

class FeedTest : public ::testing::TestWithParam<support::Database> {
 protected:
  // Subscriptions, which read the journal too, would hold it, as they do not run here.
  FeedTest() {
    store->write_now([](store::Session& session) {
      session.exec("delete from journal_marks where name = 'subscriptions'");
    });
  }
  ~FeedTest() override {
    if (feed) run(feed->stop());
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    return boost::asio::co_spawn(pool, std::move(work), boost::asio::use_future).get();
  }
  void start(const Feed::Options& options = {}) {
    feed = std::make_unique<Feed>(pool.get_executor(), clock, *store, topics, log::Logger::none(), options);
    feed->on_placed([this] { ++placed; });
    run(feed->start());
  }
  void note(const std::string& type) {
    store->write_now(
        [&](store::Session& session) { journal::write(session, ids, clock.now(), journal::Entry(type)); });
  }
  void comes_to(std::int64_t last) {
    for (int i = 0; i < 3'000 && feed->last() < last; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_EQ(feed->last(), last);
  }
  std::vector<std::string> types(const Lines& lines) {
    std::vector<std::string> out;
    for (const auto& line : lines.lines) out.push_back(line->entries.at(0).type);
    return out;
  }

  boost::asio::thread_pool pool{2};  // ends after the store, whose threads post to it
  SystemClock clock;
  IdMint ids{clock};
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  Topics topics{pool.get_executor(), clock, *store, log::Logger::none()};
  std::atomic<int> placed = 0;
  std::unique_ptr<Feed> feed;
};
PB_ON_BOTH_DATABASES(FeedTest);

TEST_P(FeedTest, WhoSubscribedIsToldOfWhatIsCommitted) {
  start();
  const auto subscription = topics.subscribe(Feed::topic());
  note("one");
  EXPECT_TRUE(run(subscription->wait(30s)));
  comes_to(1);
  EXPECT_THAT(types(run(feed->read(0, 10))), ElementsAre("one"));
  EXPECT_GE(placed, 1);
}

TEST_P(FeedTest, WhatIsNotInMemoryIsReadFromTheStore) {
  Feed::Options options;
  options.in_memory = 2;
  start(options);
  for (const auto* type : {"1", "2", "3", "4"}) note(type);
  comes_to(4);
  EXPECT_THAT(types(run(feed->read(0, 3))), ElementsAre("1", "2", "3"));
  EXPECT_THAT(types(run(feed->read(2, 3))), ElementsAre("3", "4"));
  EXPECT_THAT(types(run(feed->read(2, 1))), ElementsAre("3"));
  EXPECT_THAT(types(run(feed->read(4, 3))), IsEmpty());
}

TEST_P(FeedTest, WhoseNextLineIsForgottenOrWhosePlaceIsNoneIsToldSo) {
  note("old");
  store->write_now([](store::Session& session) { journal::give_places(session, 10); });
  store->write_now([&](store::Session& session) { journal::forget_before(session, clock.now() + 1h, 10); });
  start();
  note("new");
  comes_to(2);
  for (const std::int64_t place : {0, 7, -1}) {
    const auto lines = run(feed->read(place, 10));
    EXPECT_TRUE(lines.reset) << place;
    EXPECT_EQ(lines.after, 2) << place;
  }
  EXPECT_FALSE(run(feed->read(1, 10)).reset);
}

// Another host on the same store writes and gives places.
TEST_P(FeedTest, WhatAnotherHostDidIsSeenToo) {
  start();
  const auto other = database.open();
  other->write_now([&](store::Session& session) {
    journal::write(session, ids, clock.now(), journal::Entry("theirs"));
    session.query("select 1");
    journal::give_places(session, 10);
  });
  comes_to(1);
  EXPECT_THAT(types(run(feed->read(0, 10))), ElementsAre("theirs"));
}

TEST_P(FeedTest, OldLinesAreSwept) {
  Feed::Options options;
  options.keep = 0ms;
  options.tidy = 10ms;
  start(options);
  note("soon old");  // it may be swept before this host has read it
  const auto forgotten = [&] {
    return store->read_now(
        [](store::Session& session) { return journal::mark(session, journal::kForgotten); });
  };
  for (int i = 0; i < 3'000 && forgotten() < 1; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(forgotten(), 1);
}

}  // namespace
}  // namespace patchbay::live
