#include "outbox/dispatcher.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "outbox/queue.hpp"
#include "support/databases.hpp"
#include "unit/outbox/lossy_store.hpp"

namespace patchbay::outbox {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr Id kBot = 7;
constexpr Id kOther = 8;

// Answers as told, and remembers what it was asked.
class FakeCaller final : public plugin::Caller {
 public:
  explicit FakeCaller(Clock& clock) : clock_(clock) {}

  asio::awaitable<port::Result> call(Id integration, port::Call call) override {
    auto request = json::parse(call.message.json);
    auto text = request.value("text", "?");
    asked.push_back(call.method.substr(13) + ":" + text);
    keys.push_back(request.value("idempotency_key", ""));
    ++running;
    most = std::max(most, running);
    traces.push_back(call.trace);
    bool cancelled = false;
    try {
      if (hold.count() > 0) co_await clock_.sleep(hold);
    } catch (const boost::system::system_error&) {
      if (!when_cancelled) throw;
      cancelled = true;
    }
    --running;
    if (cancelled) co_return *when_cancelled;
    if (integration == kOther) co_return ok();
    const auto found = answers.find(call.method.substr(13) == "lookup" ? "lookup" : text);
    if (found == answers.end() || found->second.empty()) co_return ok();
    auto result = found->second.front();
    found->second.erase(found->second.begin());
    co_return result;
  }
  static port::Result ok() { return port::Result(port::Message(R"({"provider_ids": ["1"]})")); }
  std::string all() const {
    std::string text;
    for (const auto& item : asked) text += item + " ";
    return text;
  }

  std::map<std::string, std::vector<port::Result>> answers;  // by text, in order; then ok
  std::vector<std::string> asked;
  std::vector<std::string> keys;
  std::vector<std::string> traces;
  std::optional<port::Result> when_cancelled;  // nothing: never answers then
  Duration hold{0};
  int running = 0;
  int most = 0;

 private:
  Clock& clock_;
};

class FakeChannels final : public Channels {
 public:
  asio::awaitable<std::optional<Channel>> find(Id) override {
    Channel channel(open, manifest);
    channel.grant = grant;
    channel.profile = profile;
    co_return channel;
  }
  std::optional<Id> grant;
  std::optional<Id> profile;
  bool open = true;
  std::string manifest = R"({"idempotency": "none"})";
};

class FakeEffects final : public Effects {
 public:
  std::optional<std::string> request(store::Session&, const Item& item) override {
    auto request = json::parse(item.payload);
    request["idempotency_key"] = item.idempotency_key;
    return request.dump();
  }
  std::string conversation(store::Session&, const Item& item) override { return item.lane; }
  void apply(store::Session& session, const Item& item, const Outcome& outcome) override {
    if (!outcome.moved_to.empty()) move_lane(session, item.integration, item.lane, outcome.moved_to);
  }
  void signed_out(Id integration, const port::Result&) override { out.push_back(integration); }
  std::vector<Id> out;
};

class DispatcherTest : public ::testing::TestWithParam<support::Database> {
 protected:
  DispatcherTest() { begin(); }
  ~DispatcherTest() override { end(); }

  void begin() {
    Dispatcher::Options options(clock, lossy, caller, channels, effects);
    options.jitter = [] { return 0.0; };
    dispatcher = std::make_unique<Dispatcher>(io.get_executor(), options, log::Logger::none());
    dispatcher->start();
  }
  void end() {
    bool stopped = false;
    asio::co_spawn(io, stop(stopped), asio::detached);
    run([&] { return stopped; });
    dispatcher.reset();
  }
  asio::awaitable<void> stop(bool& stopped) {
    const Duration grace(0);
    co_await dispatcher->stop(grace);
    stopped = true;
  }

  // One part of the message `message`; announced.
  Id put(const std::string& text, const std::string& lane = "a", Id integration = kBot, Id message = 0,
         int parts = 1, const std::string& kind = "private", const std::string& trace = "") {
    Item item;
    item.trace = trace;
    item.id = next_id++;
    item.integration = integration;
    item.lane = lane;
    item.kind = kind;
    if (message > 0) item.message = message;
    item.part = parts > 1 ? static_cast<int>(item.id % 10) : 0;
    item.parts = parts;
    item.idempotency_key = "k" + std::to_string(item.id);
    item.payload = json({{"text", text}}).dump();
    store->write_now([&](store::Session& session) { enqueue(session, item); });
    dispatcher->wake(item);
    return item.id;
  }
  // Runs until `done`; the time that it may take is real, the dispatcher's stands still.
  template <class F>
  ::testing::AssertionResult run(F done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return ::testing::AssertionFailure() << caller.all();
      io.restart();
      io.run_for(2ms);
    }
    return ::testing::AssertionSuccess();
  }
  // Moves time on until `done`; how far does not matter.
  template <class F>
  ::testing::AssertionResult eventually(F done) {
    return run([&] {
      if (done()) return true;
      clock.advance(100ms);
      return false;
    });
  }
  // Moves time in small steps until `done`, at most `limit`.
  template <class F>
  ::testing::AssertionResult pass(Duration limit, F done) {
    for (Duration passed{0}; passed < limit && !done(); passed += 100ms) {
      clock.advance(100ms);
      for (int i = 0; i < 5 && !done(); ++i) {
        io.restart();
        io.run_for(1ms);
      }
    }
    if (done()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << caller.all();
  }
  bool asked(std::size_t count) const { return caller.asked.size() >= count; }
  std::string state(Id item) {
    return store->read_now([&](store::Session& session) -> std::string {
      const auto row = session.query_one("select state from outbox where id = :id", {item});
      return row ? row->text(0) : "gone";
    });
  }
  ::testing::AssertionResult becomes(Id item, const std::string& wanted) {
    return run([&] { return state(item) == wanted; });
  }
  ::testing::AssertionResult is_put_off(Id item) {
    const auto written = run([&] {
      return store->read_now([&](store::Session& session) {
        return session.query_one("select not_before from outbox where id = :id", {item})->integer(0) > 0;
      });
    });
    for (int i = 0; i < 10; ++i) {  // the dispatcher hears of its commit a moment after everybody else can
      io.restart();
      io.run_for(2ms);
    }
    return written;
  }
  static std::vector<port::Result> results(std::initializer_list<port::Result> list) { return list; }
  static port::Result failing(Code code, const char* detail = "", Duration retry = Duration{0}) {
    return port::Result(code, "why", retry, port::Message(detail));
  }

  asio::io_context io;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  LossyStore lossy{*store};
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  FakeCaller caller{clock};
  FakeChannels channels;
  FakeEffects effects;
  Id next_id = 100;
  std::unique_ptr<Dispatcher> dispatcher;
};
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

// OUT-2, TG-4
TEST_P(DispatcherTest, a_limit_of_one_conversation_slows_no_other) {
  caller.answers["slow"] = results({failing(Code::rate_limited, R"({"scope": "conversation"})", 30s)});
  EXPECT_TRUE(is_put_off(put("slow", "a")));
  put("after slow", "a");
  put("other", "b");
  EXPECT_TRUE(run([&] { return asked(2); }));
  clock.advance(29s);
  put("more", "b");
  EXPECT_TRUE(run([&] { return asked(3); }));
  EXPECT_TRUE(eventually([&] { return asked(5); }));
  EXPECT_EQ(caller.all(), "send:slow send:other send:more send:slow send:after slow ");
}

// OUT-2
TEST_P(DispatcherTest, a_limit_of_one_integration_slows_no_other) {
  caller.answers["slow"] = results({failing(Code::rate_limited, R"({"scope": "integration"})", 30s)});
  EXPECT_TRUE(is_put_off(put("slow", "a")));
  put("waits", "b");
  dispatcher->wake(kBot);  // being back does not end what the provider asked for
  put("free", "c", kOther);
  EXPECT_TRUE(run([&] { return asked(2); }));
  EXPECT_TRUE(eventually([&] { return asked(4); }));
  EXPECT_EQ(caller.asked[1], "send:free");
}

// OUT-2, N16
TEST_P(DispatcherTest, a_limit_of_a_grant_slows_all_that_share_it) {
  channels.grant = 70;
  channels.profile = 71;
  for (const auto* scope : {R"({"scope": "grant"})", R"({"scope": "profile"})"}) {
    caller.asked.clear();
    caller.answers["slow"] = results({failing(Code::rate_limited, scope, 30s)});
    EXPECT_TRUE(is_put_off(put("slow", "a")));
    put("shares it", "c", kOther);
    EXPECT_FALSE(pass(20s, [&] { return asked(2); })) << scope;
    EXPECT_TRUE(eventually([&] { return asked(3); })) << scope;
  }
}

// OUT-2, N16
TEST_P(DispatcherTest, a_declared_rate_of_a_profile_is_that_of_all_together) {
  channels.profile = 71;
  channels.manifest = R"({"rates": [{"scope": "profile", "rate": 1, "per_ms": 60000, "burst": 2}]})";
  put("one", "a");
  put("two", "b", kOther);
  EXPECT_TRUE(run([&] { return asked(2); }));
  put("three", "c");
  EXPECT_FALSE(pass(50s, [&] { return asked(3); }));
  EXPECT_TRUE(eventually([&] { return asked(3); }));
}

// OUT-2
TEST_P(DispatcherTest, declared_rates_are_kept) {
  channels.manifest = R"({"rates": [{"scope": "conversation", "rate": 1, "per_ms": 1000, "burst": 2}]})";
  for (int i = 0; i < 4; ++i) put("a", "a");
  put("b", "b");
  EXPECT_TRUE(run([&] { return asked(3); }));
  EXPECT_FALSE(pass(800ms, [&] { return asked(4); }));
  EXPECT_TRUE(eventually([&] { return asked(4); }));
  EXPECT_TRUE(eventually([&] { return asked(5); }));
}

// OUT-2
TEST_P(DispatcherTest, a_rate_for_groups_leaves_other_conversations_alone) {
  channels.manifest =
      R"({"rates": [{"scope": "conversation", "kind": "group", "rate": 1, "per_ms": 60000, "burst": 1}]})";
  for (const std::string kind : {"group", "private"}) {
    for (int i = 0; i < 3; ++i) put(kind, kind, kBot, 0, 1, kind);
  }
  EXPECT_TRUE(run([&] { return asked(4); }));
  EXPECT_FALSE(pass(2s, [&] { return asked(5); }));
  EXPECT_EQ(std::count(caller.asked.begin(), caller.asked.end(), "send:group"), 1);
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

}  // namespace
}  // namespace patchbay::outbox
