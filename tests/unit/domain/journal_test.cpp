// CHAT-20: what happens, in the order in which it could be seen.
#include "domain/journal/journal.hpp"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::domain::journal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JournalTest : public ::testing::TestWithParam<support::Database> {
 protected:
  void note(store::Session& session, const std::string& type) {
    write(session, ids, clock.now(), Entry(type));
  }
  void note(const std::string& type) {
    store->write_now([&](store::Session& session) { note(session, type); });
  }
  std::size_t place(std::size_t most = 100) {
    return store->write_now([&](store::Session& session) { return give_places(session, most); });
  }
  std::vector<std::pair<std::int64_t, std::string>> after(std::int64_t from, std::size_t most = 100) {
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (const auto& line :
         store->read_now([&](store::Session& session) { return read_after(session, from, most); }))
      out.emplace_back(line.place, line.entries.at(0).type);
    return out;
  }
  std::size_t forget(TimePoint before, std::size_t most = 100) {
    return store->write_now([&](store::Session& session) { return forget_before(session, before, most); });
  }

  ManualClock clock{TimePoint{1'800'000'000'000ms}};
  IdMint ids{clock};
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
};
PB_ON_BOTH_DATABASES(JournalTest);

TEST_P(JournalTest, WhatWasWrittenIsSeenOnceItHasAPlace) {
  note("one");
  note("two");
  EXPECT_THAT(after(0), IsEmpty());
  EXPECT_EQ(place(1), 1u);
  EXPECT_THAT(after(0), ElementsAre(std::pair(1, "one")));
  EXPECT_TRUE(store->read_now(has_unplaced));
  EXPECT_EQ(place(), 1u);
  EXPECT_FALSE(store->read_now(has_unplaced));
  EXPECT_EQ(place(), 0u);
  EXPECT_THAT(after(0), ElementsAre(std::pair(1, "one"), std::pair(2, "two")));
  EXPECT_THAT(after(1), ElementsAre(std::pair(2, "two")));
  EXPECT_THAT(after(0, 1), ElementsAre(std::pair(1, "one")));
}

TEST_P(JournalTest, AnEntryKeepsAllThatItSays) {
  Entry entry("chat.changed", 11);
  entry.chat = 12;
  entry.queue = 13;
  entry.former_queue = 14;
  entry.owner = 15;
  entry.former = 16;
  entry.state = "waiting";
  entry.reason = "transferred \"twice\"";
  store->write_now([&](store::Session& session) { write(session, ids, clock.now(), entry); });
  place();
  const auto line = store->read_now([](store::Session& session) { return read_after(session, 0, 1); }).at(0);
  EXPECT_EQ(line.at, 1'800'000'000'000);
  const auto& read = line.entries.at(0);
  EXPECT_EQ(std::tie(read.type, read.subject, read.chat, read.queue, read.former_queue, read.owner,
                     read.former, read.state, read.reason),
            std::tie(entry.type, entry.subject, entry.chat, entry.queue, entry.former_queue, entry.owner,
                     entry.former, entry.state, entry.reason));
}

TEST_P(JournalTest, NothingIsWrittenForNothingAndMuchBecomesSeveralLines) {
  store->write_now([&](store::Session& session) { write(session, ids, clock.now(), std::vector<Entry>()); });
  EXPECT_EQ(place(), 0u);
  const std::vector<Entry> many(kMostEntries + 1, Entry("x"));
  store->write_now([&](store::Session& session) { write(session, ids, clock.now(), many); });
  EXPECT_EQ(place(), 2u);
}

TEST_P(JournalTest, WhatIsRolledBackHasNotHappened) {
  EXPECT_THROW(store->write_now([&](store::Session& session) {
    note(session, "never");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  note("after");
  place();
  EXPECT_THAT(after(0), ElementsAre(std::pair(1, "after")));
}

// A reader who has seen a place has missed nothing before it, although ids are given before commits.
TEST_P(JournalTest, WhoCommitsLateGetsALatePlace) {
  if (store->dialect() == store::Dialect::sqlite) return;  // one writer: commits are in the order of ids
  std::promise<void> written;
  std::promise<void> may_commit;
  auto slow = std::async(std::launch::async, [&] {
    store->write_now([&](store::Session& session) {
      note(session, "slow");
      session.query("select 1");  // sends what is to come later
      written.set_value();
      may_commit.get_future().wait();
    });
  });
  written.get_future().wait();
  note("quick");
  EXPECT_EQ(place(), 1u);
  EXPECT_THAT(after(0), ElementsAre(std::pair(1, "quick")));
  may_commit.set_value();
  slow.get();
  EXPECT_EQ(place(), 1u);
  EXPECT_THAT(after(1), ElementsAre(std::pair(2, "slow")));
}

TEST_P(JournalTest, ManyHostsGiveEachPlaceOnce) {
  constexpr int kEach = 25;
  std::vector<std::future<void>> hosts;
  for (int host = 0; host < 4; ++host) {
    hosts.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < kEach; ++i) {
        note("x");
        place(3);
      }
    }));
  }
  for (auto& host : hosts) host.get();
  while (place() > 0) {
  }
  const auto all = after(0, 1'000);
  ASSERT_EQ(all.size(), 4u * kEach);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].first, static_cast<std::int64_t>(i + 1));
}

TEST_P(JournalTest, WhatIsOldIsForgottenButNothingThatSomebodyHasToRead) {
  for (const auto* type : {"1", "2", "3"}) {
    note(type);
    clock.advance(1s);
  }
  place();
  note("no place yet");
  store->write_now([](store::Session& session) {
    session.exec("insert into journal_marks(name, place) values ('somebody', 1)");
    move_mark(session, "subscriptions", 100);
  });
  EXPECT_EQ(forget(clock.now()), 1u) << "somebody has read no further";
  EXPECT_THAT(after(0), ElementsAre(std::pair(2, "2"), std::pair(3, "3")));
  store->write_now(
      [](store::Session& session) { session.exec("delete from journal_marks where name = 'somebody'"); });
  EXPECT_EQ(forget(clock.now() - 1s, 10), 1u) << "the third is not old";
  EXPECT_EQ(store->read_now([](store::Session& session) { return mark(session, kForgotten); }), 2);
  place();
  EXPECT_THAT(after(0), ElementsAre(std::pair(3, "3"), std::pair(4, "no place yet")));
}

}  // namespace
}  // namespace patchbay::domain::journal
