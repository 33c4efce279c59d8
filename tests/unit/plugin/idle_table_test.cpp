#include "plugin/impl/services/idle_table.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace patchbay::plugin {
namespace {

class IdleTableTest : public ::testing::Test {
 protected:
  std::shared_ptr<int> make(const std::string& name) {
    return table_->use_or_make(name, [this] {
      auto made = std::make_shared<int>(++made_);
      last_ = made;
      return made;
    });
  }
  void pass(int ms) {
    clock_.advance(Duration(ms));
    io_.restart();
    io_.poll();
  }

  boost::asio::io_context io_;
  ManualClock clock_{TimePoint(Duration(0))};
  std::shared_ptr<IdleTable<int>> table_ =
      std::make_shared<IdleTable<int>>(clock_, io_.get_executor(), 2, Duration(1'000));
  int made_ = 0;
  std::weak_ptr<int> last_;
};

TEST_F(IdleTableTest, OneNameIsOneThing) {
  EXPECT_EQ(table_->use("a"), nullptr);
  const auto first = make("a");
  EXPECT_EQ(make("a"), first);
  EXPECT_EQ(table_->use("a"), first);
  EXPECT_NE(make("b"), first);
  EXPECT_EQ(made_, 2);
}

TEST_F(IdleTableTest, WhatNobodyUsesForAWhileGoes) {
  auto used = make("a");
  pass(5'000);
  EXPECT_EQ(*table_->use("a"), 1);
  used.reset();
  pass(999);
  EXPECT_EQ(*table_->use("a"), 1);  // and the time begins anew
  pass(999);
  EXPECT_FALSE(last_.expired());
  pass(1);
  EXPECT_TRUE(last_.expired());
  EXPECT_EQ(table_->use("a"), nullptr);
}

TEST_F(IdleTableTest, SoManyAtMost) {
  const auto one = make("a");
  make("b");
  EXPECT_EQ(make("c"), nullptr);
  table_->remove("b");
  EXPECT_TRUE(last_.expired());
  EXPECT_NE(make("c"), nullptr);
}

TEST_F(IdleTableTest, WhatIsTakenAwayLastsAsLongAsItIsUsed) {
  auto used = make("a");
  table_->clear();
  EXPECT_EQ(table_->use("a"), nullptr);
  EXPECT_EQ(*used, 1);
  EXPECT_EQ(*make("a"), 2);
  used.reset();
  EXPECT_EQ(*table_->use("a"), 2);
}

TEST_F(IdleTableTest, MayEndBeforeItsUsers) {
  const auto used = make("a");
  table_.reset();
  EXPECT_EQ(*used, 1);
}

}  // namespace
}  // namespace patchbay::plugin
