// Bar 19: a migration that ends anywhere leaves nothing of itself, and what earlier schemas hold stays
// (OPS-10).
#include "store/migrate.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

using Texts = std::vector<std::string>;

Texts texts(Session& session, const std::string& sql, Values values = {}) {
  Texts all;
  for (const auto& row : session.query(sql, std::move(values))) all.push_back(row.text(0));
  return all;
}

// Tables, columns, keys, indexes: equal when the schema is.
Texts schema_of(Session& session) {
  if (session.dialect() == Dialect::sqlite)
    return texts(session, "select coalesce(sql, name) from sqlite_master order by name");
  auto all =
      texts(session,
            "select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, "
            "ordinal_position) from information_schema.columns where table_schema = 'public' order by 1");
  for (const char* more :
       {"select cast(indexdef as text) from pg_indexes where schemaname = 'public' order by 1",
        "select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint "
        "where connamespace = 'public'::regnamespace order by 1"}) {
    const auto some = texts(session, more);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

// One by one. They end with a line; comments may hold a semicolon.
Texts statements_of(const std::string& sql) {
  Texts all(1);
  std::istringstream lines(sql);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--") || line.empty()) continue;
    all.back() += line + "\n";
    if (line.ends_with(';')) all.emplace_back();
  }
  all.pop_back();
  return all;
}

struct Column {
  std::string name;
  std::string type;
};

std::vector<Column> columns_of(Session& session, const std::string& table) {
  const bool sqlite = session.dialect() == Dialect::sqlite;
  std::vector<Column> all;
  for (const auto& row : session.query(
           sqlite
               ? "select name, lower(type) from pragma_table_info(:table)"
               : "select cast(column_name as text), cast(data_type as text) from information_schema.columns "
                 "where table_schema = 'public' and table_name = :table order by ordinal_position",
           {table}))
    all.push_back({row.text(0), row.text(1)});
  return all;
}

// In the order in which they were made, so that what is referred to comes first.
Texts tables_of(Session& session) {
  return texts(session,
               session.dialect() == Dialect::sqlite
                   // A full-text index keeps its own tables.
                   ? "select name from sqlite_master where type = 'table' and name <> 'schema_version' and "
                     "name not like 'message_words%' order by rowid"
                   : "select cast(relname as text) from pg_class where relkind = 'r' and relnamespace "
                     "= 'public'::regnamespace and relname <> 'schema_version' order by oid");
}

Value value_for(const Column& column) {
  if (column.type == "text") return std::string("x");
  if (column.type == "bytea") return Bytes("x");
  return std::int64_t{1};
}

class MigrateStepsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  Texts schema() {
    return store->read_now([](Session& session) { return schema_of(session); });
  }
  static std::vector<Migration> first(std::size_t count) {
    const auto& all = migrations();
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open_empty();
};
PB_ON_BOTH_DATABASES(MigrateStepsTest);

TEST_P(MigrateStepsTest, that_ends_after_any_statement_leaves_nothing_and_is_done_again) {
  int steps = 0;
  for (std::size_t done = 0; done < migrations().size(); ++done) {
    migrate(*store, first(done));
    const auto before = schema();
    const auto& next = migrations()[done];
    std::string begun;
    for (const auto& statement : statements_of(sql_for(next.sql, store->dialect()))) {
      begun += statement;
      auto broken = first(done);
      broken.emplace_back(next.version, next.name, begun + "select it_ends_here();");
      EXPECT_THROW(migrate(*store, broken), Error);
      EXPECT_EQ(schema(), before) << next.name << ", after\n" << begun;
      ++steps;
    }
  }
  migrate(*store);
  const support::FreshDatabase other(GetParam());
  const auto at_once = other.open();
  EXPECT_EQ(schema(), at_once->read_now([](Session& session) { return schema_of(session); }));
  EXPECT_GT(steps, 30);
}

// Nothing had written it before it was made anew.
constexpr const char* kMadeAnew = "integration_grants";

TEST_P(MigrateStepsTest, keeps_the_rows_of_every_earlier_schema) {
  for (std::size_t version = 1; version < migrations().size(); ++version) {
    const support::FreshDatabase earlier(GetParam());
    const auto old = earlier.open_empty();
    migrate(*old, first(version));
    std::vector<std::pair<std::string, std::vector<Column>>> filled;
    old->write_now([&](Session& session) {
      filled.clear();
      for (const auto& table : tables_of(session)) {
        filled.emplace_back(table, columns_of(session, table));
        std::string names;
        std::string places;
        Values values;
        for (const auto& column : filled.back().second) {
          names += (names.empty() ? "" : ", ") + column.name;
          places += (places.empty() ? ":" : ", :") + column.name;
          values.push_back(value_for(column));
        }
        session.exec("insert into " + table + "(" + names + ") values (" + places + ")", std::move(values));
      }
    });
    migrate(*old);
    for (const auto& [table, columns] : filled) {
      if (table == kMadeAnew) continue;
      for (const auto& column : columns) {
        const auto row = old->read_now([&](Session& session) {
          return session.query_one(
              "select " + column.name + " from " + table + " where " + column.name + " = :value",
              {value_for(column)});
        });
        EXPECT_TRUE(row) << table << "." << column.name << " of schema " << version;
      }
    }
  }
}

}  // namespace
}  // namespace patchbay::store
