// ACC-5: the audit log.
#include "store/audit.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

class AuditTest : public ::testing::TestWithParam<support::Database> {
 protected:
  AuditTest() {
    note(1, "user:ana", "queue.create", "queue:7");
    note(2, "user:ben", "queue.change", "queue:7");
    note(3, "user:ana", "queue.change", "queue:8");
  }
  void note(Id id, const char* who, const char* action, const char* object) {
    store->write_now([&](Session& session) {
      write_audit(session,
                  AuditEntry(id, id * 1000, Actor(who, "192.0.2.7"), action, object, R"({"new":1})"));
    });
  }
  std::vector<Id> found(const AuditFilter& filter, Id before = 0, std::size_t limit = 10) {
    std::vector<Id> ids;
    store->read_now([&](Session& session) {
      for (const auto& entry : read_audit(session, filter, before, limit)) ids.push_back(entry.id);
    });
    return ids;
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open();
};
PB_ON_BOTH_DATABASES(AuditTest);

using Ids = std::vector<Id>;

TEST_P(AuditTest, tells_who_did_what_to_what_and_from_where) {
  const auto lines = store->read_now([](Session& session) { return read_audit(session, {}, 0, 1); });
  ASSERT_EQ(lines.size(), 1U);
  const auto& line = lines.front();
  EXPECT_EQ(line.id, 3);
  EXPECT_EQ(line.at, 3000);
  EXPECT_EQ(line.actor.name, "user:ana");
  EXPECT_EQ(line.actor.address, "192.0.2.7");
  EXPECT_EQ(line.action, "queue.change");
  EXPECT_EQ(line.object, "queue:8");
  EXPECT_EQ(line.detail, R"({"new":1})");
}

TEST_P(AuditTest, is_read_newest_first_by_who_what_and_when) {
  EXPECT_EQ(found({}), (Ids{3, 2, 1}));
  EXPECT_EQ(found({}, 3, 1), (Ids{2})) << "a page";
  AuditFilter filter;
  filter.actor = "user:ana";
  EXPECT_EQ(found(filter), (Ids{3, 1}));
  filter.action = "queue.create";
  EXPECT_EQ(found(filter), (Ids{1}));
  filter.object = "queue:8";
  EXPECT_EQ(found(filter), Ids{});
  AuditFilter span;
  span.first = 2;
  span.end = 3;
  EXPECT_EQ(found(span), (Ids{2}));
}

TEST_P(AuditTest, nothing_in_it_is_changed_or_removed) {
  for (const auto* wish : {"delete from audit", "update audit set actor = 'nobody' where id = 1"})
    EXPECT_THROW(store->write_now([&](Session& session) { session.exec(wish); }), Error) << wish;
  EXPECT_EQ(found({}), (Ids{3, 2, 1}));
}

}  // namespace
}  // namespace patchbay::store
