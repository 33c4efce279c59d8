#include "bot_test.hpp"

namespace telegram {
namespace {

class Poll : public BotTest {
 protected:
  std::uint64_t listen() {
    polling();
    const std::uint64_t id = host.deliver("pb.listen/1:run", {{"listener", "poll"}, {"lease", 1}});
    host.run();
    return id;
  }
  static Json update(std::int64_t id) { return {{"update_id", id}, {"message", {{"text", "hi"}}}}; }
  void gives(const Json& updates) { api.answer("getUpdates", api_result(updates)); }
  pb_code code_of(std::uint64_t id) const {
    const auto answer = host.answer(id);
    return answer ? answer->code : PB_OK;
  }
  std::size_t polls() const { return api.of("getUpdates").size(); }
};

// TG-3
TEST_F(Poll, asks_for_long_over_connections_of_its_own) {
  listen();
  const SeenCall call = api.of("getUpdates").at(0);
  EXPECT_EQ(call.request["pool"], "long");
  EXPECT_EQ(call.request["retry"], "safe");
  EXPECT_EQ(call.arguments["timeout"], 30);
  EXPECT_GT(call.request["timeout_ms"], 30'000);
  EXPECT_FALSE(call.arguments.contains("offset"));
}

TEST_F(Poll, injects_each_update_and_then_confirms) {
  gives(Json::array({update(11), update(12)}));
  listen();
  ASSERT_EQ(host.services.injected.size(), 2u);
  EXPECT_EQ(Json::parse(host.services.injected[1]), update(12));
  EXPECT_EQ(api.of("getUpdates").at(1).arguments["offset"], 13);
  EXPECT_EQ(host.services.state["poll.offset"].first["next"], 13);
}

TEST_F(Poll, confirms_nothing_before_it_is_stored) {
  host.services.on("pb.webhook/1:inject", [](const Request&) { return std::nullopt; });
  gives(Json::array({update(11)}));
  listen();
  EXPECT_EQ(polls(), 1u);
  EXPECT_TRUE(host.services.state.empty());
}

TEST_F(Poll, goes_on_where_it_was_after_a_restart) {
  host.services.state["poll.offset"] = {Json{{"next", 40}, {"at", host.now_unix_ms() - 1000}}, 1};
  listen();
  EXPECT_EQ(api.of("getUpdates").at(0).arguments["offset"], 40);
}

// Ids start anew after a week of silence: an offset from before would confirm what nobody has seen.
TEST_F(Poll, forgets_an_offset_of_last_week) {
  const std::int64_t week = std::int64_t{7} * 24 * 3600 * 1000;
  host.services.state["poll.offset"] = {Json{{"next", 40}, {"at", host.now_unix_ms() - week}}, 1};
  listen();
  EXPECT_FALSE(api.of("getUpdates").at(0).arguments.contains("offset"));
}

TEST_F(Poll, keeps_a_batch_until_the_store_is_back) {
  int refusals = 3;
  host.services.on("pb.webhook/1:inject", [&](const Request& request) -> std::optional<Result> {
    if (refusals-- > 0) return Result(PB_UNAVAILABLE, "The store is away");
    host.services.injected = request.blobs;
    return Result(Json{{"stored", 1}, {"known", 0}});
  });
  gives(Json::array({update(11)}));
  listen();
  EXPECT_EQ(polls(), 1u);
  host.advance(60'000);
  EXPECT_EQ(host.services.injected.size(), 1u);
  EXPECT_EQ(host.services.state["poll.offset"].first["next"], 12);
}

TEST_F(Poll, ends_when_the_lease_is_lost) {
  host.services.lease = 2;
  gives(Json::array({update(11)}));
  const std::uint64_t run = listen();
  EXPECT_EQ(code_of(run), PB_CONFLICT);
  EXPECT_TRUE(host.services.state.empty());
}

TEST_F(Poll, leaves_out_an_update_that_is_refused) {
  host.services.on("pb.webhook/1:inject", [&](const Request& request) -> std::optional<Result> {
    for (const std::string& body : request.blobs) {
      if (body.find("12") != std::string::npos) return Result(PB_INVALID, "Too large");
    }
    for (const std::string& body : request.blobs) host.services.injected.push_back(body);
    return Result(Json{{"stored", request.blobs.size()}, {"known", 0}});
  });
  gives(Json::array({update(11), update(12), update(13)}));
  listen();
  EXPECT_EQ(host.services.injected.size(), 2u);
  EXPECT_EQ(host.services.state["poll.offset"].first["next"], 14);
}

TEST_F(Poll, ends_at_once_when_cancelled) {
  const std::uint64_t run = listen();
  host.cancel(run);
  host.run();
  EXPECT_EQ(code_of(run), PB_CANCELLED);
}

TEST_F(Poll, ends_at_once_when_cancelled_in_a_pause) {
  api.answer("getUpdates", api_error(502, "Bad Gateway"));
  const std::uint64_t run = listen();
  host.cancel(run);
  host.run();
  EXPECT_EQ(code_of(run), PB_CANCELLED);
}

TEST_F(Poll, reports_another_poller_and_does_not_spin) {
  for (int i = 0; i < 9; ++i) {
    api.answer("getUpdates", api_error(409, "Conflict: terminated by other getUpdates request"));
  }
  const std::uint64_t run = listen();
  EXPECT_NE(health_problem().find("terminated by other getUpdates"), std::string::npos);
  EXPECT_FALSE(host.answer(run));  // it may be a hand-over
  // The end of the run tells it, and the next one when it is over; what is asked every five minutes cannot.
  EXPECT_FALSE(host.call("pb.remote/1:status", Json::object()).json.contains("problem"));
  host.advance(15'000);
  EXPECT_EQ(code_of(run), PB_CONFLICT);
  EXPECT_EQ(host.answer(run)->retry_after_ms, 12'000u);
  EXPECT_EQ(polls(), 3u);
}

TEST_F(Poll, waits_longer_with_every_run_that_meets_the_other_poller) {
  for (int i = 0; i < 20; ++i) api.answer("getUpdates", api_error(409, "Conflict: terminated"));
  listen();
  host.advance(15'000);
  std::uint32_t pause = 0;
  for (int i = 0; i < 8; ++i) {
    const std::size_t before = polls();
    const std::uint64_t run = listen();
    EXPECT_EQ(polls(), before + 1);
    pause = host.answer(run)->retry_after_ms;
  }
  EXPECT_EQ(pause, 300'000u);
}

TEST_F(Poll, is_well_again_after_a_conflict) {
  api.answer("getUpdates", api_error(409, "Conflict: terminated by setWebhook request"));
  gives(Json::array());
  listen();
  host.advance(6'000);
  EXPECT_EQ(health_problem(), "");
}

TEST_F(Poll, ends_when_the_token_is_revoked) {
  api.answer("getUpdates", api_error(401, "Unauthorized"));
  EXPECT_EQ(code_of(listen()), PB_UNAUTHENTICATED);
}

TEST_F(Poll, backs_off_while_the_server_is_away_and_says_so) {
  for (int i = 0; i < 20; ++i) api.answer("getUpdates", Result(PB_UNAVAILABLE, "Connection refused"));
  const std::uint64_t run = listen();
  host.advance(60'000);
  EXPECT_EQ(polls(), 3u);
  EXPECT_EQ(code_of(run), PB_UNAVAILABLE);
  EXPECT_EQ(host.answer(run)->retry_after_ms, 4'000u);
  EXPECT_NE(health_problem().find("Connection refused"), std::string::npos);
}

TEST_F(Poll, says_that_what_answers_is_no_bot_api) {
  for (int i = 0; i < 3; ++i) api.answer("getUpdates", http_answer(200, "<html>"));
  for (int i = 0; i < 3; ++i) api.answer("getUpdates", http_answer(404, "gone"));
  const std::uint64_t run = listen();
  host.advance(10'000);
  EXPECT_EQ(code_of(run), PB_UNAVAILABLE);
  EXPECT_NE(health_problem().find("no Bot API server"), std::string::npos);
  EXPECT_EQ(code_of(listen()), PB_UNAVAILABLE);
}

// A server that takes questions and answers none must not look sound while a long poll waits for it.
TEST_F(Poll, asks_shortly_while_the_server_does_not_answer) {
  api.answer("getUpdates", Result(PB_DEADLINE, "No answer in 45 s"));
  gives(Json::array());
  listen();
  host.advance(1'000);
  ASSERT_GE(polls(), 2u);
  const SeenCall probe = api.of("getUpdates").at(1);
  EXPECT_EQ(probe.arguments["timeout"], 0);
  EXPECT_LT(probe.request["timeout_ms"], 15'000);
  host.advance(2'000);
  EXPECT_EQ(api.of("getUpdates").at(2).arguments["timeout"], 30);
}

TEST_F(Poll, gets_over_a_hiccup) {
  api.answer("getUpdates", api_error(502, "Bad Gateway"));
  const std::uint64_t run = listen();
  gives(Json::array());
  host.advance(3'000);
  EXPECT_FALSE(host.answer(run));
  EXPECT_EQ(health_problem(), "");
}

TEST_F(Poll, waits_as_long_as_it_is_told) {
  api.answer("getUpdates", api_error(429, "Too Many Requests: retry after 30", {{"retry_after", 30}}));
  listen();
  host.advance(29'000);
  EXPECT_EQ(polls(), 1u);
  host.advance(2'000);
  EXPECT_EQ(polls(), 2u);
}

TEST_F(Poll, does_not_spin_on_a_server_that_answers_at_once) {
  for (int i = 0; i < 100; ++i) gives(Json::array());
  listen();
  host.advance(10'000);
  EXPECT_LE(polls(), 11u);
  EXPECT_GE(polls(), 10u);
}

TEST_F(Poll, does_not_spin_on_updates_without_an_id) {
  for (int i = 0; i < 100; ++i) gives(Json::array({Json::object()}));
  listen();
  host.advance(5'000);
  EXPECT_LE(polls(), 6u);
}

}  // namespace
}  // namespace telegram
