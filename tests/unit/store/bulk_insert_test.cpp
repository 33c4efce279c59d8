#include "store/bulk_insert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class BulkInsertTest : public ::testing::TestWithParam<support::Database> {
 protected:
  BulkInsertTest() {
    store->write_now([](Session& s) {
      s.script(
          "create table hits(id bigint primary key, key text, body bytea not null, at bigint, part double "
          "precision,"
          " unique(key))");
    });
  }

  static BulkInsert rows() {
    return BulkInsert("hits",
                      {{"id", ColumnType::integer},
                       {"key", ColumnType::text},
                       {"body", ColumnType::bytes},
                       {"at", ColumnType::integer},
                       {"part", ColumnType::real}},
                      "key");
  }
  static Values hit(std::int64_t id, Value key) { return {id, std::move(key), Bytes("b"), id * 10, 0.5}; }
  std::vector<std::int64_t> store_all(const BulkInsert& insert) {
    return store->write_now([&](Session& s) { return s.insert_new(insert); });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open_empty();
};
PB_ON_BOTH_DATABASES(BulkInsertTest);

TEST_P(BulkInsertTest, tells_new_rows_from_known_ones) {
  auto first = rows();
  first.add(hit(1, "a"));
  first.add(hit(2, "b"));
  EXPECT_THAT(store_all(first), UnorderedElementsAre(1, 2));
  auto second = rows();
  second.add(hit(3, "b"));
  second.add(hit(4, "c"));
  second.add(hit(5, "c"));  // twice in one batch
  EXPECT_THAT(store_all(second), UnorderedElementsAre(4));
}

TEST_P(BulkInsertTest, a_row_that_meets_another_key_is_no_known_row) {
  auto first = rows();
  first.add(hit(1, "a"));
  store_all(first);
  auto second = rows();
  second.add(hit(1, "b"));
  EXPECT_THROW(store_all(second), Error);
}

TEST_P(BulkInsertTest, is_a_transaction_of_its_own_if_wanted) {
  auto insert = rows();
  insert.add(hit(1, "a"));
  insert.add(hit(2, "a"));
  EXPECT_THAT(store->insert_new_now(insert), UnorderedElementsAre(1));
  EXPECT_THAT(store->insert_new_now(insert), IsEmpty());
  auto broken = rows();
  broken.add(hit(3, "c"));
  broken.add({std::int64_t{4}, "d", Value(), Value(), Value()});
  EXPECT_THROW(store->insert_new_now(broken), Error);
  EXPECT_EQ(store->read_now([](Session& s) { return s.query("select id from hits"); }).size(), 1U);
}

TEST_P(BulkInsertTest, keeps_every_type_and_null) {
  auto insert = rows();
  const std::string body("\0\xff\x80z", 4);
  insert.add({std::int64_t{1}, Value(), Bytes(body), Value(), -2.5});
  insert.add({std::int64_t{2}, "ключ\xff", Bytes(""), std::int64_t{-1}, Value()});
  store_all(insert);
  const auto found =
      store->read_now([](Session& s) { return s.query("select key, body, at, part from hits order by id"); });
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].is_null(0));
  EXPECT_EQ(found[0].bytes(1), body);
  EXPECT_TRUE(found[0].is_null(2));
  EXPECT_EQ(found[0].real(3), -2.5);
  EXPECT_EQ(found[1].text(0), "ключ\xef\xbf\xbd");
  EXPECT_EQ(found[1].bytes(1), "");
  EXPECT_EQ(found[1].integer(2), -1);
  EXPECT_TRUE(found[1].is_null(3));
}

TEST_P(BulkInsertTest, takes_no_rows_and_many_rows) {
  EXPECT_THAT(store_all(rows()), IsEmpty());
  auto many = rows();
  for (std::int64_t id = 1; id <= 2000; ++id) many.add(hit(id, std::to_string(id)));
  EXPECT_EQ(store_all(many).size(), 2000U);
}

TEST_P(BulkInsertTest, stores_nothing_when_one_row_is_refused) {
  auto insert = rows();
  insert.add(hit(1, "a"));
  insert.add({std::int64_t{2}, "b", Value(), Value(), Value()});  // body is not null
  EXPECT_THROW(store_all(insert), Error);
  const auto left = store->read_now([](Session& s) { return s.query("select id from hits"); });
  EXPECT_THAT(left, IsEmpty());
}

TEST(BulkInsert, refuses_a_value_of_another_type) {
  BulkInsert insert("hits", {{"id", ColumnType::integer}, {"key", ColumnType::text}}, "id");
  EXPECT_THROW(insert.add({std::int64_t{1}, std::int64_t{2}}), Error);
  EXPECT_THROW(insert.add({std::int64_t{1}}), Error);
  EXPECT_THROW(insert.add({Value(), "a"}), Error);
}

}  // namespace
}  // namespace patchbay::store
