#include "domain/access/access.hpp"

#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/people.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::access {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kAdmin = "first";  // who asks

using support::wait;

class AccessTest : public ::testing::TestWithParam<support::Database> {
 protected:
  template <class F>
  auto people(F fn) {
    return store->write_now([&](store::Session& session) {
      People table(session);
      return fn(table);
    });
  }
  User add_user(const std::string& login, std::vector<std::string> operations = {}) {
    UserChange wanted;
    wanted.login = login;
    wanted.name = login;
    wanted.operations = std::move(operations);
    return wait(access.create_user(wanted, kAdmin));
  }
  Role add_role(const std::string& name, Id parent = 0, std::vector<std::string> operations = {}) {
    RoleChange wanted;
    wanted.name = name;
    wanted.parent = parent;
    wanted.operations = std::move(operations);
    return wait(access.create_role(wanted, kAdmin));
  }
  void join(const Role& role, const User& user) { wait(access.add_member(role.id, user.id, kAdmin)); }
  std::set<std::string> may(const User& user) {
    return people([&](People& table) { return table.operations_of(user.id); });
  }
  std::vector<Id> everybody_in(const Role& role) {
    return people([&](People& table) { return table.everybody_in(role.id); });
  }
  // "code /path /path"
  template <class T>
  static std::string refusal(asio::awaitable<T> work) {
    try {
      wait(std::move(work));
    } catch (const Error& error) {
      std::string out(error.text().id());
      for (const auto& one : error.diagnostics()) out += " " + one.path;
      return out;
    }
    return "none";
  }
  std::vector<json> audit() {
    return store->read_now([](store::Session& session) {
      std::vector<json> entries;
      for (const auto& row : session.query("select actor, action, object, detail from audit order by id"))
        entries.push_back({row.text(0), row.text(1), row.text(2), json::parse(row.text(3))});
      return entries;
    });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  Access access{*store, clock, ids};
};

PB_ON_BOTH_DATABASES(AccessTest);

TEST_P(AccessTest, a_user_is_kept_in_one_spelling) {
  UserChange wanted;
  wanted.login = " Ana.Lima@Example.com ";
  wanted.name = "  Ana Lima ";
  wanted.email = "ana@example.com";
  wanted.language = "ru";
  wanted.operations = std::vector<std::string>{"CanManagePlugins", "CanManageChats", "CanManageChats"};
  const auto made = wait(access.create_user(wanted, kAdmin));
  const auto read = wait(access.user(made.id));
  EXPECT_EQ(read.login, "ana.lima@example.com");
  EXPECT_EQ(read.name, "Ana Lima");
  EXPECT_EQ(read.email, "ana@example.com");
  EXPECT_EQ(read.language, "ru");
  EXPECT_TRUE(read.active);
  EXPECT_EQ(read.operations, (std::vector<std::string>{"CanManageChats", "CanManagePlugins"}));
}

TEST_P(AccessTest, what_is_wrong_with_a_user_is_said_field_by_field) {
  UserChange wanted;
  wanted.login = "ana lima";
  wanted.email = "ana@";
  wanted.language = "xx";
  wanted.operations = std::vector<std::string>{"CanManageChats", "CanManageChat"};
  EXPECT_EQ(refusal(access.create_user(wanted, kAdmin)),
            "domain.refused /login /name /email /language /operations/1");
  EXPECT_TRUE(wait(access.users(0, 10)).empty());
  EXPECT_TRUE(audit().empty());
}

TEST_P(AccessTest, a_login_belongs_to_one_user) {
  const auto ana = add_user("ana");
  const auto ben = add_user("ben");
  UserChange change;
  change.login = "ANA";
  EXPECT_EQ(refusal(access.change_user(ben.id, change, kAdmin)), "domain.access.login_taken");
  change.name = "Ana Maria";
  EXPECT_EQ(wait(access.change_user(ana.id, change, kAdmin)).name, "Ana Maria") << "it is her own";
}

TEST_P(AccessTest, changing_keeps_what_is_not_named) {
  const auto ana = add_user("ana", {"CanManageChats"});
  UserChange change;
  change.active = false;
  const auto changed = wait(access.change_user(ana.id, change, kAdmin));
  EXPECT_FALSE(changed.active);
  EXPECT_EQ(changed.login, "ana");
  EXPECT_EQ(changed.operations, ana.operations);
  EXPECT_EQ(refusal(access.change_user(1, change, kAdmin)), "domain.access.no_user");
}

TEST_P(AccessTest, of_two_who_take_a_login_at_once_the_second_is_told_in_our_words) {
  std::promise<void> taken;
  auto first = std::async(std::launch::async, [&] {
    store->write_now([&](store::Session& session) {
      session.exec(
          "insert into users(id, login, name, language, active, created_at, updated_at) values (5, 'ana', "
          "'Ana', 'en', 1, 0, 0)");
      taken.set_value();
      std::this_thread::sleep_for(100ms);
    });
  });
  taken.get_future().wait();
  UserChange wanted;
  wanted.login = "ana";
  wanted.name = "Ana";
  EXPECT_EQ(refusal(access.create_user(wanted, kAdmin)), "domain.access.login_taken");
  first.get();
}

TEST_P(AccessTest, who_is_put_out_while_another_change_is_made_stays_out) {  // ACC-1
  const auto ana = add_user("ana", {"CanManageChats"});
  std::promise<void> changed;
  auto putting_out = std::async(std::launch::async, [&] {
    store->write_now([&](store::Session& session) {
      People table(session);
      auto out = *table.user(ana.id);
      out.active = false;
      out.operations.clear();
      table.update(out);
      changed.set_value();
      std::this_thread::sleep_for(100ms);
    });
  });
  changed.get_future().wait();
  UserChange name;
  name.name = "Ana B.";
  const auto after = wait(access.change_user(ana.id, name, kAdmin));
  putting_out.get();
  EXPECT_EQ(after.name, "Ana B.");
  EXPECT_FALSE(after.active);
  EXPECT_TRUE(may(ana).empty());
  EXPECT_FALSE(wait(access.user(ana.id)).active);
}

TEST_P(AccessTest, every_change_is_in_the_audit_log_with_old_and_new) {  // ACC-5
  const auto ana = add_user("ana");
  UserChange change;
  change.name = "Ana";
  wait(access.change_user(ana.id, change, kAdmin));
  wait(access.change_user(ana.id, change, "nobody"));  // changes nothing
  const auto entries = audit();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0][1], "user.create");
  EXPECT_EQ(entries[1], json({kAdmin,
                              "user.change",
                              "user:" + to_string_id(ana.id),
                              {{"name", {{"old", "ana"}, {"new", "Ana"}}}}}));
}

TEST_P(AccessTest, a_user_may_what_is_granted_to_him_and_to_roles_at_and_above_his) {  // ACC-1
  const auto company = add_role("Company", 0, {"CanManageChats"});
  const auto support = add_role("Support", company.id, {"CanManagePlugins"});
  const auto night = add_role("Night shift", support.id);
  const auto other = add_role("Sales", company.id, {"CanManageAdministration"});
  const auto ana = add_user("ana");
  join(night, ana);
  EXPECT_EQ(may(ana), (std::set<std::string>{"CanManageChats", "CanManagePlugins"}))
      << "nothing of " << other.name;
  wait(access.remove_member(night.id, ana.id, kAdmin));
  EXPECT_TRUE(may(ana).empty());
  const auto ben = add_user("ben", {"CanManageAdministration"});
  EXPECT_EQ(may(ben), std::set<std::string>{"CanManageAdministration"});
  UserChange away;
  away.active = false;
  wait(access.change_user(ben.id, away, kAdmin));
  EXPECT_TRUE(may(ben).empty()) << "who is not active may nothing";
}

TEST_P(AccessTest, who_is_in_a_role_below_is_in_the_role_once) {  // CHAT-2
  const auto company = add_role("Company");
  const auto support = add_role("Support", company.id);
  const auto sales = add_role("Sales", company.id);
  const auto ana = add_user("ana");
  const auto ben = add_user("ben");
  const auto eva = add_user("eva");
  for (const auto& role : {company, support, sales}) join(role, ana);
  join(support, ben);
  join(sales, eva);
  UserChange away;
  away.active = false;
  wait(access.change_user(eva.id, away, kAdmin));
  EXPECT_EQ(everybody_in(company), (std::vector<Id>{ana.id, ben.id})) << "eva is not active";
  EXPECT_EQ(everybody_in(support), (std::vector<Id>{ana.id, ben.id}));
  EXPECT_EQ(everybody_in(sales), (std::vector<Id>{ana.id}));
  EXPECT_EQ(wait(access.members(company.id, 0, 10)).size(), 1U) << "those of the role itself";
}

TEST_P(AccessTest, adding_a_member_twice_is_adding_once) {
  const auto role = add_role("Support");
  const auto ana = add_user("ana");
  join(role, ana);
  join(role, ana);
  EXPECT_EQ(wait(access.members(role.id, 0, 10)).size(), 1U);
  EXPECT_EQ(audit().size(), 3U) << "role, user, member";
  EXPECT_EQ(refusal(access.add_member(role.id, 1, kAdmin)), "domain.access.no_user");
  EXPECT_EQ(refusal(access.add_member(1, ana.id, kAdmin)), "domain.access.no_role");
}

TEST_P(AccessTest, a_role_cannot_stand_below_itself) {
  const auto company = add_role("Company");
  const auto support = add_role("Support", company.id);
  const auto night = add_role("Night shift", support.id);
  RoleChange change;
  change.parent = night.id;
  EXPECT_EQ(refusal(access.change_role(company.id, change, kAdmin)), "domain.access.circle");
  change.parent = company.id;
  EXPECT_EQ(refusal(access.change_role(company.id, change, kAdmin)), "domain.access.circle");
  change.parent = 0;
  EXPECT_FALSE(wait(access.change_role(support.id, change, kAdmin)).parent);
  change.parent = 1;
  EXPECT_EQ(refusal(access.change_role(support.id, change, kAdmin)), "domain.access.no_role");
}

TEST_P(AccessTest, two_who_turn_roles_round_at_once_make_no_circle) {
  const auto one = add_role("One");
  const auto two = add_role("Two");
  for (int round = 0; round < 10; ++round) {
    RoleChange below_two;
    below_two.parent = two.id;
    RoleChange below_one;
    below_one.parent = one.id;
    auto other = std::async(std::launch::async,
                            [&] { return refusal(access.change_role(one.id, below_two, kAdmin)); });
    const auto mine = refusal(access.change_role(two.id, below_one, kAdmin));
    const auto theirs = other.get();
    EXPECT_NE(mine == "none", theirs == "none") << mine << ", " << theirs;
    RoleChange free;
    free.parent = 0;
    wait(access.change_role(one.id, free, kAdmin));
    wait(access.change_role(two.id, free, kAdmin));
  }
}

TEST_P(AccessTest, a_role_goes_with_its_members_and_grants_but_not_from_above_others) {
  const auto company = add_role("Company");
  const auto support = add_role("Support", company.id, {"CanManageChats"});
  const auto ana = add_user("ana");
  join(support, ana);
  EXPECT_EQ(refusal(access.remove_role(company.id, kAdmin)), "domain.access.has_roles");
  wait(access.remove_role(support.id, kAdmin));
  EXPECT_TRUE(may(ana).empty());
  EXPECT_EQ(refusal(access.role(support.id)), "domain.access.no_role");
  wait(access.remove_role(company.id, kAdmin));
  EXPECT_EQ(refusal(access.role(company.id)), "domain.access.no_role");
}

TEST_P(AccessTest, lists_go_on_after_an_id) {
  const auto ana = add_user("ana");
  const auto ben = add_user("ben");
  const auto first = wait(access.users(0, 1));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].id, ana.id);
  const auto rest = wait(access.users(ana.id, 10));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].id, ben.id);
}

}  // namespace
}  // namespace patchbay::domain::access
