#include "hooks/inbox_committer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

class InboxCommitterTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::unique_ptr<InboxCommitter> make(InboxCommitter::Options options = {}) {
    return std::make_unique<InboxCommitter>(*store, mint, loop.io.get_executor(), counters,
                                            log::Logger::none(), options);
  }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  IdMint mint{clock};
  Counters counters;
};
PB_ON_BOTH_DATABASES(InboxCommitterTest);

TEST_P(InboxCommitterTest, stores_before_it_answers) {  // HOOK-1
  const auto committer = make();
  EXPECT_EQ(loop.run(committer->put(make_row(7, "a", "k"))), Stored::stored);
  EXPECT_EQ(count(*store, "inbox where state = 'new' and lane = 'a'"), 1);
}

TEST_P(InboxCommitterTest, knows_duplicates_within_and_across_batches) {  // HOOK-2
  const auto committer = make();
  std::vector<InboxRow> rows{make_row(7, "", "k"), make_row(7, "", "k"), make_row(8, "", "k"),
                             make_row(7, "", {}), make_row(7, "", {})};
  using S = Stored;
  EXPECT_EQ(loop.run(committer->put_all(rows)),
            (std::vector<S>{S::stored, S::known, S::stored, S::stored, S::stored}));
  EXPECT_EQ(loop.run(committer->put(make_row(7, "", "k"))), Stored::known);
  EXPECT_EQ(count(*store, "inbox"), 4);
}

TEST_P(InboxCommitterTest, commits_what_queued_up_together) {
  const auto committer = make();
  std::vector<std::future<Stored>> waiting;
  for (int i = 0; i < 1000; ++i) {
    waiting.push_back(loop.start(committer->put(make_row(7, "", std::to_string(i)))));
  }
  for (auto& one : waiting) EXPECT_EQ(one.get(), Stored::stored);
  EXPECT_EQ(count(*store, "inbox"), 1000);
  EXPECT_LT(counters.batches, 500u);
}

TEST_P(InboxCommitterTest, hands_on_new_rows_only_in_order_of_their_ids) {
  const auto committer = make();
  std::promise<std::vector<InboxRow>> seen;
  committer->on_stored([&](std::vector<InboxRow> rows) { seen.set_value(std::move(rows)); });
  loop.run(committer->put_all({make_row(7, "", "1"), make_row(7, "", "1"), make_row(7, "", "2", "body")}));
  const auto rows = seen.get_future().get();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_LT(rows[0].id, rows[1].id);
  EXPECT_EQ(rows[1].body, "body");
}

TEST_P(InboxCommitterTest, a_poison_row_fails_alone) {
  const auto poison = [] {
    auto row = make_row(7, "", "bad");
    row.verdict = "x";
    return row;
  };
  store->write_now([](store::Session& session) {
    if (session.dialect() == store::Dialect::sqlite) {
      session.script(
          "create trigger refuse before insert on inbox when new.verdict = 'x' "
          "begin select raise(abort, 'poison'); end");
    } else {
      session.script("alter table inbox add constraint refuse check (verdict <> 'x')");
    }
  });
  const auto committer = make();
  const auto results = loop.run(committer->put_all({make_row(7, "", "1"), poison(), make_row(7, "", "2")}));
  EXPECT_EQ(results, (std::vector<Stored>{Stored::stored, Stored::failed, Stored::stored}));
  EXPECT_EQ(count(*store, "inbox"), 2);
}

TEST_P(InboxCommitterTest, refuses_at_once_when_full) {  // HOOK-6
  InboxCommitter::Options options;
  options.max_rows = 2;
  const auto committer = make(options);
  const auto results =
      loop.run(committer->put_all({make_row(7, "", "1"), make_row(7, "", "2"), make_row(7, "", "3")}));
  EXPECT_EQ(results, std::vector<Stored>(3, Stored::full));
  EXPECT_EQ(loop.run(committer->put(make_row(7, "", "1"))), Stored::stored);
  options.max_bytes = 10;
  const auto small = make(options);
  EXPECT_EQ(loop.run(small->put(make_row(7, "", "2", "more than ten bytes"))), Stored::full);
}

// OPS-9: a full disk is not filled with lines that say so.
TEST_P(InboxCommitterTest, tells_once_that_the_store_is_away_and_once_that_it_is_back) {
  if (store->dialect() != store::Dialect::sqlite) return;  // a full database, for one
  const auto at_most = [&](const std::string& pages) {
    store->write_now([&](store::Session& session) { session.script("pragma max_page_count = " + pages); });
  };
  log::Redactor redactor;
  std::string lines;
  InboxCommitter committer(*store, mint, loop.io.get_executor(), counters,
                           log::Logger::to_string(log::Format::text, log::Level::info, redactor, lines));
  at_most("1");
  const std::string large(100'000, 'x');
  for (int i = 0; i < 20; ++i) loop.run(committer.put(make_row(7, "", std::to_string(i), large)));
  EXPECT_EQ(loop.run(committer.put(make_row(7, "", "last", large))), Stored::failed);
  at_most("100000");
  EXPECT_EQ(loop.run(committer.put(make_row(7, "", "last", large))), Stored::stored);
  committer.stop();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
  EXPECT_NE(lines.find("takes requests again refused="), lines.npos) << lines;
}

TEST_P(InboxCommitterTest, writes_what_waits_before_it_stops_and_refuses_the_rest) {
  const auto committer = make();
  std::vector<std::future<Stored>> waiting;
  for (int i = 0; i < 100; ++i)
    waiting.push_back(loop.start(committer->put(make_row(7, "", std::to_string(i)))));
  loop.run(committer->put(make_row(7, "", "last")));
  committer->stop();
  EXPECT_EQ(loop.run(committer->put(make_row(7, "", "late"))), Stored::full);
  int stored = 0;
  for (auto& one : waiting) stored += one.get() == Stored::stored ? 1 : 0;
  EXPECT_EQ(stored, 100);
  EXPECT_EQ(count(*store, "inbox"), 101);
}

TEST_P(InboxCommitterTest, keeps_bytes_as_they_came_and_repairs_text) {
  const auto committer = make();
  auto row = make_row(7, std::string("a\0b", 3), {}, std::string("\0\xff\x01", 3));
  loop.run(committer->put(std::move(row)));
  const auto found = store->read_now(
      [](store::Session& session) { return *session.query_one("select lane, body from inbox"); });
  EXPECT_EQ(found.text(0),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(found.bytes(1), std::string("\0\xff\x01", 3));
}

}  // namespace
}  // namespace patchbay::hooks
