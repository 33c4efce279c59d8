// CHAT-32: what is said by itself, and what it does not change.
#include "domain/any_channel.hpp"
#include "domain/chat/chats.hpp"
#include "domain/chat/greeter.hpp"
#include "domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

// Open on weekdays from nine to five, in London; the clock stands on a Saturday.
constexpr const char* kHours =
    R"({"zone": "Europe/London", "week": {"monday": [{"from": "09:00", "to": "17:00"}]}})";

class GreetingsTest : public ChatRouterTest {
 protected:
  GreetingsTest() { ana = operator_("ana"); }
  void welcome(bool active, std::optional<Id> queue) {
    ChannelChange change;
    change.active = active;
    change.queue = queue;
    change.welcome = "Welcome";
    wait(queues.change_channel(kShop, change, kAdmin));
  }
  void away(Id queue, const char* hours = kHours) {
    QueueChange change;
    change.hours = hours;
    change.away = "We are away";
    wait(queues.change(queue, change, kAdmin));
  }
  void say_all() { wait(greeter.look()); }
  std::vector<std::string> said(const std::string& conversation) {
    return store->read_now([&](store::Session& session) {
      std::vector<std::string> all;
      for (const auto& row :
           session.query("select text from messages where chat = :chat and direction = 'out' order by id",
                         {chat(conversation)}))
        all.push_back(row.text(0));
      return all;
    });
  }
  std::int64_t unsaid() {
    return store->read_now([](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from chat_greetings where said = 0")
          ->integer(0);
    });
  }

  support::AnyChannel channels;
  support::NoCaller caller;
  chat::Chats chats{{*store, channels, caller, clock, ids}};
  chat::Greeter greeter{{io.get_executor(), clock, *store, chats, log::Logger::none()}};
  Id ana = 0;
};
PB_ON_BOTH_DATABASES(GreetingsTest);

TEST_P(GreetingsTest, a_greeting_is_no_answer) {  // CHAT-8, CHAT-32
  welcome(true, queue_of("broadcast", {ana}, 10, true));
  write("c");
  say_all();
  ASSERT_EQ(said("c"), std::vector<std::string>{"Welcome"});
  clock.advance(60min);
  look();
  EXPECT_EQ(state("c"), "waiting") << "the client waits for an answer, whatever was said by itself";
}

TEST_P(GreetingsTest, silence_is_not_counted_from_a_greeting) {  // CHAT-8, CHAT-32
  welcome(true, queue_of("broadcast", {ana}, 10));
  write("c");
  say_all();
  clock.advance(60min);
  look();
  EXPECT_EQ(state("c"), "waiting") << "a chat without an answer is not timed out";
}

TEST_P(GreetingsTest, that_a_queue_is_away_is_said_once_until_it_is_back) {  // CHAT-32
  const auto queue = queue_of("broadcast", {ana});
  away(queue);
  welcome(true, queue);
  write("c");
  write("c");
  say_all();
  EXPECT_EQ(said("c"), (std::vector<std::string>{"Welcome", "We are away"}));
  clock.advance(48h);  // Monday, a quarter past nine
  write("c");
  say_all();
  EXPECT_EQ(said("c").size(), 2U) << "open";
  clock.advance(8h);
  write("c");
  say_all();
  EXPECT_EQ(said("c").size(), 3U) << "away again";
}

TEST_P(GreetingsTest, nobody_is_told_that_we_are_away_by_who_answers_him) {  // CHAT-32
  const auto queue = queue_of("broadcast", {ana});
  welcome(true, queue);
  write("c");
  answer("c");
  away(queue);
  write("c");
  say_all();
  EXPECT_EQ(said("c"), std::vector<std::string>{"Welcome"});
}

TEST_P(GreetingsTest, a_chat_that_is_admitted_is_welcomed) {  // CHAT-22, CHAT-32
  const auto queue = queue_of("broadcast", {ana});
  write("c");
  welcome(true, queue);
  look();
  say_all();
  EXPECT_EQ(said("c"), std::vector<std::string>{"Welcome"});
}

TEST_P(GreetingsTest, hours_that_this_host_does_not_know_stop_no_message) {  // CHAT-32
  const auto queue = queue_of("broadcast", {ana});
  away(queue);
  channel(true, queue);
  store->write_now([](store::Session& session) {
    session.exec("update queues set hours = :hours", {R"({"zone": "Moon/Base", "week": {}})"});
  });
  write("c");
  EXPECT_EQ(state("c"), "waiting");
  EXPECT_EQ(unsaid(), 0);
}

TEST_P(GreetingsTest, what_cannot_be_said_now_is_said_later) {  // CHAT-32
  welcome(true, queue_of("broadcast", {ana}));
  write("c");
  channels.away = true;
  say_all();
  EXPECT_EQ(unsaid(), 1);
  channels.away = false;
  say_all();
  EXPECT_EQ(unsaid(), 0);
  EXPECT_EQ(said("c"), std::vector<std::string>{"Welcome"});
}

}  // namespace
}  // namespace patchbay::domain::routing
