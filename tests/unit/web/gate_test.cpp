#include "web/gate.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/access/access.hpp"
#include "support/databases.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {
namespace {

using namespace std::chrono_literals;

const std::string kPassword = "correct horse battery";

class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    domain::access::UserChange wanted;
    wanted.login = "ana";
    wanted.name = "Ana";
    wanted.operations = std::vector<std::string>{"CanManageChats"};
    const auto user = run(people.create_user(wanted, "test"));
    run(sessions.set_password(user.id, kPassword, "test"));
    in = run(sessions.sign_in("ana", kPassword, domain::access::Client("192.0.2.1", "")));
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto future = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
    while (future.wait_for(0s) != std::future_status::ready) {
      io.restart();
      io.run_for(1ms);
    }
    return future.get();
  }
  Principal come(const std::string& authorization, const std::string& session, const std::string& csrf,
                 bool changes) {
    return run(gate.authenticate(Credentials(authorization, session, csrf, changes, "192.0.2.1")));
  }
  std::string refused(const std::string& authorization, const std::string& session, const std::string& csrf,
                      bool changes) {
    try {
      come(authorization, session, csrf, changes);
    } catch (const Error& error) {
      return error.text().id();
    }
    return "none";
  }

  boost::asio::io_context io;
  support::FreshDatabase database{support::Database::sqlite};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'224'000'000ms)};
  IdMint ids{clock};
  domain::access::Access people{*store, clock, ids};
  vault::Passwords passwords;
  domain::access::Sessions sessions{{*store, clock, ids, passwords, log::Logger::none()}};
  Tokens tokens{*store, clock, ids, log::Logger::none()};
  Gate gate{tokens, sessions};
  domain::access::SignedIn in;
};

TEST_F(GateTest, whoever_has_a_session_may_what_its_user_may) {  // ACC-1
  const auto who = come("", in.token, "", false);
  EXPECT_EQ(who.name, "user:ana");
  EXPECT_TRUE(who.operations.has(Operation::write_chats));
  EXPECT_TRUE(who.operations.has(Operation::own_session));
  EXPECT_FALSE(who.operations.has(Operation::manage_access));
  ASSERT_NE(who.session, nullptr);
}

TEST_F(GateTest, a_change_needs_the_csrf_token_of_the_session) {  // OPS-12
  EXPECT_EQ(refused("", in.token, "", true), "web.csrf");
  EXPECT_EQ(refused("", in.token, in.token, true), "web.csrf");
  EXPECT_EQ(refused("", in.token, in.session.csrf, true), "none");
}

TEST_F(GateTest, a_token_counts_before_a_session) {
  const auto token = tokens.create_now(NewToken("dashboard", "status"), "test").plain;
  const auto who = come("Bearer " + token, in.token, "", true);
  EXPECT_EQ(who.name, "token:dashboard");
  EXPECT_EQ(who.session, nullptr);
  EXPECT_EQ(refused("Bearer x", in.token, in.session.csrf, false), "web.unauthenticated");
}

TEST_F(GateTest, nobody_comes_with_nothing) {
  EXPECT_EQ(refused("", "", "", false), "web.unauthenticated");
  EXPECT_EQ(refused("", "x", "", false), "web.session_ended");
}

TEST(Cookie, is_found_among_others) {
  const auto cookie = [](const char* header) {
    Request request;
    request.headers.add("Cookie", header);
    return std::string(request.cookie("pb_session"));
  };
  EXPECT_EQ(cookie("pb_session=abc"), "abc");
  EXPECT_EQ(cookie("a=1; pb_session=abc; b=2"), "abc");
  EXPECT_EQ(cookie("a=1;pb_session=x=y;"), "x=y");
  EXPECT_EQ(cookie("pb_session=first; pb_session=second"), "first");
  EXPECT_EQ(cookie("xpb_session=abc; pb_session; pb_sessions=1"), "");
  EXPECT_EQ(cookie(""), "");
}

}  // namespace
}  // namespace patchbay::web
