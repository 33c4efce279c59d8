#include "page_test.hpp"

namespace messenger {
namespace {

const std::string kPageAsked = "GET " + std::string(kPage);

// FB-5: a dead token of the page.
class Token : public PageTest {
 protected:
  Token() { configure(); }
  void dies(int times = 1) {
    for (int i = 0; i < times; ++i)
      api.answer("POST " + std::string(kPage) + "/messages", graph_error(190, 460));
  }
  std::string asked_as(std::size_t call) const { return api.of(kPageAsked).at(call).request["auth"]; }
};

// The sign-in itself has ended hours ago.
TEST_F(Token, is_renewed_by_the_long_lived_token_and_the_message_is_sent) {
  dies();
  api.answer("GET oauth/access_token", graph_error(190, 463));
  const Result result = send({{"text", "a"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(host.services.secrets["page_token"], "EAAfresh");
  EXPECT_EQ(asked_as(0), "bearer:{{grant:account.user_token}}");
  EXPECT_TRUE(api.of("GET oauth/access_token").empty());
}

TEST_F(Token, is_renewed_by_a_new_sign_in_where_the_long_lived_token_is_dead_too) {
  dies();
  api.answer(kPageAsked, graph_error(190, 460));
  const Result result = send({{"text", "a"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(host.services.secrets["page_token"], "EAAfresh");
  EXPECT_EQ(host.services.secrets["account.user_token"], "EAAlong");
  const Json exchange = api.of("GET oauth/access_token").at(0).request;
  EXPECT_EQ(exchange["query"]["fb_exchange_token"], "{{oauth:account}}");
  EXPECT_EQ(exchange["query"]["client_secret"], "{{profile:app_secret}}");
  EXPECT_EQ(sent().size(), 2u);
}

TEST_F(Token, asks_to_sign_in_when_the_sign_in_is_dead_too) {
  dies();
  api.answer(kPageAsked, graph_error(190, 460));
  api.answer("GET oauth/access_token", graph_error(190, 460));
  const Result result = send({{"text", "a"}});
  EXPECT_EQ(result.code, PB_UNAUTHENTICATED);
  EXPECT_EQ(result.json["text_id"], "messenger.token_dead");
}

TEST_F(Token, asks_to_sign_in_when_nobody_has) {
  dies();
  api.answer(kPageAsked, Result(PB_UNAUTHENTICATED, "There is no such secret"));
  api.answer("GET oauth/access_token", Result(PB_UNAUTHENTICATED, "Nobody has signed in"));
  EXPECT_EQ(send({{"text", "a"}}).code, PB_UNAUTHENTICATED);
}

TEST_F(Token, is_not_given_up_while_facebook_is_away) {
  dies();
  api.answer(kPageAsked, graph_error(2, 0, 500));
  EXPECT_EQ(send({{"text", "a"}}).code, PB_UNAVAILABLE);
  dies();
  api.answer(kPageAsked, graph_error(190, 460));
  api.answer("GET oauth/access_token", graph_error(2, 0, 500));
  EXPECT_EQ(send({{"text", "a"}}).code, PB_UNAVAILABLE);
}

TEST_F(Token, that_is_fresh_and_refused_asks_to_sign_in) {
  dies(2);
  EXPECT_EQ(send({{"text", "a"}}).code, PB_UNAUTHENTICATED);
  EXPECT_EQ(sent().size(), 2u);
}

// FB-5: found without a message, by the watch on deliveries.
TEST_F(Token, is_found_dead_by_status) {
  api.answer("GET " + std::string(kPage) + "/subscribed_apps", graph_error(190, 463));
  api.answer(kPageAsked, graph_error(190, 463));
  api.answer("GET oauth/access_token", graph_error(190, 463));
  const Result result =
      host.call("pb.remote/1:status", {{"routes", {{"webhook", kOurs}}}, {"state", {{"url", kOurs}}}});
  EXPECT_EQ(result.code, PB_UNAUTHENTICATED);
}

}  // namespace
}  // namespace messenger
