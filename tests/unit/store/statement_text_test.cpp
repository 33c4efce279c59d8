#include "store/impl/statement_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::store {
namespace {

using ::testing::ElementsAre;

TEST(StatementText, numbers_placeholders_in_the_form_of_the_database) {
  EXPECT_EQ(translate("select a from t where b = :b and c > :c", Dialect::postgresql).sql,
            "select a from t where b = $1 and c > $2");
  EXPECT_EQ(translate("values (:a,:b)", Dialect::sqlite).sql, "values (?1,?2)");
}

TEST(StatementText, takes_one_value_for_a_name_used_twice) {
  const auto text = translate("update t set a = :now, b = :id where c < :now", Dialect::postgresql);
  EXPECT_EQ(text.sql, "update t set a = $1, b = $2 where c < $1");
  EXPECT_THAT(text.names, ElementsAre("now", "id"));
}

TEST(StatementText, leaves_quotes_casts_and_comments_alone) {
  const std::string sql = "select ':a', \":b\", 1::bigint -- :c\n, 'it''s :d'";
  const auto text = translate(sql, Dialect::postgresql);
  EXPECT_EQ(text.sql, sql);
  EXPECT_TRUE(text.names.empty());
}

TEST(StatementText, survives_text_that_ends_in_the_middle) {
  for (const char* sql : {"", ":", "select '", "select \"", "--", "a:", "::", ":_"}) {
    EXPECT_NO_THROW(translate(sql, Dialect::sqlite)) << sql;
  }
}

TEST(StatementText, names_the_placeholders_when_the_number_of_values_is_wrong) {
  const auto text = translate("select :first, :second", Dialect::sqlite);
  try {
    check_count(text, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("first, second"));
  }
}

}  // namespace
}  // namespace patchbay::store
