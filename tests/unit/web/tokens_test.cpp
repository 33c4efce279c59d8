#include "web/tokens.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::web {
namespace {

using namespace std::chrono_literals;

class TokensTest : public testing::TestWithParam<support::Database> {
 protected:
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto future = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
    io.restart();
    io.run();
    return future.get();
  }
  Principal sign_in(const std::string& token, const std::string& peer = "192.0.2.1") {
    return run(tokens.authenticate("Bearer " + token, peer));
  }
  Code refused(const std::string& token, const std::string& peer = "192.0.2.1") {
    try {
      sign_in(token, peer);
    } catch (const Error& error) {
      return error.code();
    }
    return Code::ok;
  }
  std::string made(const std::string& scopes, std::optional<TimePoint> expires = {}) {
    return tokens.create_now(NewToken("test", scopes, expires), "test").plain;
  }

  boost::asio::io_context io;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'224'000'000ms)};
  IdMint ids{clock};
  Tokens tokens{*store, clock, ids, log::Logger::none()};
};

PB_ON_BOTH_DATABASES(TokensTest);

TEST_P(TokensTest, TokenIsRecognisedWithItsScopes) {  // ACC-2
  const auto token = run(tokens.create(NewToken("robot", "chats, inbox"), "test"));
  const auto who = sign_in(token.plain);
  EXPECT_EQ(who.id, token.token.id);
  EXPECT_EQ(who.name, "token:robot") << "which is no person, whatever it is called";
  EXPECT_TRUE(who.operations.has(Operation::write_chats));
  EXPECT_FALSE(who.operations.has(Operation::manage_plugins));
}

TEST_P(TokensTest, TokenItselfIsNotStored) {  // ACC-2: hashed at rest
  const auto token = made("admin");
  const auto rows =
      store->read_now([](store::Session& s) { return s.query("select name, scopes, hash from tokens"); });
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].bytes(2), token_hash(token));
  EXPECT_EQ(rows[0].text(0).find(token), std::string::npos);
}

TEST_P(TokensTest, OthersAreRefused) {
  made("admin");
  EXPECT_EQ(refused(mint_token()), Code::unauthenticated);
  EXPECT_EQ(refused("pb_short"), Code::unauthenticated);
  EXPECT_EQ(refused(""), Code::unauthenticated);
  EXPECT_THROW(run(tokens.authenticate("Basic abc", "192.0.2.1")), Error);
}

TEST_P(TokensTest, ExpiredTokenIsRefusedAlsoFromTheCache) {
  const auto token = made("read", clock.now() + 2s);
  EXPECT_EQ(refused(token), Code::ok);
  clock.advance(2s);
  EXPECT_EQ(refused(token), Code::unauthenticated);
}

TEST_P(TokensTest, RevokedTokenIsRefusedAtOnce) {
  const auto token = made("read");
  const auto who = sign_in(token);
  run(tokens.revoke(who.id, "test"));
  EXPECT_EQ(refused(token), Code::unauthenticated);
  EXPECT_THROW(run(tokens.revoke(Id{5}, "test")), Error);
}

TEST_P(TokensTest, RevocationElsewhereIsHeardOfAfterTheCacheTime) {
  const auto token = made("read");
  const auto who = sign_in(token);
  store->write_now([&](store::Session& s) { return token_table::revoke(s, who.id, clock.now()); });
  clock.advance(Tokens::kCacheTime);
  EXPECT_EQ(refused(token), Code::unauthenticated);
}

TEST_P(TokensTest, LastUseIsNotedOnceAMinute) {
  const auto token = made("read");
  const auto used = [&] { return run(tokens.list(0, 10)).at(0).last_used_at; };
  EXPECT_FALSE(used());
  sign_in(token);
  const auto first = used();
  EXPECT_EQ(first, clock.now());
  clock.advance(30s);
  sign_in(token);
  EXPECT_EQ(used(), first);
  clock.advance(31s);
  sign_in(token);
  EXPECT_EQ(used(), clock.now());
}

TEST_P(TokensTest, AnAddressThatKeepsGuessingIsSlowedDown) {  // OPS-13
  const auto good = made("read");
  for (std::size_t i = 0; i < Tokens::kFailuresBeforeLimit; ++i)
    EXPECT_EQ(refused("wrong"), Code::unauthenticated);
  EXPECT_EQ(refused("wrong"), Code::rate_limited);
  EXPECT_EQ(refused("wrong", "192.0.2.2"), Code::unauthenticated);
  EXPECT_EQ(refused(good), Code::ok);
  clock.advance(1min);
  EXPECT_EQ(refused("wrong"), Code::unauthenticated);
}

TEST_P(TokensTest, AGoodTokenPassesHoweverManyFailedBefore) {  // behind a proxy all have one address
  const auto good = made("read");
  auto wrong = good;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (int i = 0; i < 301; ++i) EXPECT_NE(refused(wrong), Code::ok);
  EXPECT_EQ(refused(good), Code::ok);
}

TEST_P(TokensTest, ListIsOrderedByIdAndPaged) {
  for (int i = 0; i < 3; ++i) made("read");
  const auto first = run(tokens.list(0, 2));
  ASSERT_EQ(first.size(), 2u);
  EXPECT_LT(first[0].id, first[1].id);
  EXPECT_EQ(run(tokens.list(first[1].id, 2)).size(), 1u);
}

TEST_P(TokensTest, BadWishesPointAtTheField) {
  EXPECT_THROW(made("everything"), Error);
  EXPECT_THROW(tokens.create_now(NewToken("", "read"), "test"), Error);
  EXPECT_THROW(made("read", clock.now()), Error);
}

TEST(Scopes, EveryNameIsOneAndIsNamedInErrors) {  // ACC-2
  for (const auto& name : scope_names()) EXPECT_TRUE(scope_operations(name)) << name;
  for (const auto* name :
       {"admin", "read", "chats", "records", "processes", "integrations", "plugins", "inbox", "status"}) {
    EXPECT_TRUE(scope_operations(name)) << name;
    EXPECT_NE(std::find(scope_names().begin(), scope_names().end(), name), scope_names().end()) << name;
  }
  EXPECT_FALSE(scope_operations("everything"));
}

TEST(Scopes, APersonIsToldWhatAnAdministratorGrants) {  // ACC-3
  EXPECT_EQ(granting_codes(Operation::read_chats), std::vector<std::string>{"CanManageChats"});
  EXPECT_EQ(granting_codes(Operation::read_status),
            (std::vector<std::string>{"CanManageAdministration", "CanManagePlugins"}));
}

TEST(Token, ChecksItself) {
  const auto token = mint_token();
  EXPECT_TRUE(is_token(token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto wrong = token;
    wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(is_token(wrong)) << i;
  }
}

}  // namespace
}  // namespace patchbay::web
