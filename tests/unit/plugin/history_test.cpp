// HOST-8.
#include "plugin/history.hpp"

#include <gtest/gtest.h>

#include "plugin/integrations.hpp"
#include "support/databases.hpp"

namespace patchbay::plugin {
namespace {

class HistoryTest : public ::testing::TestWithParam<support::Database> {
 protected:
  void add(Id id, Id integration) {
    Happening one;
    one.id = id;
    one.integration = integration;
    one.at = id * 1000;
    one.what = "instance";
    one.state = "waiting";
    one.reason = "ended by signal 11";
    one.version = "1.2.3";
    one.host = "here";
    store_->write_now([&](store::Session& session) { history_.add(session, {one}); });
  }
  std::vector<Id> ids(Id integration, Id before = 0, std::int64_t limit = 1000) {
    const auto all = store_->read_now(
        [&](store::Session& session) { return history_.list(session, integration, before, limit); });
    std::vector<Id> out;
    for (const auto& one : all) out.push_back(one.id);
    return out;
  }

  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
  History history_;
};
PB_ON_BOTH_DATABASES(HistoryTest);

TEST_P(HistoryTest, ListsTheNewestFirstAndPageByPage) {
  for (const Id id : {5, 6, 7}) add(id, 1);
  add(8, 2);
  EXPECT_EQ(ids(1), (std::vector<Id>{7, 6, 5}));
  EXPECT_EQ(ids(1, 0, 2), (std::vector<Id>{7, 6}));
  EXPECT_EQ(ids(1, 6, 2), (std::vector<Id>{5}));
  const auto all = store_->read_now([&](store::Session& session) { return history_.list(session, 2, 0, 1); });
  EXPECT_EQ(all.at(0).at, 8000);
  EXPECT_EQ(all.at(0).what, "instance");
  EXPECT_EQ(all.at(0).state, "waiting");
  EXPECT_EQ(all.at(0).reason, "ended by signal 11");
  EXPECT_EQ(all.at(0).version, "1.2.3");
  EXPECT_EQ(all.at(0).host, "here");
}

TEST_P(HistoryTest, KeepsTheLastOfEachIntegrationThatIsThere) {
  store_->write_now([](store::Session& session) {
    Integration integration;
    integration.id = 1;
    integration.plugin = "acme";
    Integrations().insert(session, integration);
  });
  for (Id id = 1; id <= History::kKept + 3; ++id) add(id, 1);
  add(1000, 2);  // is gone
  store_->write_now([&](store::Session& session) { history_.sweep(session); });
  const auto left = ids(1);
  EXPECT_EQ(left.size(), static_cast<std::size_t>(History::kKept));
  EXPECT_EQ(left.back(), 4);
  EXPECT_TRUE(ids(2).empty());
}

}  // namespace
}  // namespace patchbay::plugin
