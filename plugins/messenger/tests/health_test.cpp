#include "page_test.hpp"

namespace messenger {
namespace {

constexpr std::int64_t kDayMs = 24 * 3'600'000LL;

class Health : public PageTest {
 protected:
  Health() { configure(); }
  Json health() { return host.call("pb.lifecycle/1:health", Json::object()).json; }
  void send_fails(int code, int subcode) {
    api.answer("POST " + std::string(kPage) + "/messages", graph_error(code, subcode));
    EXPECT_FALSE(send({{"text", "a"}}).ok());
  }
  void looks(std::int64_t reads_until_ms) {
    api.answer("GET debug_token", answers({{"data", {{"data_access_expires_at", reads_until_ms / 1000}}}}));
    const Json wanted = {{"routes", {{"webhook", kOurs}}}, {"state", {{"url", kOurs}}}};
    EXPECT_TRUE(host.call("pb.remote/1:status", wanted).ok());
  }
};

TEST_F(Health, is_what_concerns_the_page_until_a_message_goes_out) {
  EXPECT_EQ(health()["status"], "ok");
  send_fails(551, 1545041);
  EXPECT_EQ(health()["status"], "ok") << "that is one client";
  for (const auto& [code, subcode, text] :
       std::vector<std::tuple<int, int, std::string>>{{10, 1893063, "messenger.page_restricted"},
                                                      {368, 0, "messenger.policy"},
                                                      {230, 0, "messenger.permission"}}) {
    send_fails(code, subcode);
    EXPECT_EQ(health()["status"], "degraded");
    EXPECT_EQ(health()["text_id"], text);
    EXPECT_EQ(health()["reason"].get<std::string>().find('{'), std::string::npos) << "places are filled in";
  }
  EXPECT_TRUE(send({{"text", "a"}}).ok());
  EXPECT_EQ(health()["status"], "ok");
}

// FB-5: people forget that an app loses what it may read, though the token lives.
TEST_F(Health, warns_two_weeks_before_the_page_may_not_be_read_any_more) {
  const std::int64_t until = host.now_unix_ms() + 15 * kDayMs;
  looks(until);
  EXPECT_EQ(health()["status"], "ok");
  host.advance(kDayMs + 1000);
  EXPECT_EQ(health()["text_id"], "messenger.data_access_ends");
  EXPECT_EQ(health()["args"]["date"].get<std::string>().size(), 10u);
  EXPECT_EQ(api.of("GET debug_token").size(), 1u) << "nothing is asked for it";
  looks(until + 90 * kDayMs);
  EXPECT_EQ(health()["status"], "ok") << "somebody has signed in";
  looks(until);
  EXPECT_EQ(api.of("GET debug_token").size(), 2u) << "once a day";
}

}  // namespace
}  // namespace messenger
