#include "domain/access/sessions.hpp"

#include <future>
#include <thread>

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

const std::string kPassword = "correct horse battery";

using support::wait;

class SessionsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  SessionsTest() {
    UserChange wanted;
    wanted.login = "ana";
    wanted.name = "Ana";
    wanted.operations = std::vector<std::string>{"CanManageChats"};
    ana = wait(access.create_user(wanted, "test"));
    // A hash takes a tenth of a second: one serves all.
    static const auto* hash = new std::string(vault::Passwords::hash_now(kPassword));
    store->write_now([&](store::Session& session) { People(session).set_password(ana.id, *hash); });
  }
  SignedIn sign_in(const std::string& login = "ana", const std::string& password = kPassword) {
    return wait(sessions.sign_in(login, password, Client("192.0.2.7", "Browser/1")));
  }
  // "code text /path"
  template <class F>
  static std::string refusal(F act) {
    try {
      act();
    } catch (const Error& error) {
      auto out = std::string(code_name(error.code())) + " " + error.text().id();
      for (const auto& one : error.diagnostics()) out += " " + one.path + " " + one.summary.id();
      return out;
    }
    return "none";
  }
  bool is_good(const SignedIn& in) { return wait(sessions.find(in.token)).has_value(); }
  std::int64_t count(const std::string& sql) {
    return store->read_now([&](store::Session& session) { return session.query_one(sql)->integer(0); });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  Access access{*store, clock, ids};
  vault::Passwords passwords;
  Sessions sessions{{*store, clock, ids, passwords, log::Logger::none()}};
  User ana;
};

PB_ON_BOTH_DATABASES(SessionsTest);

const std::string kWrong = "unauthenticated domain.access.wrong_password";
const std::string kLocked = "rate_limited domain.access.locked";

TEST_P(SessionsTest, whoever_knows_the_password_is_signed_in) {  // ACC-2
  const auto in = sign_in(" ANA ");
  const auto found = wait(sessions.find(in.token));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.id, ana.id);
  EXPECT_EQ(found->operations, std::set<std::string>{"CanManageChats"});
  EXPECT_EQ(found->csrf, in.session.csrf);
  EXPECT_NE(found->csrf, sign_in().session.csrf) << "one of each session";
  EXPECT_FALSE(wait(sessions.find("")));
  EXPECT_FALSE(wait(sessions.find(in.session.csrf)));
}

TEST_P(SessionsTest, neither_password_nor_token_is_in_the_database) {
  const auto in = sign_in();
  store->read_now([&](store::Session& session) {
    const auto hash = session.query_one("select password from users")->text(0);
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
    EXPECT_EQ(session.query_one("select hash from sessions")->bytes(0).find(in.token), std::string::npos);
  });
}

TEST_P(SessionsTest, a_wrong_password_and_a_login_of_nobody_read_the_same) {
  EXPECT_EQ(refusal([&] { sign_in("ana", "wrong"); }), kWrong);
  EXPECT_EQ(refusal([&] { sign_in("ben", kPassword); }), kWrong);
  UserChange wanted;
  wanted.login = "eva";
  wanted.name = "Eva";
  wait(access.create_user(wanted, "test"));
  EXPECT_EQ(refusal([&] { sign_in("eva", ""); }), kWrong) << "has no password";
}

TEST_P(SessionsTest, wrong_passwords_in_a_row_lock_the_login_for_a_while) {  // ACC-2
  for (const auto* login : {"ana", "nobody"}) {
    for (int i = 0; i < Sessions::kFailures; ++i)
      EXPECT_EQ(refusal([&] { sign_in(login, "wrong"); }), kWrong);
    EXPECT_EQ(refusal([&] { sign_in(login); }), kLocked) << "also with the right one";
  }
  clock.advance(Sessions::kLocked - 1ms);
  EXPECT_EQ(refusal([&] { sign_in(); }), kLocked);
  clock.advance(1ms);
  EXPECT_EQ(refusal([&] { sign_in("ana", "wrong"); }), kWrong) << "counts from one again";
  sign_in();
  EXPECT_EQ(count("select cast(count(*) as bigint) from sign_in_failures where login = 'ana'"), 0);
}

TEST_P(SessionsTest, what_comes_during_a_lock_does_not_renew_it) {  // ACC-2
  for (int i = 0; i <= Sessions::kFailures; ++i) refusal([&] { sign_in("ana", "wrong"); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(refusal([&] { sign_in("ana", "wrong"); }), kLocked);
  clock.advance(Sessions::kLocked);
  EXPECT_EQ(refusal([&] { sign_in(); }), "none");
}

TEST_P(SessionsTest, a_password_that_nobody_had_the_time_to_look_at_was_not_wrong) {  // ACC-2
  asio::io_context io;
  vault::Passwords slow;
  Sessions busy({*store, clock, ids, slow, log::Logger::none()});
  int refused = 0;
  for (int tries = 0; tries < 100 && refused < 3; ++tries) {
    for (std::size_t i = 0; i < vault::Passwords::kWaiting; ++i)
      asio::co_spawn(io, slow.hash("waits"), [](std::exception_ptr, const std::string&) {});
    io.poll();
    // On a slow machine one of those may be over before it comes to this one.
    const auto reason = refusal([&] { wait(busy.sign_in("ana", kPassword, Client("192.0.2.7", ""))); });
    if (reason == "none") continue;
    EXPECT_EQ(reason, "unavailable vault.passwords_busy");
    EXPECT_EQ(count("select cast(coalesce(sum(failures), 0) as bigint) from sign_in_failures"), 0);
    ++refused;
  }
  EXPECT_EQ(refused, 3);
}

TEST_P(SessionsTest, whose_password_changes_while_he_signs_in_stays_out) {  // ACC-2
  const auto hash =
      store->read_now([&](store::Session& session) { return People(session).password(ana.id); });
  for (const bool deactivates : {false, true}) {
    // Its hash waits behind others.
    std::vector<std::future<std::string>> others;
    for (int i = 0; i < 5; ++i)
      others.push_back(std::async(std::launch::async, [&] { return wait(passwords.hash("waits")); }));
    std::this_thread::sleep_for(20ms);
    auto in = std::async(std::launch::async, [&] { return refusal([&] { sign_in(); }); });
    while (count("select cast(count(*) as bigint) from sign_in_failures") == 0) std::this_thread::yield();
    store->write_now([&](store::Session& session) {
      session.exec(deactivates ? "update users set active = 0" : "update users set password = 'another'");
    });
    EXPECT_EQ(in.get(), kWrong);
    EXPECT_EQ(count("select cast(count(*) as bigint) from sessions"), 0);
    store->write_now([&](store::Session& session) {
      People(session).set_password(ana.id, *hash);
      session.exec("delete from sign_in_failures");
    });
  }
}

TEST_P(SessionsTest, many_guesses_at_once_are_counted_each) {
  std::vector<std::future<std::string>> guesses;
  for (int i = 0; i < 16; ++i)
    guesses.push_back(
        std::async(std::launch::async, [&] { return refusal([&] { sign_in("ana", "wrong"); }); }));
  int tried = 0;
  for (auto& guess : guesses) tried += guess.get() == kWrong;
  EXPECT_EQ(tried, Sessions::kFailures);
}

TEST_P(SessionsTest, a_session_ends_when_it_is_not_used_and_at_the_latest_after_a_month) {
  const auto idle = sign_in();
  clock.advance(Sessions::kIdle - 1ms);
  EXPECT_TRUE(is_good(idle)) << "and is used thereby";
  clock.advance(Sessions::kIdle - 1ms);
  EXPECT_TRUE(is_good(idle));
  clock.advance(Sessions::kIdle);
  EXPECT_FALSE(is_good(idle));
  const auto busy = sign_in();
  for (Duration age{0}; age < Sessions::kLongest; age += Sessions::kIdle / 2) {
    EXPECT_TRUE(is_good(busy));
    clock.advance(Sessions::kIdle / 2);
  }
  EXPECT_FALSE(is_good(busy));
}

TEST_P(SessionsTest, signing_out_ends_this_session_and_no_other) {
  const auto here = sign_in();
  const auto there = sign_in();
  wait(sessions.sign_out(here.session));
  EXPECT_FALSE(is_good(here));
  EXPECT_TRUE(is_good(there));
  EXPECT_TRUE(wait(sessions.is_signed_in(ana.id)));
  EXPECT_EQ(wait(sessions.end_all(ana.id, "test")), 1);
  EXPECT_FALSE(is_good(there));
  EXPECT_FALSE(wait(sessions.is_signed_in(ana.id)));
}

TEST_P(SessionsTest, who_is_not_active_any_more_is_out_at_once_and_for_good) {
  const auto in = sign_in();
  UserChange change;
  change.active = false;
  wait(access.change_user(ana.id, change, "test"));
  EXPECT_FALSE(is_good(in));
  EXPECT_EQ(refusal([&] { sign_in(); }), kWrong);
  change.active = true;
  wait(access.change_user(ana.id, change, "test"));
  EXPECT_FALSE(is_good(in));
  sign_in();
}

TEST_P(SessionsTest, a_role_that_is_granted_something_grants_it_to_who_is_signed_in) {
  const auto in = sign_in();
  RoleChange wanted;
  wanted.name = "Admins";
  wanted.operations = std::vector<std::string>{"CanManageAdministration"};
  const auto role = wait(access.create_role(wanted, "test"));
  wait(access.add_member(role.id, ana.id, "test"));
  EXPECT_EQ(wait(sessions.find(in.token))->operations.size(), 2U);
}

TEST_P(SessionsTest, a_new_password_ends_the_other_sessions) {
  const auto here = sign_in();
  const auto there = sign_in();
  EXPECT_EQ(refusal([&] { wait(sessions.change_password(here.session, "wrong", "another one here")); }),
            "invalid domain.refused /old domain.access.wrong_old");
  wait(sessions.change_password(here.session, kPassword, "another one here"));
  EXPECT_TRUE(is_good(here));
  EXPECT_FALSE(is_good(there));
  EXPECT_EQ(refusal([&] { sign_in(); }), kWrong);
  sign_in("ana", "another one here");
  wait(sessions.set_password(ana.id, kPassword, "test"));
  EXPECT_FALSE(is_good(here)) << "set by somebody else";
}

TEST_P(SessionsTest, a_new_password_unlocks) {
  for (int i = 0; i <= Sessions::kFailures; ++i) refusal([&] { sign_in("ana", "wrong"); });
  wait(sessions.set_password(ana.id, "another one here", "test"));
  sign_in("ana", "another one here");
}

TEST_P(SessionsTest, a_weak_password_is_refused_with_the_reason) {
  const auto set = [&](const std::string& password) {
    return refusal([&] { wait(sessions.set_password(ana.id, password, "test")); });
  };
  EXPECT_EQ(set("short"), "invalid domain.refused /password domain.access.password");
  EXPECT_EQ(set(std::string(257, 'x')), "invalid domain.refused /password domain.access.password");
  EXPECT_EQ(set("пароль"), "invalid domain.refused /password domain.access.password")
      << "characters, not bytes";
  EXPECT_EQ(set("пароль пароль"), "none");
  EXPECT_EQ(refusal([] { check_password("ana.lima.x", "Ana.Lima.X", "/password"); }),
            "invalid domain.refused /password domain.access.password_login");
}

TEST_P(SessionsTest, what_has_ended_is_taken_away) {
  sign_in();
  refusal([&] { sign_in("nobody", "wrong"); });
  clock.advance(24h);
  const auto fresh = sign_in();
  wait(sessions.sweep());
  EXPECT_EQ(count("select cast(count(*) as bigint) from sessions"), 1);
  EXPECT_EQ(count("select cast(count(*) as bigint) from sign_in_failures"), 0);
  EXPECT_TRUE(is_good(fresh));
}

}  // namespace
}  // namespace patchbay::domain::access
