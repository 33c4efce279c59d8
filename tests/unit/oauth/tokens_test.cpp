#include "support.hpp"

namespace patchbay::oauth {
namespace {

class TokensTest : public OAuthTest {};
PB_ON_BOTH_DATABASES(TokensTest);

TEST_P(TokensTest, AreUsedAsLongAsTheyAreGood) {
  const auto id = grant();
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "first");
  clock_.advance(58min);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "first");
  EXPECT_TRUE(http_.seen.empty());
}

TEST_P(TokensTest, AreRefreshedOnceForAllWhoWait) {  // bar 10
  const auto id = grant();
  clock_.advance(2h);
  answer_token("second", "refresh-2");
  int got = 0;
  for (int i = 0; i < 64; ++i) {
    asio::co_spawn(io_, tokens_->token(id, 60s, ""), [&](std::exception_ptr error, const AccessToken& token) {
      EXPECT_FALSE(error);
      got += token.value == "second";
    });
  }
  EXPECT_TRUE(until([&] { return got == 64; }));
  EXPECT_EQ(http_.seen.size(), 1u);
  EXPECT_EQ(sent("grant_type", 0), "refresh_token");
  EXPECT_EQ(sent("refresh_token", 0), "refresh-1");
  EXPECT_EQ(sent("client_id", 0), "") << "it is in the header";
  EXPECT_EQ(stored_tokens(id).refresh, "refresh-2");
  EXPECT_EQ(redactor_.redact("x second"), "x [secret]");
}

TEST_P(TokensTest, KeepTheOldRefreshTokenWhenNoNewOneCame) {
  const auto id = grant();
  http_.answer(200, R"({"access_token": "second", "expires_in": 10})");
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second");
  EXPECT_EQ(stored_tokens(id).refresh, "refresh-1");
  // Shorter than is wanted: used for three quarters of its life all the same.
  clock_.advance(7s);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "second");
  EXPECT_EQ(http_.seen.size(), 1u);
}

TEST_P(TokensTest, ThatTheProviderTakesNoMoreAreReplaced) {
  const auto id = grant();
  answer_token("second", "refresh-2");
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second");
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second")
      << "another call that was refused meanwhile";
  EXPECT_EQ(http_.seen.size(), 1u);
}

TEST_P(TokensTest, ThatAnotherHostHasRefreshedAreTakenOver) {  // OPS-8
  const auto id = grant();
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "first");
  auto changed = stored(id);
  store_->write_now([&](store::Session& session) {
    table_.put(session, changed, TokenPair{"theirs", "refresh-9"});
  });
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "theirs");
  EXPECT_TRUE(http_.seen.empty());
}

TEST_P(TokensTest, OnlyInvalidGrantMeansSigningInAgain) {  // bar 10
  const auto id = grant();
  for (const auto* error : {"invalid_client", "invalid_request", "unauthorized_client"}) {
    refuse(error);
    EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable) << error;
    clock_.advance(61s);
  }
  http_.answer(503);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable);
  clock_.advance(61s);
  http_.fail(Code::outcome_unknown);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable) << "nothing was sent with it";
  clock_.advance(61s);
  EXPECT_TRUE(stored(id).works);
  EXPECT_TRUE(signed_out_.empty());
  EXPECT_EQ(troubles_.size(), 5u);
  refuse("invalid_grant");
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unauthenticated);
  EXPECT_FALSE(stored(id).works);
  ASSERT_EQ(signed_out_.size(), 1u);
  EXPECT_EQ(signed_out_.front().first, id);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "")), Code::unauthenticated);
  EXPECT_EQ(http_.seen.size(), 6u) << "nobody is asked for what has been revoked";
}

TEST_P(TokensTest, DoNotHammerAProviderThatIsDown) {
  const auto id = grant();
  http_.answer(503);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable);
  EXPECT_EQ(http_.seen.size(), 1u);
  http_.answer(429, "", {{"retry-after", "30"}});
  clock_.advance(2s);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable);
  clock_.advance(29s);
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "first")), Code::unavailable);
  EXPECT_EQ(http_.seen.size(), 2u);
  answer_token("second", "refresh-2");
  clock_.advance(2s);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second");
}

TEST_P(TokensTest, AreNotReplacedForARefusalThatNoneOfThemMends) {
  const auto id = grant();
  answer_token("second", "refresh-2");
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(wait(tokens_->token(id, 60s, "second")).value, "second");
  EXPECT_EQ(http_.seen.size(), 1u);
  clock_.advance(61s);
  answer_token("third", "refresh-3");
  EXPECT_EQ(wait(tokens_->token(id, 60s, "second")).value, "third");
}

TEST_P(TokensTest, ThatCannotBeRenewedAreUsedToTheirEnd) {
  const auto id = grant("only", "");
  clock_.advance(59min + 50s);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "only");
  const auto other = grant("other", "");
  EXPECT_EQ(wait(tokens_->token(other, 60s, "other")).value, "other") << "one refusal may be an accident";
  clock_.advance(61s);
  EXPECT_EQ(failure_of(tokens_->token(other, 60s, "other")), Code::unauthenticated);
}

TEST_P(TokensTest, OfARefreshThatWasOvertakenAreDropped) {  // OPS-8
  const auto id = grant();
  answer_token("late", "refresh-late");
  http_.turns.back().delay = 10s;
  std::optional<AccessToken> got;
  asio::co_spawn(io_, tokens_->token(id, 60s, "first"),
                 [&](std::exception_ptr, const AccessToken& token) { got = token; });
  for (int i = 0; i < 500 && http_.seen.empty(); ++i) {
    io_.restart();
    io_.run_for(2ms);
  }
  // Another host took this one for dead, and somebody has signed in there.
  auto fresh = stored(id);
  store_->write_now([&](store::Session& session) {
    table_.put(session, fresh, TokenPair{"fresh", "refresh-9"});
  });
  clock_.advance(10s);
  EXPECT_TRUE(until([&] { return got.has_value(); }));
  EXPECT_EQ(got->value, "fresh");
  EXPECT_EQ(stored_tokens(id).refresh, "refresh-9");
}

TEST_P(TokensTest, AreRefreshedThoughTheirCallerIsGone) {
  const auto id = grant();
  answer_token("second", "refresh-2");
  http_.turns.back().delay = 10s;
  asio::cancellation_signal gone;
  bool ended = false;
  asio::co_spawn(io_, tokens_->token(id, 60s, "first"),
                 asio::bind_cancellation_slot(gone.slot(),
                                              [&](std::exception_ptr, const AccessToken&) { ended = true; }));
  for (int i = 0; i < 500 && http_.seen.empty(); ++i) {
    io_.restart();
    io_.run_for(2ms);
  }
  gone.emit(asio::cancellation_type::terminal);
  io_.restart();
  io_.run_for(20ms);
  EXPECT_TRUE(ended);
  clock_.advance(10s);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "first")).value, "second");
  EXPECT_EQ(stored_tokens(id).refresh, "refresh-2");
  EXPECT_EQ(http_.seen.size(), 1u);
}

TEST_P(TokensTest, WithoutARefreshTokenEndAndSaySo) {
  const auto id = grant("only", "");
  clock_.advance(2h);
  tokens_->start();
  ASSERT_TRUE(until([&] { return !signed_out_.empty(); })) << "also when nobody asks";
  EXPECT_FALSE(stored(id).works);
}

TEST_P(TokensTest, OfARefreshThatWasBrokenOffAreMadeSureOf) {  // bar 10
  const auto id = grant();
  store_->write_now([&](store::Session& session) { table_.note_refresh(session, id, now()); });
  clock_.advance(1s);
  answer_token("second", "refresh-2");
  tokens_->start();
  until([&] { return stored_tokens(id).access == "second"; });
  EXPECT_EQ(stored_tokens(id).access, "second");
}

TEST_P(TokensTest, ThatNobodyUsesAreKeptAlive) {
  const auto id = grant();
  const auto idle = grant("nobody's", "refresh-7");
  store_->write_now([&](store::Session& session) {
    session.exec(
        "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
        "identity, "
        "title, remote_state, visibility, created_at, updated_at) values (5, 'acme', '', '', '{}', 'active', "
        "'', '', "
        "'', '', '', 'shared', 0, 0)");
    session.exec(
        "insert into integration_grants(integration, name, position, grant_id) values (5, 'account', 0, :id)",
        {id});
  });
  clock_.advance(std::chrono::days(8));
  answer_token("second", "refresh-2");
  tokens_->start();
  until([&] { return stored_tokens(id).access == "second"; });
  EXPECT_EQ(stored_tokens(id).refresh, "refresh-2");
  EXPECT_EQ(stored_tokens(idle).refresh, "refresh-7") << "what no integration uses may end";
}

TEST_P(TokensTest, AreTakenBackAtTheProvider) {  // RFC 7009
  const auto id = grant();
  http_.answer(200);
  EXPECT_TRUE(wait(tokens_->revoke(id, {})));
  EXPECT_EQ(http_.seen.front()->request.url, "https://id.example/revoke");
  EXPECT_EQ(sent("token", 0), "refresh-1");
  EXPECT_EQ(failure_of(tokens_->token(id, 60s, "")), Code::not_found);
  const auto other = grant();
  http_.fail(Code::unavailable);
  EXPECT_FALSE(wait(tokens_->revoke(other, {}))) << "gone here, whatever the provider says";
  EXPECT_EQ(stored_tokens(other).access, "");
}

}  // namespace
}  // namespace patchbay::oauth
