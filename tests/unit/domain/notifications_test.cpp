// REC-5: users and roles are told in the console; who has read what.
#include "domain/notifications/notifications.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "domain/access/access.hpp"
#include "domain/journal/journal.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::notifications {
namespace {

using namespace std::chrono_literals;
using support::wait;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NotificationsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  Id user(const std::string& login, std::vector<std::string> operations = {}) {
    access::UserChange wanted;
    wanted.login = login;
    wanted.name = login;
    wanted.operations = std::move(operations);
    return wait(people.create_user(wanted, "test")).id;
  }
  Id role(const std::string& name, std::optional<Id> parent = {}) {
    access::RoleChange wanted;
    wanted.name = name;
    wanted.parent = parent;
    return wait(people.create_role(wanted, "test")).id;
  }
  void tell(const std::vector<Id>& audience, const std::string& words) {
    clock.advance(1ms);
    store->write_now([&](store::Session& session) {
      notify_in(session, ids, clock.now(), audience, Notice("test", Text::verbatim(words), "/here"));
    });
  }
  std::vector<std::string> seen(Id who, bool unread_only = false) {
    std::vector<std::string> out;
    for (const auto& one : wait(notifications.list(who, unread_only, 0, 100)))
      out.push_back(one.text + (one.read ? " (read)" : ""));
    return out;
  }

  ManualClock clock{TimePoint{1'800'000'000'000ms}};
  IdMint ids{clock};
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  access::Access people{*store, clock, ids};
  Notifications notifications{*store};
};

PB_ON_BOTH_DATABASES(NotificationsTest);

TEST_P(NotificationsTest, each_sees_his_own_and_those_of_his_roles) {
  const auto ana = user("ana");
  const auto ben = user("ben");
  const auto eva = user("eva");
  const auto sales = role("Sales");
  const auto east = role("East", sales);
  wait(people.add_member(east, ana, "test"));
  wait(people.add_member(sales, ben, "test"));
  tell({sales}, "for all of Sales");
  tell({east}, "for the East");
  tell({ana, sales}, "for Ana and Sales");
  tell({ben}, "for Ben");
  tell({}, "for nobody");
  EXPECT_THAT(seen(ana), ElementsAre("for Ana and Sales", "for the East", "for all of Sales"));
  EXPECT_THAT(seen(ben), ElementsAre("for Ben", "for Ana and Sales", "for all of Sales"));
  EXPECT_THAT(seen(eva), IsEmpty());
  wait(people.add_member(sales, eva, "test"));
  EXPECT_THAT(seen(eva), ElementsAre("for Ana and Sales", "for all of Sales"))
      << "by the roles of the moment";
  EXPECT_THAT(wait(notifications.holders_of(ana)), ::testing::UnorderedElementsAre(ana, east, sales));
}

TEST_P(NotificationsTest, what_one_has_read_another_has_not) {
  const auto ana = user("ana");
  const auto ben = user("ben");
  for (const auto* words : {"one", "two", "three"}) tell({ana, ben}, words);
  const auto all = wait(notifications.list(ana, false, 0, 100));
  wait(notifications.mark_read(ana, all[1].id));
  wait(notifications.mark_read(ana, all[1].id));
  EXPECT_THAT(seen(ana), ElementsAre("three", "two (read)", "one"));
  EXPECT_THAT(seen(ana, true), ElementsAre("three", "one"));
  EXPECT_EQ(wait(notifications.unread(ana)), 2);
  EXPECT_EQ(wait(notifications.unread(ben)), 3);
  wait(notifications.mark_all_read(ana, all[2].id));
  EXPECT_THAT(seen(ana), ElementsAre("three", "two (read)", "one (read)")) << "not what came later";
  wait(notifications.mark_all_read(ana, 0));
  EXPECT_EQ(wait(notifications.unread(ana)), 0);
  EXPECT_EQ(wait(notifications.unread(ben)), 3);
  const auto page = wait(notifications.list(ben, false, all[0].id, 1));
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page[0].text, "two");
}

TEST_P(NotificationsTest, what_concerns_others_cannot_be_marked) {
  const auto ana = user("ana");
  const auto ben = user("ben");
  tell({ana}, "for Ana");
  const auto id = wait(notifications.list(ana, false, 0, 1))[0].id;
  try {
    wait(notifications.mark_read(ben, id));
    ADD_FAILURE() << "marked";
  } catch (const Error& error) {
    EXPECT_EQ(error.text().id(), "domain.notifications.none");
  }
}

TEST_P(NotificationsTest, who_may_something_is_told_by_user_and_role) {
  const auto ana = user("ana", {"CanManagePlugins"});
  user("ben", {"CanManageChats"});
  access::RoleChange wanted;
  wanted.name = "Admins";
  wanted.operations = std::vector<std::string>{"CanManagePlugins", "CanManageChats"};
  const auto admins = wait(people.create_role(wanted, "test")).id;
  EXPECT_THAT(store->read_now([](store::Session& session) { return who_may(session, "CanManagePlugins"); }),
              ElementsAre(ana, admins));
}

TEST_P(NotificationsTest, the_journal_tells_each_whom_it_concerns_and_old_ones_go) {
  const auto ana = user("ana");
  const auto sales = role("Sales");
  tell({ana, sales}, "old");
  wait(notifications.mark_all_read(ana, 0));
  store->write_now([](store::Session& session) { return journal::give_places(session, 100); });
  auto read = [](store::Session& session) { return journal::read_after(session, 0, 100); };
  const auto lines = store->read_now(std::move(read));
  const auto& entries = lines.back().entries;
  ASSERT_EQ(entries.size(), 2U);
  for (const auto& entry : entries) EXPECT_EQ(entry.type, "notification.created");
  EXPECT_EQ(entries[0].audience, ana);
  EXPECT_EQ(entries[1].audience, sales);
  EXPECT_FALSE(journal::shown(entries[0]).contains("audience"));
  clock.advance(kKeep);
  tell({ana}, "new");
  const auto gone =
      store->write_now([&](store::Session& session) { return sweep(session, clock.now() - kKeep, 100); });
  EXPECT_EQ(gone, 1);
  EXPECT_THAT(seen(ana), ElementsAre("new"));
  store->read_now([](store::Session& session) {
    EXPECT_FALSE(session.query_one("select reader from notification_reads"));
  });
}

}  // namespace
}  // namespace patchbay::domain::notifications
