#include "hooks/inbox.hpp"

#include <gtest/gtest.h>

#include "hooks/impl/inbox_sql.hpp"
#include "support.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;

class InboxTest : public ::testing::TestWithParam<support::Database> {
 protected:
  Id put(std::string body, Id integration = 7) {
    loop.run(committer.put(make_row(integration, "chat", body, body)));
    return store->read_now(
        [](store::Session& s) { return s.query_one("select max(id) from inbox")->integer(0); });
  }
  void end(Id id, const std::string& state) {
    store->write_now([&](store::Session& s) {
      s.exec("update inbox set state = :state, reason = 'why', finished_at = :at where id = :id",
             {state, clock.now().time_since_epoch().count(), id});
    });
  }
  std::vector<Id> ids(Inbox::Filter filter) {
    std::vector<Id> found;
    for (const auto& entry : loop.run(inbox.list(std::move(filter)))) found.push_back(entry.row.id);
    return found;
  }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  IdMint mint{clock};
  Counters counters;
  InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  int woken = 0;
  Inbox inbox{*store, clock, [this] { ++woken; }};
};
PB_ON_BOTH_DATABASES(InboxTest);

TEST_P(InboxTest, the_oldest_of_a_lane_are_read_up_to_a_mebibyte_but_at_least_one) {
  for (const auto size : {2'000'000, 600'000, 300'000, 300'000})
    loop.run(committer.put(make_row(7, "chat", {}, std::string(size, 'x'))));
  const auto read = [&](std::int64_t most) {
    return store->read_now([&](store::Session& s) { return oldest_open(s, {7, "chat"}, INT64_MAX, most); });
  };
  const auto end_first = [&] { end(read(1).rows.at(0).id, "done"); };
  EXPECT_EQ(read(10).rows.size(), 1u);
  end_first();
  EXPECT_EQ(read(10).rows.size(), 2u);
  EXPECT_FALSE(read(10).all);
  end_first();
  EXPECT_EQ(read(10).rows.size(), 2u);
  EXPECT_TRUE(read(10).all);
  EXPECT_FALSE(read(2).all);
  EXPECT_EQ(read(1).rows.size(), 1u);
}

// The database takes inbox_open for empty then, and a walk through it for nothing.
TEST_P(InboxTest, an_open_row_is_found_by_its_id_where_all_was_worked_off_when_the_inbox_was_analysed) {
  for (int i = 0; i < 200; ++i) put(std::to_string(i));
  store->write_now([](store::Session& s) {
    s.exec("update inbox set state = 'done', finished_at = 1");
    s.exec("analyze");
  });
  const auto id = put("new");
  const auto plan_of = [&](const std::string& where) {
    const bool sqlite = GetParam() == support::Database::sqlite;
    std::string plan;
    store->read_now([&](store::Session& s) {
      for (const auto& row :
           s.query((sqlite ? "explain query plan " : "explain ") + ("update inbox set attempts = 1 " + where),
                   {id}))
        plan += row.text(sqlite ? 3 : 0) + "\n";
      return 0;
    });
    return plan;
  };
  const auto plan = plan_of(std::string(kIfOpen));
  EXPECT_EQ(plan.find("inbox_open"), std::string::npos) << plan;
  EXPECT_NE(plan.find("inbox"), std::string::npos) << plan;
  if (GetParam() == support::Database::sqlite) return;
  EXPECT_NE(plan_of("where id = :id and state = 'new'").find("inbox_open"), std::string::npos)
      << "kIfOpen is needed no more";
}

TEST_P(InboxTest, lists_by_state_and_integration_page_by_page) {
  const auto a = put("a");
  const auto b = put("b", 8);
  const auto c = put("c");
  end(c, "dead");
  Inbox::Filter all;
  all.limit = 2;
  EXPECT_EQ(ids(all), (std::vector<Id>{a, b}));
  all.after = b;
  EXPECT_EQ(ids(all), std::vector<Id>{c});
  Inbox::Filter dead;
  dead.state = "dead";
  EXPECT_EQ(ids(dead), std::vector<Id>{c});
  dead.integration = 8;
  EXPECT_TRUE(ids(dead).empty());
  dead.state = "no such";
  EXPECT_TRUE(ids(dead).empty());
}

TEST_P(InboxTest, lists_what_came_with_a_trace_id) {  // HOOK-5
  put("a");
  auto row = make_row(7, "chat", "b");
  row.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  loop.run(committer.put(std::move(row)));
  Inbox::Filter filter;
  filter.trace = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(ids(filter).size(), 1u);
  filter.trace.back() = '0';
  EXPECT_TRUE(ids(filter).empty());
}

TEST_P(InboxTest, shows_one_with_everything) {
  const auto id = put("body");
  end(id, "dead");
  const auto entry = loop.run(inbox.get(id));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->row.body, "body");
  EXPECT_EQ(entry->row.verdict, "verified");
  EXPECT_EQ(entry->state, "dead");
  EXPECT_EQ(entry->reason, "why");
  EXPECT_EQ(entry->finished_at, kStart.time_since_epoch().count());
  EXPECT_FALSE(loop.run(inbox.get(1)));
}

TEST_P(InboxTest, replays_what_has_ended) {
  const auto id = put("a");
  EXPECT_FALSE(loop.run(inbox.replay(id)));
  end(id, "dead");
  EXPECT_TRUE(loop.run(inbox.replay(id)));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(count(*store, "inbox where state = 'new' and reason is null and finished_at is null"), 1);
}

TEST_P(InboxTest, replays_a_period) {
  end(put("a"), "dead");
  end(put("b", 8), "dead");
  EXPECT_EQ(loop.run(inbox.replay_period({}, kStart + 1ms, kStart + 1h)), 0);
  EXPECT_EQ(loop.run(inbox.replay_period(8, kStart, kStart + 1h)), 1);
  EXPECT_EQ(loop.run(inbox.replay_period({}, kStart, kStart + 1h)), 1);
}

TEST_P(InboxTest, discards_with_a_note_who_did_it) {
  const auto id = put("a");
  EXPECT_TRUE(loop.run(inbox.discard(id, "admin")));
  EXPECT_FALSE(loop.run(inbox.discard(id, "admin")));
  EXPECT_EQ(Text::from_kept(loop.run(inbox.get(id))->reason).english(), "Discarded by admin");
}

TEST_P(InboxTest, removes_what_was_done_long_ago_and_nothing_else) {
  const auto old = put("a");
  const auto dead = put("b");
  const auto open = put("c");
  end(old, "done");
  end(dead, "dead");
  clock.advance(24h * 8);
  const auto young = put("d");
  end(young, "done");
  EXPECT_EQ(loop.run(inbox.remove_done(clock.now() - 24h * 7)), 1);
  EXPECT_EQ(ids({}), (std::vector<Id>{dead, open, young}));
}

}  // namespace
}  // namespace patchbay::hooks
