#include "plugin/pauses.hpp"

#include <gtest/gtest.h>

#include "plugin/integrations.hpp"
#include "plugin/profiles.hpp"
#include "support/databases.hpp"

namespace patchbay::plugin {
namespace {

constexpr Id kProfile = 60;
constexpr Id kGrant = 70;
constexpr std::int64_t kNow = 1000;

// 1 and 2 share the profile, 2 and 3 the grant; 4 is alone.
class PausesTest : public ::testing::TestWithParam<support::Database> {
 protected:
  PausesTest() {
    store_->write_now([](store::Session& session) {
      Profile profile;
      profile.id = kProfile;
      profile.plugin = "acme";
      profile.name = "app";
      Profiles().insert(session, profile);
      session.exec(
          "insert into grants(id, plugin, name, identity, created_at) values (:id, 'acme', 'a', 'x', 0)",
          {kGrant});
      for (const Id id : {1, 2, 3, 4}) {
        Integration integration;
        integration.id = id;
        integration.plugin = "acme";
        if (id < 3) integration.profile = kProfile;
        Integrations().insert(session, integration);
      }
      for (const Id id : {2, 3}) use_grant(session, id, "account", kGrant);
    });
  }
  void put(Id integration, const char* scope, std::int64_t until, std::int64_t now = kNow) {
    store_->write_now([&](store::Session& session) { pause(session, integration, scope, until, now); });
  }
  std::map<Id, std::int64_t> paused(std::int64_t now = kNow) {
    return store_->read_now([&](store::Session& session) {
      const auto all = paused_integrations(session, now);
      for (const Id id : {1, 2, 3, 4}) {
        const auto found = all.find(id);
        const auto one = paused_until(session, id, now);
        EXPECT_EQ(one.value_or(0), found == all.end() ? 0 : found->second) << id;
      }
      return all;
    });
  }

  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
};
PB_ON_BOTH_DATABASES(PausesTest);

using Paused = std::map<Id, std::int64_t>;

TEST_P(PausesTest, ConcernWhoeverSharesTheScope) {  // JOB-3, OUT-2, N16
  put(1, "profile", 5000);
  EXPECT_EQ(paused(), (Paused{{1, 5000}, {2, 5000}}));
  put(3, "grant", 6000);
  EXPECT_EQ(paused(), (Paused{{1, 5000}, {2, 6000}, {3, 6000}}));
  EXPECT_EQ(paused(5000), (Paused{{2, 6000}, {3, 6000}}));
}

TEST_P(PausesTest, AreOfTheIntegrationWhereItSharesNothing) {  // JOB-3
  for (const char* scope : {"integration", "grant", "profile", "rubbish"}) {
    put(4, scope, 5000);
    EXPECT_EQ(paused(), (Paused{{4, 5000}})) << scope;
  }
}

TEST_P(PausesTest, EndByTimeOnly) {  // OUT-2
  put(4, "integration", 5000);
  put(4, "integration", 3000);
  EXPECT_EQ(paused(), (Paused{{4, 5000}}));
  put(4, "integration", 6000, 5500);
  EXPECT_EQ(paused(5500), (Paused{{4, 6000}}));
}

}  // namespace
}  // namespace patchbay::plugin
