#include "hooks/dispatcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.hpp"
#include "hooks/events.hpp"
#include "hooks/inbox.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The whole way behind the door; made and dropped as often as a test likes, as a process would be.
struct House {
  House(store::Store& store, Loop& loop, ManualClock& clock, IdMint& mint, plugin::Caller& caller,
        EventSink& sink, Dispatcher::Options options)
      : committer(store, mint, loop.io.get_executor(), counters, log::Logger::none()),
        effects(EffectCommitter::Parts(store, sink, mint, clock), loop.io.get_executor(), counters,
                log::Logger::none()),
        dispatcher(Dispatcher::Parts(store, clock, caller, effects, counters), loop.io.get_executor(),
                   log::Logger::none(), options) {
    committer.on_stored([this](std::vector<InboxRow> rows) { dispatcher.accepted(std::move(rows)); });
    committer.on_unsure([this] { dispatcher.unsure(); });
  }

  Counters counters;
  InboxCommitter committer;
  EffectCommitter effects;
  Dispatcher dispatcher;
};

class DispatcherTest : public ::testing::TestWithParam<support::Database> {
 protected:
  ~DispatcherTest() override { close(); }

  House& open(bool start = true, Dispatcher::Options options = {}) {
    house = std::make_unique<House>(*store, loop, clock, mint, caller, sink, options);
    if (start) house->dispatcher.start();
    return *house;
  }
  void close() {
    if (!house) return;
    house->committer.stop();
    loop.run(house->dispatcher.stop());
    house.reset();
  }
  void put(std::string lane, std::string body, std::optional<std::string> key = {}, Id integration = 7) {
    ASSERT_NE(loop.run(house->committer.put(
                  make_row(integration, std::move(lane), std::move(key), std::move(body)))),
              Stored::failed);
  }
  // Lets time pass until the database shows it.
  void wait_for(const std::string& from_where, std::int64_t wanted) {
    for (int i = 0; i < 2000 && count(*store, from_where) != wanted; ++i) {
      clock.advance(250ms);
      std::this_thread::sleep_for(2ms);
    }
    ASSERT_EQ(count(*store, from_where), wanted) << from_where;
  }
  std::string reason() {
    return store->read_now([](store::Session& session) {
      return session.query_one("select reason from inbox where state = 'dead'")->text(0);
    });
  }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  IdMint mint{clock};
  FakeCaller caller;
  FakeSink sink{*store};
  std::unique_ptr<House> house;
};
PB_ON_BOTH_DATABASES(DispatcherTest);

TEST_P(DispatcherTest, takes_a_request_to_its_effect_and_ends_the_row) {
  open();
  put("chat", "hello");
  wait_for("inbox where state = 'done'", 1);
  EXPECT_THAT(sink.effects(), ElementsAre("hello"));
  EXPECT_EQ(count(*store, "event_keys where integration = 7 and key = 'hello'"), 1);
  for (int i = 0; i < 1000 && sink.commits().empty(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_THAT(sink.commits(), ElementsAre(7));
}

TEST_P(DispatcherTest,
       a_refused_event_is_a_dead_letter_that_a_replay_applies_without_the_plugin) {  // JOB-2, HOOK-3
  open();
  RefusedEvent refused;
  refused.integration = 7;
  refused.plugin = "acme";
  refused.event.type = "note.made";
  refused.event.dedupe_key = "n1";
  refused.event.data = R"({"body": "once refused"})";
  refused.reason = "no such field";
  for (int i = 0; i < 2; ++i)
    store->write_now([&](store::Session& session) { insert_refused(session, mint, refused); });
  EXPECT_EQ(count(*store, "inbox where state = 'dead'"), 1);
  EXPECT_EQ(reason(), "no such field");
  Inbox inbox(*store, clock, [this] { house->dispatcher.wake(); });
  loop.run(inbox.replay_period(7, TimePoint(), clock.now() + 1h));
  wait_for("inbox where state = 'done'", 1);
  EXPECT_TRUE(caller.asked().empty());
  EXPECT_EQ(count(*store, "event_keys where integration = 7 and key = 'n1'"), 1);
}

TEST_P(DispatcherTest, a_companion_stands_or_falls_with_the_effect) {  // JOB-2
  open();
  Event event;
  event.type = "note.made";
  event.dedupe_key = "n1";
  event.data = "{}";
  std::size_t told = 0;
  const auto good = [&told](store::Session&, const Applied& applied) { told = applied.stored; };
  EXPECT_EQ(loop.run(house->effects.emit(7, {event}, good)).stored, 1u);
  EXPECT_EQ(told, 1u);
  event.dedupe_key = "n2";
  const auto bad = [](store::Session&, const Applied&) {
    throw Error(Code::conflict, Text::verbatim("old"));
  };
  EXPECT_THROW(loop.run(house->effects.emit(7, {event}, bad)), Error);
  EXPECT_EQ(count(*store, "event_keys where key = 'n2'"), 0);
}

TEST_P(DispatcherTest, rows_of_a_page_are_new_once) {  // JOB-2
  open(false);
  const auto insert = [&] {
    std::vector<InboxRow> rows;
    for (const auto* body : {"a", "b"}) rows.push_back(make_row(7, "chat", body, body));
    return store->write_now([&](store::Session& session) { return insert_rows(session, mint, rows); });
  };
  const auto fresh = insert();
  ASSERT_EQ(fresh.size(), 2u);
  EXPECT_GT(fresh[1].id, fresh[0].id);
  EXPECT_EQ(fresh[1].body, "b");
  EXPECT_TRUE(insert().empty());
}

TEST_P(DispatcherTest, asks_the_plugin_as_the_contract_says) {
  open();
  auto row = make_row(7, "chat", {}, "raw \x01");
  row.request =
      R"({"method":"POST","path":"/hooks/echo/7/update","query":"a=\"1\"","headers":{"content-type":"text/plain"}})";
  row.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  loop.run(house->committer.put(std::move(row)));
  wait_for("inbox where state = 'new'", 0);
  const auto call = caller.last_call();
  EXPECT_EQ(call.method, "pb.webhook/1:process");
  EXPECT_EQ(call.message.blobs, std::vector<std::string>{"raw \x01"});
  EXPECT_EQ(call.trace.substr(3, 32), "0123456789abcdef0123456789abcdef");  // HOOK-5
  EXPECT_EQ(call.timeout, 10s);
  const auto request = nlohmann::json::parse(call.message.json);
  EXPECT_EQ(request["route"], "update");
  EXPECT_EQ(request["query"], "a=\"1\"");
  EXPECT_EQ(request["headers"]["content-type"], "text/plain");
  EXPECT_EQ(request["received_at"], "2027-01-15T08:00:00.000Z");
}

TEST_P(DispatcherTest, duplicates_make_one_event) {  // HOOK-2
  open();
  put("chat", "same", "k1");
  put("chat", "same", "k1");
  put("chat", "same", "k2");  // the provider said it twice under another number
  wait_for("inbox where state = 'done'", 2);
  EXPECT_THAT(sink.effects(), ElementsAre("same"));
  EXPECT_TRUE(comes_to(house->counters.events_known, 1));
}

TEST_P(DispatcherTest, keeps_order_within_a_lane_while_others_pass) {  // HOOK-2
  std::atomic<bool> held{true};
  caller.answer([&](Id id, const std::string& body) {
    if (body == "a0" && held) return port::Result(Code::deadline, "slow");
    return FakeCaller::one_event(id, body);
  });
  open();
  for (int i = 0; i < 5; ++i) {
    put("a", "a" + std::to_string(i));
    put("b", "b" + std::to_string(i));
  }
  wait_for("inbox where state = 'done'", 5);
  EXPECT_THAT(sink.effects(), ElementsAre("b0", "b1", "b2", "b3", "b4"));
  held = false;
  wait_for("inbox where state = 'done'", 10);
  EXPECT_THAT(sink.effects(), ElementsAre("b0", "b1", "b2", "b3", "b4", "a0", "a1", "a2", "a3", "a4"));
}

TEST_P(DispatcherTest, without_a_declared_order_a_slow_request_is_passed) {  // N5
  std::atomic<bool> held{true};
  caller.answer([&](Id id, const std::string& body) {
    if (body == "slow" && held) return port::Result(Code::deadline, "slow");
    return FakeCaller::one_event(id, body);
  });
  open();
  put("", "slow");
  put("", "quick");
  wait_for("inbox where state = 'done'", 1);
  EXPECT_THAT(sink.effects(), ElementsAre("quick"));
  held = false;
  wait_for("inbox where state = 'done'", 2);
  EXPECT_THAT(sink.effects(), ElementsAre("quick", "slow"));
}

TEST_P(DispatcherTest, what_is_never_in_time_becomes_a_dead_letter_with_its_reason) {  // HOOK-3
  caller.answer([](Id id, const std::string& body) {
    return body == "slow" ? port::Result(Code::deadline, "slow") : FakeCaller::one_event(id, body);
  });
  Dispatcher::Options options;
  options.longest_wait = 1s;
  open(true, options);
  put("chat", "slow");
  put("chat", "after");
  wait_for("inbox where state = 'new' and attempts > 5 and reason = 'deadline: slow'", 1);
  wait_for("inbox where state = 'dead' and attempts = 20", 1);
  wait_for("inbox where state = 'done'", 1);
  EXPECT_EQ(reason(), "deadline: slow");
}

TEST_P(DispatcherTest, events_carry_the_trace_of_their_request) {  // HOOK-5
  open();
  auto row = make_row(7, "chat", {}, "hello");
  row.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  const auto trace = row.trace;
  loop.run(house->committer.put(std::move(row)));
  wait_for("inbox where state = 'done'", 1);
  EXPECT_THAT(sink.traces(), ElementsAre(trace));
}

TEST_P(DispatcherTest, keeps_to_the_calls_that_an_integration_may_have_open) {
  Dispatcher::Options options;
  options.calls_per_integration = 3;
  caller.gathered = 3;
  open(true, options);
  std::vector<InboxRow> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(make_row(7, "lane" + std::to_string(i), {}, std::to_string(i)));
  loop.run(house->committer.put_all(std::move(rows)));
  wait_for("inbox where state = 'done'", 40);
  EXPECT_EQ(caller.most_at_once(), 3);
}

TEST_P(DispatcherTest, waits_while_the_integration_is_away_and_loses_nothing) {
  std::atomic<bool> away{true};
  caller.answer([&](Id id, const std::string& body) {
    return away ? port::Result(Code::unavailable, "no worker") : FakeCaller::one_event(id, body);
  });
  open();
  for (int i = 0; i < 50; ++i) put("lane" + std::to_string(i), std::to_string(i));
  for (int i = 0; i < 100; ++i) {
    clock.advance(1s);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(count(*store, "inbox where state = 'new' and attempts = 0"), 50);
  EXPECT_LT(caller.asked().size(), 100u);  // one call probes, not every lane
  away = false;
  house->dispatcher.ready(7);
  wait_for("inbox where state = 'done'", 50);
}

TEST_P(DispatcherTest, an_integration_that_is_away_does_not_hold_up_another) {
  caller.answer([](Id id, const std::string& body) {
    return id == 8 ? port::Result(Code::unavailable, "no worker") : FakeCaller::one_event(id, body);
  });
  open();
  put("a", "for 8", {}, 8);
  put("a", "for 7", {}, 7);
  wait_for("inbox where state = 'done' and integration = 7", 1);
}

TEST_P(DispatcherTest, poison_becomes_a_dead_letter_after_some_tries) {  // HOOK-3
  caller.answer([](Id id, const std::string& body) {
    return body == "poison" ? port::Result(Code::internal, "cannot") : FakeCaller::one_event(id, body);
  });
  open();
  put("chat", "poison");
  put("chat", "after");
  wait_for("inbox where state = 'dead' and attempts = 5", 1);
  wait_for("inbox where state = 'done'", 1);
  EXPECT_EQ(reason(), "internal: cannot");
  EXPECT_THAT(caller.asked(), ElementsAre("poison", "poison", "poison", "poison", "poison", "after"));
}

TEST_P(DispatcherTest, what_can_never_work_is_a_dead_letter_at_once) {  // HOOK-3
  caller.answer([](Id, const std::string&) { return port::Result(Code::invalid, "not for me"); });
  open();
  put("chat", "x");
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_EQ(reason(), "invalid: not for me");
  EXPECT_EQ(caller.asked().size(), 1u);
}

TEST_P(DispatcherTest, an_answer_against_the_contract_is_a_dead_letter) {
  caller.answer(
      [](Id, const std::string&) { return port::Result(port::Message(R"({"events":[{"type":"a"}]})")); });
  open();
  put("chat", "x");
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_THAT(reason(), HasSubstr("dedupe_key"));
}

TEST_P(DispatcherTest, an_effect_that_the_domain_refuses_fails_alone) {
  Dispatcher::Options options;
  open(false, options);
  put("a", "one");
  put("b", "refuse");
  put("c", "break");
  put("d", "two");
  house->dispatcher.start();
  wait_for("inbox where state = 'done'", 2);
  wait_for("inbox where state = 'dead'", 2);
  EXPECT_THAT(sink.effects(), ::testing::UnorderedElementsAre("one", "two"));
  EXPECT_EQ(count(*store, "event_keys"), 2);
}

TEST_P(DispatcherTest, effects_that_cannot_be_written_now_leave_the_row_as_it_was) {
  open();
  house->effects.stop();  // answers as when the store is away
  put("a", "x");
  for (int i = 0; i < 2000 && caller.asked().size() < 2; ++i) {
    clock.advance(250ms);
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_GE(caller.asked().size(), 2u);
  EXPECT_EQ(count(*store, "inbox where state = 'new' and attempts = 0"), 1);
}

TEST_P(DispatcherTest, what_was_left_open_by_a_crash_is_done_once) {  // bar 1
  open(false);
  house->committer.on_stored(nullptr);
  for (int i = 0; i < 200; ++i) put("lane" + std::to_string(i % 10), std::to_string(i), std::to_string(i));
  for (int i = 0; i < 5; ++i) {
    close();
    open();
    clock.advance(1s);
    std::this_thread::sleep_for(3ms);
  }
  wait_for("inbox where state = 'done'", 200);
  EXPECT_EQ(count(*store, "effects"), 200);
  EXPECT_EQ(count(*store, "event_keys"), 200);
}

TEST_P(DispatcherTest, what_comes_after_a_crash_does_not_pass_what_was_left_open) {  // bar 1
  open(false);
  house->committer.on_stored(nullptr);
  for (const auto* body : {"0", "1", "2"}) put("chat", body);
  close();
  open(false);
  put("chat", "3");
  house->dispatcher.start();
  wait_for("inbox where state = 'done'", 4);
  EXPECT_THAT(sink.effects(), ElementsAre("0", "1", "2", "3"));
}

TEST_P(DispatcherTest, what_may_have_been_committed_unheard_is_not_passed) {
  open();
  put("chat", "0");
  wait_for("inbox where state = 'done'", 1);
  InboxCommitter unheard(*store, mint, loop.io.get_executor(), house->counters, log::Logger::none());
  loop.run(unheard.put(make_row(7, "chat", {}, "1")));
  house->dispatcher.unsure();
  put("chat", "2");
  wait_for("inbox where state = 'done'", 3);
  EXPECT_THAT(sink.effects(), ElementsAre("0", "1", "2"));
}

TEST_P(DispatcherTest, a_lane_that_does_not_fit_in_memory_stays_in_order) {
  Dispatcher::Options options;
  options.rows_per_lane = 4;
  options.rows_in_memory = 6;
  open(true, options);
  std::vector<std::string> wanted;
  std::vector<InboxRow> rows;
  for (int i = 0; i < 300; ++i) {
    wanted.push_back(std::to_string(i));
    rows.push_back(make_row(7, "chat", {}, wanted.back()));
  }
  loop.run(house->committer.put_all(std::move(rows)));
  wait_for("inbox where state = 'done'", 300);
  EXPECT_EQ(sink.effects(), wanted);
}

TEST_P(DispatcherTest, the_sweep_sees_past_an_integration_that_piles_up) {
  caller.answer([](Id id, const std::string& body) {
    return id == 7 ? port::Result(Code::unavailable, "no worker") : FakeCaller::one_event(id, body);
  });
  open(false);
  house->committer.on_stored(nullptr);
  std::vector<InboxRow> rows(3000, make_row(7, "", {}, "x"));
  loop.run(house->committer.put_all(std::move(rows)));
  put("a", "for 8", {}, 8);
  house->dispatcher.start();
  wait_for("inbox where state = 'done' and integration = 8", 1);
}

TEST_P(DispatcherTest, lanes_beyond_the_room_of_an_integration_wait_for_their_turn) {
  Dispatcher::Options options;
  options.lanes_per_integration = 20;
  open(false, options);
  house->committer.on_stored(nullptr);
  std::vector<InboxRow> rows;
  for (int i = 0; i < 1500; ++i)
    rows.push_back(make_row(7, "lane" + std::to_string(i), {}, std::to_string(i)));
  loop.run(house->committer.put_all(std::move(rows)));
  put("a", "for 8", {}, 8);
  house->dispatcher.start();
  wait_for("inbox where state = 'done'", 1501);
}

TEST_P(DispatcherTest, an_integration_that_is_away_leaves_room_for_others) {
  caller.answer([](Id id, const std::string& body) {
    return id == 7 ? port::Result(Code::unavailable, "no worker") : FakeCaller::one_event(id, body);
  });
  Dispatcher::Options options;
  options.lanes_per_integration = 20;
  options.rows_in_memory = 40;
  open(true, options);
  for (int i = 0; i < 100; ++i) put("lane" + std::to_string(i), std::to_string(i));
  for (int i = 0; i < 30; ++i) put("lane" + std::to_string(i), "8-" + std::to_string(i), {}, 8);
  wait_for("inbox where state = 'done' and integration = 8", 30);
  EXPECT_EQ(count(*store, "inbox where state = 'new'"), 100);
}

TEST_P(DispatcherTest, removes_what_was_done_a_week_ago) {
  open();
  put("chat", "hello");
  wait_for("inbox where state = 'done'", 1);
  clock.advance(24h * 8);
  wait_for("inbox", 0);
  EXPECT_EQ(count(*store, "event_keys"), 1);
}

TEST_P(DispatcherTest, tidying_pauses_and_holds_up_nobody) {
  open(false);
  house->committer.on_stored(nullptr);
  std::vector<InboxRow> rows(1200, make_row(7, "", {}, "x"));
  loop.run(house->committer.put_all(std::move(rows)));
  store->write_now(
      [](store::Session& session) { session.exec("update inbox set state = 'done', finished_at = 1"); });
  clock.advance(24h * 8);
  house->dispatcher.start();
  std::this_thread::sleep_for(50ms);  // both tasks wait for the clock
  clock.advance(1h);
  for (int i = 0; i < 2000 && count(*store, "inbox") == 1200; ++i) std::this_thread::sleep_for(2ms);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(count(*store, "inbox"), 700) << "goes on after a pause";
  put("chat", "hello");
  house->dispatcher.wake();
  for (int i = 0; i < 2000 && sink.effects().empty(); ++i) std::this_thread::sleep_for(2ms);
  EXPECT_THAT(sink.effects(), ElementsAre("hello"));
  wait_for("inbox", 1);
}

TEST_P(DispatcherTest, replays_dead_letters_without_a_second_effect) {  // HOOK-3
  std::atomic<bool> fixed{false};
  caller.answer([&](Id id, const std::string& body) {
    return fixed ? FakeCaller::one_event(id, body) : port::Result(Code::unsupported, "new kind");
  });
  open();
  put("a", "x");
  put("b", "x");
  wait_for("inbox where state = 'dead'", 2);
  fixed = true;
  Inbox inbox(*store, clock, [this] { house->dispatcher.wake(); });
  EXPECT_EQ(loop.run(inbox.replay_period(7, kStart, kStart + 1s)), 2);
  wait_for("inbox where state = 'done'", 2);
  EXPECT_THAT(sink.effects(), ElementsAre("x"));
}

TEST_P(DispatcherTest, emitted_events_are_durable_and_had_once) {
  open();
  const auto emit = [&](std::string body) {
    return loop.run(house->effects.emit(7, parse_events(FakeCaller::one_event(7, body).message.json)));
  };
  EXPECT_EQ(emit("hello").stored, 1u);
  EXPECT_EQ(emit("hello").known, 1u);
  EXPECT_THAT(sink.effects(), ElementsAre("hello"));
  EXPECT_THROW(emit("refuse"), Error);
}

TEST_P(DispatcherTest, a_failure_that_passes_only_delays) {
  open();
  store->write_now([](store::Session& session) { session.script("alter table effects rename to hidden"); });
  put("a", "x");
  wait_for("inbox where attempts = 1", 1);
  store->write_now([](store::Session& session) { session.script("alter table hidden rename to effects"); });
  wait_for("inbox where state = 'done'", 1);
  EXPECT_THAT(sink.effects(), ElementsAre("x"));
}

}  // namespace
}  // namespace patchbay::hooks
