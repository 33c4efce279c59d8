#include "unit/outbox/dispatcher_fixture.hpp"

namespace patchbay::outbox {
namespace {

PB_ON_BOTH_DATABASES(DispatcherTest);

// OUT-1
TEST_P(DispatcherTest, one_conversation_goes_out_in_order) {
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    put(std::to_string(i));
    expected += "send:" + std::to_string(i) + " ";
  }
  EXPECT_TRUE(run([&] { return asked(10); }));
  EXPECT_EQ(caller.all(), expected);
  EXPECT_EQ(caller.most, 1);
}

TEST_P(DispatcherTest, conversations_go_out_beside_each_other) {
  caller.hold = 1s;
  for (int i = 0; i < 5; ++i) put("x", std::to_string(i));
  EXPECT_TRUE(run([&] { return caller.running == 5; }));
}

TEST_P(DispatcherTest, what_nobody_announced_is_found) {
  end();
  Item item;
  item.id = 5;
  item.integration = kBot;
  item.lane = "a";
  item.idempotency_key = "k";
  item.payload = R"({"text": "hello"})";
  store->write_now([&](store::Session& session) { enqueue(session, item); });
  begin();
  EXPECT_TRUE(run([&] { return asked(1); }));
  item.id = 6;
  item.idempotency_key = "l";
  store->write_now([&](store::Session& session) { enqueue(session, item); });
  EXPECT_TRUE(eventually([&] { return asked(2); }));
}

// OUT-3
TEST_P(DispatcherTest, a_provider_that_is_down_is_left_alone_and_served_oldest_first_when_it_is_back) {
  for (int i = 0; i < 8; ++i) {
    const auto text = std::to_string(i);
    caller.answers[text] = results({failing(Code::unavailable), failing(Code::unavailable)});
    put(text, "lane " + text);
  }
  EXPECT_TRUE(run([&] { return asked(8) && caller.running == 0; }));
  caller.answers.clear();
  caller.asked.clear();
  EXPECT_FALSE(pass(4s, [&] { return asked(1); }));
  EXPECT_TRUE(eventually([&] { return asked(8); }));
  EXPECT_EQ(caller.asked.front(), "send:0") << "one tries for all; then they go beside each other";
}

// OUT-1
TEST_P(DispatcherTest, an_unknown_outcome_without_lookup_is_uncertain_and_the_lane_goes_on) {
  caller.answers["one"] = results({failing(Code::outcome_unknown)});
  const auto one = put("one", "a", kBot, 1);
  put("two");
  EXPECT_TRUE(becomes(one, "uncertain"));
  EXPECT_TRUE(run([&] { return asked(2); }));
  EXPECT_EQ(caller.all(), "send:one send:two ");
}

// OUT-1
TEST_P(DispatcherTest, an_unknown_outcome_is_looked_up_and_sent_again_only_when_it_did_not_arrive) {
  channels.manifest = R"({"idempotency": "lookup"})";
  caller.answers["one"] = results({failing(Code::outcome_unknown)});
  caller.answers["lookup"] =
      results({failing(Code::unavailable), port::Result(port::Message(R"({"found": false})"))});
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(eventually([&] { return state(one) == "gone"; }));
  EXPECT_EQ(caller.all(), "send:one lookup:? lookup:? send:one ");
  EXPECT_EQ(std::count(caller.keys.begin(), caller.keys.end(), caller.keys[0]), 4)
      << "one key in all attempts";
}

// OUT-1
TEST_P(DispatcherTest, what_was_on_its_way_in_a_crash_is_not_sent_again_blindly) {
  caller.hold = 1h;
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(run([&] { return asked(1); }));
  EXPECT_EQ(state(one), "sending") << "marked before the call";
  end();  // cancels the call: nobody hears its answer
  EXPECT_EQ(state(one), "sending");
  caller.hold = 0ms;
  begin();
  EXPECT_TRUE(becomes(one, "uncertain"));
  EXPECT_EQ(caller.all(), "send:one ");
}

// OUT-1
TEST_P(DispatcherTest, after_a_crash_a_provider_with_keys_gets_the_same_key_again) {
  channels.manifest = R"({"idempotency": "provider"})";
  caller.hold = 1h;
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(run([&] { return asked(1); }));
  end();
  caller.hold = 0ms;
  begin();
  EXPECT_TRUE(eventually([&] { return state(one) == "gone"; }));
  ASSERT_EQ(caller.keys.size(), 2u);
  EXPECT_EQ(caller.keys[0], caller.keys[1]);
}

// OUT-1
TEST_P(DispatcherTest, what_did_not_leave_before_the_end_is_queued_again) {
  caller.hold = 1h;
  caller.when_cancelled = failing(Code::unavailable);
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(run([&] { return asked(1); }));
  end();
  EXPECT_EQ(state(one), "queued");
  begin();
}

// OUT-1
TEST_P(DispatcherTest, a_claim_whose_commit_was_not_heard_of_goes_on) {
  lossy.lose = true;
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(run([&] { return state(one) == "sending" && !lossy.lose; }));
  EXPECT_TRUE(eventually([&] { return state(one) == "gone"; }));
  EXPECT_EQ(caller.all(), "send:one ");
}

// HOOK-5
TEST_P(DispatcherTest, parts_of_one_trace_have_a_span_each_which_all_attempts_share) {
  const auto trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  caller.answers["one"] = results({failing(Code::unavailable)});
  put("one", "a", kBot, 1, 2, "", trace);
  put("two", "a", kBot, 1, 2, "", trace);
  EXPECT_TRUE(eventually([&] { return asked(3); }));
  EXPECT_EQ(caller.all(), "send:one send:one send:two ");
  EXPECT_EQ(caller.traces[0], caller.traces[1]);
  EXPECT_NE(caller.traces[1], caller.traces[2]);
  EXPECT_EQ(caller.traces[0].substr(0, 35), caller.traces[2].substr(0, 35));
}

TEST_P(DispatcherTest, a_part_that_failed_takes_the_rest_of_its_message_along_but_not_the_next) {
  caller.answers["one"] = results({failing(Code::invalid)});
  const auto one = put("one", "a", kBot, 1, 2);
  const auto two = put("two", "a", kBot, 1, 2);
  put("next", "a", kBot, 2);
  EXPECT_TRUE(run([&] { return asked(2); }));
  EXPECT_EQ(caller.all(), "send:one send:next ");
  EXPECT_EQ(state(one), "failed");
  EXPECT_EQ(state(two), "failed");
}

TEST_P(DispatcherTest, a_dead_token_keeps_the_message_and_tells_the_owner) {
  caller.answers["one"] = results({failing(Code::unauthenticated)});
  const auto one = put("one", "a", kBot, 1);
  EXPECT_TRUE(run([&] { return !effects.out.empty(); }));
  EXPECT_TRUE(becomes(one, "queued"));
  channels.open = false;
  EXPECT_FALSE(pass(10s, [&] { return asked(2); }));
  channels.open = true;
  dispatcher->wake(kBot);
  EXPECT_TRUE(run([&] { return asked(2); }));
}

TEST_P(DispatcherTest, an_integration_that_is_not_connected_keeps_its_items) {
  channels.open = false;
  const auto one = put("one", "a", kBot, 1);
  EXPECT_FALSE(pass(3s, [&] { return asked(1); }));
  EXPECT_EQ(state(one), "queued");
  channels.open = true;
  EXPECT_TRUE(eventually([&] { return asked(1); }));
}

// TG-4
TEST_P(DispatcherTest, the_rest_follows_a_conversation_that_moved) {
  caller.answers["one"] =
      results({port::Result(port::Message(R"({"provider_ids": ["1"], "moved_to": "new"})"))});
  put("one", "a", kBot, 1);
  const auto two = put("two", "a", kBot, 2);
  EXPECT_TRUE(becomes(two, "gone"));
  EXPECT_EQ(caller.all(), "send:one send:two ");
}

TEST_P(DispatcherTest, an_acknowledgement_is_tried_once) {
  channels.manifest = R"({"acknowledge": true})";
  Item item;
  item.id = 3;
  item.integration = kBot;
  item.lane = "press:1";
  item.verb = "acknowledge";
  item.idempotency_key = "ack";
  item.payload = R"({"press_id": "1", "text": "ack"})";
  item.created_at = clock.now().time_since_epoch().count();
  caller.answers["ack"] = results({failing(Code::unavailable)});
  store->write_now([&](store::Session& session) { enqueue(session, item); });
  dispatcher->wake(item);
  EXPECT_TRUE(run([&] { return asked(1) && state(3) == "gone"; }));
}

// FB-4
TEST_P(DispatcherTest, a_release_that_was_on_its_way_in_a_crash_is_made_again) {
  channels.manifest = R"({"idempotency": "none", "release": true})";
  caller.hold = 1h;
  Item item;
  item.id = 3;
  item.integration = kBot;
  item.lane = "a";
  item.verb = "release";
  item.idempotency_key = "release:1";
  item.payload = R"({"text": "release"})";
  store->write_now([&](store::Session& session) { enqueue(session, item); });
  dispatcher->wake(item);
  EXPECT_TRUE(run([&] { return asked(1); }));
  end();
  EXPECT_EQ(state(3), "sending");
  caller.hold = 0ms;
  begin();
  EXPECT_TRUE(eventually([&] { return state(3) == "gone"; }));
  EXPECT_EQ(caller.all(), "release:release release:release ");
}

}  // namespace
}  // namespace patchbay::outbox
