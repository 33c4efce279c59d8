#include "store/migrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

// OPS-10
class MigrateTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::int64_t version() {
    return store->read_now(
        [](Session& s) { return s.query_one("select max(version) from schema_version")->integer(0); });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open_empty();
};
PB_ON_BOTH_DATABASES(MigrateTest);

TEST_P(MigrateTest, brings_an_empty_database_to_the_newest_schema) {
  migrate(*store);
  EXPECT_EQ(version(), migrations().back().version);
  const auto rows = store->read_now([](Session& s) { return s.query("select id, claim from integrations"); });
  EXPECT_TRUE(rows.empty());
}

TEST_P(MigrateTest, does_nothing_the_second_time) {
  migrate(*store);
  EXPECT_NO_THROW(migrate(*store));
}

TEST_P(MigrateTest, goes_on_from_the_schema_that_is_there) {
  migrate(*store, {Migration(1, "0001_a.sql", "create table a(id bigint);")});
  migrate(*store, {Migration(1, "0001_a.sql", "create table a(id bigint);"),
                   Migration(2, "0002_b.sql", "create table b(id bigint); insert into b values (1);")});
  EXPECT_EQ(version(), 2);
}

TEST_P(MigrateTest, leaves_nothing_of_a_migration_that_fails) {
  const std::vector<Migration> broken = {
      Migration(1, "0001_a.sql", "create table a(id bigint); create nonsense;")};
  EXPECT_THROW(migrate(*store, broken), Error);
  EXPECT_NO_THROW(migrate(*store, {Migration(1, "0001_a.sql", "create table a(id bigint);")}));
}

TEST_P(MigrateTest, refuses_a_newer_schema_and_names_both) {
  migrate(*store);
  store->write_now(
      [](Session& s) { s.exec("insert into schema_version(version, name) values (99999, 'later')"); });
  try {
    migrate(*store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    EXPECT_EQ(error.text().id(), "store.newer_schema");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("99999"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(std::to_string(migrations().back().version)));
  }
}

TEST_P(MigrateTest, a_look_at_the_schema_writes_nothing) {
  EXPECT_EQ(schema_version(*store), 0);
  EXPECT_FALSE(store->read_now([](Session& s) { return has_table(s, "schema_version"); }));
  try {
    require_current(*store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text().id(), "store.older_schema");
  }
  EXPECT_FALSE(store->read_now([](Session& s) { return has_table(s, "schema_version"); }));
  migrate(*store);
  EXPECT_EQ(schema_version(*store), migrations().back().version);
  EXPECT_NO_THROW(require_current(*store));
}

TEST_P(MigrateTest, lets_one_integration_at_a_time_claim_an_identity) {
  migrate(*store);
  const auto add = [this](std::int64_t id, const Value& claim) {
    store->write_now([&](Session& s) {
      s.exec(
          "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
          "identity, title,"
          " remote_state, visibility, claim, created_at, updated_at)"
          " values (:id, 'echo', '1', 'n', '{}', 'active', '', '', 'bot:1', '', '', 'shared', :claim, 0, 0)",
          {id, claim});
    });
  };
  add(1, "bot:1");
  add(2, Value());
  add(3, Value());
  EXPECT_THROW(add(4, "bot:1"), Error);
}

TEST_P(MigrateTest, plugins_in_use_count_as_enabled) {  // HOST-1, OPS-10
  std::vector<Migration> earlier = migrations();
  std::erase_if(earlier, [](const Migration& migration) { return migration.version >= 13; });
  migrate(*store, earlier);
  store->write_now([](Session& s) {
    for (const std::string plugin : {"used", "used", "off"}) {
      const auto id = s.query_one("select cast(count(*) as bigint) from profiles")->integer(0);
      s.exec(
          "insert into profiles(id, plugin, name, settings, created_at, updated_at) values (:id, :plugin, "
          ":name, '{}', 7, 7)",
          {id, plugin, std::to_string(id)});
    }
    s.exec(
        "insert into plugin_choices(plugin, version, disabled, chosen_at, chosen_by) values ('off', '', 1, "
        "5, 'ops')");
  });
  migrate(*store);
  const auto rows = store->read_now([](Session& s) {
    return s.query("select plugin, disabled, chosen_at from plugin_choices order by plugin");
  });
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].text(0), "off");
  EXPECT_EQ(rows[0].integer(1), 1);
  EXPECT_EQ(rows[1].text(0), "used");
  EXPECT_EQ(rows[1].integer(1), 0);
  EXPECT_EQ(rows[1].integer(2), 7);
}

TEST(MigrateText, keeps_the_lines_of_the_database) {
  const char* sql = "a\n-- only sqlite\nb\n-- only postgresql\nc\n-- both\nd";
  EXPECT_EQ(sql_for(sql, Dialect::sqlite), "a\nb\nd");
  EXPECT_EQ(sql_for(sql, Dialect::postgresql), "a\nc\nd");
}

TEST(Migrations, are_numbered_without_gaps_from_one) {
  std::int64_t next = 1;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.version, next++) << migration.name;
}

}  // namespace
}  // namespace patchbay::store
