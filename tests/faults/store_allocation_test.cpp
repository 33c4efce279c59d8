// Bar 3: the n-th allocation fails, for every n, in what the store does.
#include <gtest/gtest.h>

#include "faults/allocations.hpp"
#include "store/blobs.hpp"
#include "store/bulk_insert.hpp"
#include "store/migrate.hpp"
#include "support/databases.hpp"

namespace patchbay::faults {
namespace {

using store::Session;

class StoreAllocation : public ::testing::TestWithParam<support::Database> {
 protected:
  StoreAllocation() { database.open(); }

  const support::FreshDatabase database{GetParam()};
};
PB_ON_BOTH_DATABASES(StoreAllocation);

void use(Session& session, std::int64_t id) {
  session.exec("insert into settings_kv(name, value) values (:name, :value)",
               {std::to_string(id), std::string(100, 'x')});
  session.later("update settings_kv set value = :value where name = :name",
                {std::string(100, 'y'), std::to_string(id)});
  session.query_each("select value from settings_kv where name = :name", {{std::to_string(id)}, {"none"}});
  store::BulkInsert rows("audit",
                         {{"id", store::ColumnType::integer},
                          {"at", store::ColumnType::integer},
                          {"actor", store::ColumnType::text},
                          {"action", store::ColumnType::text},
                          {"object", store::ColumnType::text},
                          {"detail", store::ColumnType::text}},
                         "id");
  rows.add({id, std::int64_t{1}, "a", "b", "c", std::string(100, 'z')});
  session.insert_new(rows);
  EXPECT_EQ(session.query("select value from settings_kv where name = :name", {std::to_string(id)}).size(),
            1U);
}

TEST_P(StoreAllocation, fails_an_opening_and_nothing_else) {
  tell("opening", sweep([this](Fault& fault) {
         std::unique_ptr<store::Store> store;
         if (fault.within([&] { store = database.open_empty(); })) store->write_now([](Session&) {});
       }));
}

TEST_P(StoreAllocation, fails_a_write_which_then_has_done_nothing) {
  std::int64_t id = 0;
  tell("writes", sweep([&](Fault& fault) {
         const auto store = database.open_empty();
         ++id;
         const bool done =
             fault.within([&] { store->write_now([&](Session& session) { use(session, id); }); });
         const auto found = store->read_now([&](Session& session) {
           return session.query("select value from settings_kv where name = :name", {std::to_string(id)})
               .size();
         });
         EXPECT_EQ(found, done ? 1U : 0U) << id;
         if (!done) store->write_now([&](Session& session) { use(session, id); });
       }));
}

TEST_P(StoreAllocation, fails_a_read) {
  tell("reads", sweep([&](Fault& fault) {
         const auto store = database.open_empty();
         const auto read = [&] {
           return store->read_now(
               [](Session& session) { return session.query("select name from schema_version"); });
         };
         fault.within([&] { EXPECT_EQ(read().size(), store::migrations().size()); });
         EXPECT_EQ(read().size(), store::migrations().size());
       }));
}

TEST(MigrationAllocation, fails_a_migration_that_is_done_again) {
  tell("migrations", sweep([&](Fault& fault) {
         const support::FreshDatabase empty(support::Database::sqlite);
         const auto store = empty.open_empty();
         const std::vector<store::Migration> two = {{1, "1", "create table a(id bigint);"},
                                                    {2, "2", "create table b(id bigint);"}};
         fault.within([&] { migrate(*store, two); });
         migrate(*store, two);
         EXPECT_EQ(schema_version(*store), 2);
       }));
}

TEST(BlobAllocation, fails_a_file_that_is_written) {
  const support::FreshDatabase database(support::Database::sqlite);
  database.open();
  std::int64_t id = 0;
  tell("files", sweep([&](Fault& fault) {
         const auto store = database.open_empty();
         store::Blob blob;
         blob.id = ++id;
         const std::string data(1000, 'x');
         const bool done = fault.within([&] {
           store->write_now([&](Session& session) {
             create_blob(session, blob);
             write_blob(session, blob.id, 0, data);
             close_blob(session, blob.id, "");
           });
         });
         const auto rows = store->read_now([&](Session& session) {
           return session.query("select id from blobs where id = :id", {blob.id}).size();
         });
         EXPECT_EQ(rows, done ? 1U : 0U);
       }));
}

}  // namespace
}  // namespace patchbay::faults
