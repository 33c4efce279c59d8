#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "store/store.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

// OPS-2: the same tests on both databases.
class SessionTest : public ::testing::TestWithParam<support::Database> {
 protected:
  SessionTest() {
    store->write_now([](Session& s) {
      s.script(
          "create table parent(id bigint primary key);"
          "create table things(id bigint primary key, name text not null, body bytea, size bigint, part "
          "double precision,"
          " parent bigint references parent(id), unique(name))");
    });
  }

  void add(std::int64_t id, const std::string& name) {
    store->write_now([&](Session& s) {
      s.exec("insert into things(id, name) values (:id, :name)", {id, name});
    });
  }
  std::int64_t count() {
    return store->read_now(
        [](Session& s) { return s.query_one("select cast(count(*) as bigint) from things")->integer(0); });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open_empty();
};
PB_ON_BOTH_DATABASES(SessionTest);

TEST_P(SessionTest, gives_back_every_type_as_it_was) {
  const std::string bytes("\x00\x01\xff\\x\n", 6);
  store->write_now([&](Session& s) {
    s.exec("insert into things(id, name, body, size, part) values (:id, :name, :body, :size, :part)",
           {std::int64_t{1} << 62, "Grüße, мир 🌍", Bytes(bytes), std::int64_t{-5}, 0.1});
  });
  const auto row = store->read_now(
      [](Session& s) { return s.query_one("select id, name, body, size, part from things"); });
  EXPECT_EQ(row->integer(0), std::int64_t{1} << 62);
  EXPECT_EQ(row->text(1), "Grüße, мир 🌍");
  EXPECT_EQ(row->bytes(2), bytes);
  EXPECT_EQ(row->integer(3), -5);
  EXPECT_EQ(row->real(4), 0.1);
}

TEST_P(SessionTest, tells_null_from_empty) {
  store->write_now([](Session& s) {
    s.exec("insert into things(id, name, body, size) values (:i, :n, :b, :s)",
           {std::int64_t{1}, "", Bytes(""), nullable<std::int64_t>({})});
  });
  const auto row =
      store->read_now([](Session& s) { return s.query_one("select name, body, size from things"); });
  EXPECT_EQ(row->text(0), "");
  EXPECT_EQ(row->bytes(1), "");
  EXPECT_TRUE(row->is_null(2));
  EXPECT_EQ(row->maybe_integer(2), std::nullopt);
}

TEST_P(SessionTest, takes_one_statement_with_and_without_null) {
  store->write_now([](Session& s) {
    const char* sql = "insert into things(id, name, body, size) values (:i, :n, :b, :s)";
    s.exec(sql, {std::int64_t{1}, "a", Bytes("x"), std::int64_t{7}});
    s.exec(sql, {std::int64_t{2}, "b", Value(), Value()});
    s.exec(sql, {std::int64_t{3}, "c", Bytes("z"), std::int64_t{9}});
  });
  const auto rows =
      store->read_now([](Session& s) { return s.query("select size from things order by id"); });
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].maybe_integer(0), 7);
  EXPECT_TRUE(rows[1].is_null(0));
  EXPECT_EQ(rows[2].maybe_integer(0), 9);
}

TEST_P(SessionTest, computes_with_times_in_milliseconds) {
  const std::int64_t now = 1790000000123;
  const auto row = store->read_now([&](Session& s) {
    return s.query_one("select cast(:now as bigint) - 5000, coalesce(:other, 0)", {now, now});
  });
  EXPECT_EQ(row->integer(0), now - 5000);
  EXPECT_EQ(row->integer(1), now);
}

// N19
TEST_P(SessionTest, repairs_text_that_no_text_column_could_hold) {
  add(1, std::string("a\0b\xff", 4));
  const auto row = store->read_now([](Session& s) { return s.query_one("select name from things"); });
  EXPECT_EQ(row->text(0),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

TEST_P(SessionTest, counts_the_rows_that_changed) {
  add(1, "a");
  add(2, "b");
  store->write_now([](Session& s) {
    EXPECT_EQ(s.exec("update things set size = 1 where id > :id", {std::int64_t{0}}), 2);
    EXPECT_EQ(s.exec("delete from things where id = :id", {std::int64_t{9}}), 0);
  });
}

TEST_P(SessionTest, refuses_a_second_row_with_the_same_key_as_conflict) {
  add(1, "a");
  try {
    add(2, "a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::conflict);
    EXPECT_EQ(error.text().id(), "store.constraint");
  }
}

TEST_P(SessionTest, refuses_a_row_whose_parent_is_missing) {
  const auto orphan = [this] {
    store->write_now([](Session& s) { s.exec("insert into things(id, name, parent) values (1, 'a', 42)"); });
  };
  EXPECT_THROW(orphan(), Error);
  EXPECT_EQ(count(), 0);
}

TEST_P(SessionTest, commits_nothing_once_a_statement_has_failed_even_if_the_error_was_swallowed) {
  add(1, "a");
  const auto careless = [this] {
    store->write_now([](Session& s) {
      s.exec("insert into things(id, name) values (2, 'b')");
      try {
        s.exec("insert into things(id, name) values (3, 'a')");
      } catch (const Error&) {
      }
    });
  };
  EXPECT_THROW(careless(), Error);
  EXPECT_EQ(count(), 1);
}

TEST_P(SessionTest, says_which_statement_can_never_work) {
  try {
    store->read_now([](Session& s) { return s.query("select nothing from nowhere"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("select nothing from nowhere"));
  }
}

TEST_P(SessionTest, refuses_a_wrong_number_of_values) {
  EXPECT_THROW(store->read_now([](Session& s) { return s.query("select cast(:a as bigint)", {}); }), Error);
}

TEST_P(SessionTest, refuses_to_read_a_column_as_another_type) {
  add(1, "a");
  const auto row = store->read_now([](Session& s) { return s.query_one("select name from things"); });
  EXPECT_THROW(row->integer(0), Error);
  EXPECT_THROW(row->text(1), Error);
}

TEST_P(SessionTest, keeps_working_beyond_the_number_of_statements_that_it_keeps) {
  const auto sum = store->read_now([](Session& s) {
    std::int64_t total = 0;
    for (int i = 0; i < 1200; ++i)
      total += s.query_one("select cast(" + std::to_string(i) + " as bigint)")->integer(0);
    return total;
  });
  EXPECT_EQ(sum, 1199 * 600);
}

TEST_P(SessionTest, what_is_put_off_is_done_before_the_next_statement_and_before_the_commit) {
  store->write_now([](Session& s) { s.script("create table put_off(id bigint, name text)"); });
  store->write_now([](Session& s) {
    for (std::int64_t id = 1; id <= 3; ++id)
      s.later("insert into put_off(id, name) values (:id, :name)", {id, id == 2 ? Value() : Value("x")});
    EXPECT_EQ(s.query_one("select cast(count(*) as bigint) from put_off")->integer(0), 3);
    s.later("update put_off set name = 'y' where id = :id", {std::int64_t{1}});
    EXPECT_EQ(s.exec("delete from put_off where name = 'y'"), 1);
    s.later("insert into put_off(id, name) values (:id, :name)", {std::int64_t{4}, "last"});
  });
  const auto left = store->read_now(
      [](Session& s) { return s.query_one("select cast(sum(id) as bigint) from put_off")->integer(0); });
  EXPECT_EQ(left, 9);
}

TEST_P(SessionTest, one_statement_for_many_values_answers_each) {
  store->write_now([](Session& s) { s.script("create table many(id bigint primary key, name text)"); });
  const auto answers = store->write_now([](Session& s) {
    s.later("insert into many(id, name) values (:id, :name)", {std::int64_t{1}, "a"});
    s.later("insert into many(id, name) values (:id, :name)", {std::int64_t{2}, "b"});
    EXPECT_TRUE(s.query_each("select id from many where id = :id", {}).empty());
    return s.query_each("update many set name = :name where id = :id returning name",
                        {{"x", std::int64_t{2}}, {"y", std::int64_t{3}}, {Value(), std::int64_t{1}}});
  });
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].at(0).text(0), "x");
  EXPECT_TRUE(answers[1].empty());
  EXPECT_TRUE(answers[2].at(0).is_null(0));
  const auto fails = [](Session& s) {
    s.query_each("insert into many(id) values (:id) returning id", {{std::int64_t{7}}, {std::int64_t{1}}});
  };
  EXPECT_THROW(store->write_now(fails), Error);
  EXPECT_EQ(store->read_now([](Session& s) { return s.query("select id from many"); }).size(), 2u);
}

TEST_P(SessionTest, what_is_put_off_and_fails_ends_the_transaction_where_it_is_sent) {
  store->write_now([](Session& s) { s.script("create table once(id bigint primary key)"); });
  const auto twice = [&](bool asks) {
    store->write_now([&](Session& s) {
      s.later("insert into once(id) values (:id)", {std::int64_t{1}});
      s.later("insert into once(id) values (:id)", {std::int64_t{1}});
      s.later("insert into once(id) values (:id)", {std::int64_t{2}});
      if (asks) s.query("select id from once");
    });
  };
  for (const bool asks : {true, false}) {
    try {
      twice(asks);
      ADD_FAILURE() << asks;
    } catch (const Error& error) {
      EXPECT_EQ(error.text().id(), "store.constraint");
    }
  }
  // The connection is as good as before.
  store->write_now([](Session& s) { s.later("insert into once(id) values (:id)", {std::int64_t{3}}); });
  const auto sum = store->read_now(
      [](Session& s) { return s.query_one("select cast(sum(id) as bigint) from once")->integer(0); });
  EXPECT_EQ(sum, 3);
}

}  // namespace
}  // namespace patchbay::store
