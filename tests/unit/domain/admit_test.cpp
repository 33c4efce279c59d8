#include "domain/access/impl/admit.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/access/access.hpp"
#include "domain/access/people.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::access {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

using support::wait;

class AdmitTest : public ::testing::TestWithParam<support::Database> {
 protected:
  AdmitTest() {
    identity.issuer = "https://id.example";
    identity.subject = "42";
    identity.login = "ana";
    identity.name = "Ana";
    support = make_role("Support");
    sales = make_role("Sales");
  }
  Id make_role(const std::string& name) {
    RoleChange wanted;
    wanted.name = name;
    return wait(access.create_role(wanted, "test")).id;
  }
  User make_user(const std::string& login) {
    UserChange wanted;
    wanted.login = login;
    wanted.name = login;
    return wait(access.create_user(wanted, "user:chief"));
  }
  User come(Names roles = {}) {
    identity.roles = std::move(roles);
    return store->write_now([&](store::Session& session) { return admit(session, identity, admission); });
  }
  std::string refusal() {
    try {
      come();
    } catch (const Error& error) {
      return std::string(code_name(error.code())) + " " + error.text().id();
    }
    return "none";
  }
  Names roles_of(Id user) {
    return store->read_now([&](store::Session& session) {
      People people(session);
      Names names;
      for (const auto id : people.roles_of(user)) names.push_back(people.role(id)->name);
      return names;
    });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  Access access{*store, clock, ids};
  Admission admission{ids, clock.now()};
  Identity identity;
  Id support = 0;
  Id sales = 0;
};

PB_ON_BOTH_DATABASES(AdmitTest);

TEST_P(AdmitTest, the_first_sign_in_makes_the_user_the_next_ones_find_it) {  // ACC-2
  identity.email = "ana@shop.example";
  admission.language = "ru";
  const auto made = come();
  EXPECT_EQ(made.login, "ana");
  EXPECT_EQ(made.email, "ana@shop.example");
  EXPECT_EQ(made.language, "ru");
  identity.login = "ana.married";
  EXPECT_EQ(come().id, made.id) << "it is the subject that counts";
}

TEST_P(AdmitTest, who_has_a_password_is_taken_over_only_where_that_is_allowed) {  // ACC-2
  const auto ana = make_user("ana");
  store->write_now([&](store::Session& session) { People(session).set_password(ana.id, "hash"); });
  EXPECT_EQ(refusal(), "denied domain.identity.not_linked");
  admission.links_users = true;
  EXPECT_EQ(come().id, ana.id);
  admission.links_users = false;
  EXPECT_EQ(come().id, ana.id) << "he is noted now";
}

TEST_P(AdmitTest, who_is_known_by_login_is_that_user) {  // ACC-2
  const auto ana = make_user("ana");
  EXPECT_EQ(come().id, ana.id);
  identity.subject = "43";
  EXPECT_EQ(refusal(), "conflict domain.identity.login_taken") << "another person of the same name there";
  identity.issuer = "https://other.example";
  EXPECT_EQ(refusal(), "denied domain.identity.not_linked") << "a person of another identity server";
  admission.links_users = true;
  EXPECT_EQ(come().id, ana.id) << "the installation went there, and an administrator knows";
}

TEST_P(AdmitTest, nobody_is_made_where_that_is_switched_off) {  // ACC-2
  admission.adds_users = false;
  EXPECT_EQ(refusal(), "denied domain.identity.unknown_user");
  const auto ana = make_user("ana");
  EXPECT_EQ(come().id, ana.id);
}

TEST_P(AdmitTest, who_is_not_active_stays_out) {  // ACC-2
  const auto ana = come();
  UserChange off;
  off.active = false;
  wait(access.change_user(ana.id, off, "test"));
  EXPECT_EQ(refusal(), "denied domain.identity.inactive");
}

TEST_P(AdmitTest, roles_follow_what_is_told) {  // ACC-2
  const auto ana = come({"Support", "Unknown here", std::to_string(sales)});
  EXPECT_EQ(roles_of(ana.id), (Names{"Support", "Sales"})) << "by name, and by id";
  come({"Sales"});
  EXPECT_EQ(roles_of(ana.id), Names{"Sales"});
  come();
  EXPECT_EQ(roles_of(ana.id), Names{});
}

TEST_P(AdmitTest, roles_by_hand_stay) {  // ACC-2
  const auto ana = come({"Support"});
  wait(access.add_member(sales, ana.id, "user:chief"));
  come({"Support", "Sales"});
  come();
  EXPECT_EQ(roles_of(ana.id), Names{"Sales"});
  come({"Support"});
  wait(access.add_member(support, ana.id, "user:chief"));
  come();
  EXPECT_EQ(roles_of(ana.id), (Names{"Support", "Sales"})) << "given by hand after it was told";
}

TEST_P(AdmitTest, all_of_it_is_in_the_audit_log) {  // ACC-5
  const auto ana = come({"Support"});
  come();
  store->read_now([&](store::Session& session) {
    Names actions;
    for (const auto& row :
         session.query("select action from audit where actor = 'identity_server' order by id"))
      actions.push_back(row.text(0));
    EXPECT_EQ(actions, (Names{"user.create", "user.link_identity", "role.add_member", "role.remove_member"}));
  });
  EXPECT_GT(ana.id, 0);
}

}  // namespace
}  // namespace patchbay::domain::access
