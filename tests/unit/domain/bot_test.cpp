// FB-4: a bot of another application has the conversation, passes it to people, and has it again when they
// are done.
#include <gmock/gmock.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "domain/chat_router_world.hpp"
#include "outbox/queue.hpp"

namespace patchbay::domain::routing {
namespace {

using ::testing::ElementsAre;

class BotTest : public ChatRouterTest {
 protected:
  BotTest() {
    ana = operator_("ana");
    queue = queue_of("broadcast", {ana});
    channel(true, queue);
  }
  void say(const std::string& id, bool by_bot, bool from_us = false,
           const std::string& at = "2026-11-21T09:20:00Z") {
    json data = {{"conversation", {{"id", "c"}, {"kind", "private"}, {"facts", {{"page", 1}}}}},
                 {"author", {{"id", "eva"}}},
                 {"at", at},
                 {"message", {{"id", id}, {"text", id}}}};
    if (by_bot) data["handled_by"] = "bot";
    if (from_us) data["from_us"] = true;
    apply("message.received", data);
  }
  void control(const std::string& holder, const std::string& at = "2026-11-21T09:20:00Z") {
    apply("conversation.control", {{"conversation", {{"id", "c"}}}, {"holder", holder}, {"at", at}});
  }
  void apply(const std::string& type, const json& data) {
    hooks::Event event;
    event.type = type;
    event.data = data.dump();
    store->write_now([&](store::Session& session) { sink.apply(session, {{kShop, &event}}); });
  }
  // The newest chat: its id and stage.
  std::pair<Id, std::string> chat() {
    return store->read_now([](store::Session& session) {
      const auto row = session.query_one("select id, state from chats order by id desc limit 1");
      return std::pair(row->integer(0), row->text(1));
    });
  }
  std::vector<std::string> to_release() {
    return store->read_now([](store::Session& session) {
      std::vector<std::string> out;
      for (const auto& row : session.query("select payload from outbox where verb = 'release' order by id"))
        out.push_back(row.text(0));
      return out;
    });
  }

  Id ana = 0;
  Id queue = 0;
};
PB_ON_BOTH_DATABASES(BotTest);

TEST_P(BotTest, WhatABotHasIsForNobodyUntilItPassesIt) {
  say("1", true);
  say("2", true, true);
  EXPECT_EQ(chat().second, "with_bot");
  EXPECT_TRUE(wait(router.desk(ana)).offered.empty());
  control("us");
  EXPECT_EQ(chat().second, "waiting");
  EXPECT_EQ(wait(router.desk(ana)).offered.size(), 1u);
}

TEST_P(BotTest, FinishedTheConversationGoesBackToIt) {
  say("1", true);
  control("us");
  const auto id = chat().first;
  wait(router.accept(id, ana, "user:ana"));
  wait(router.finish(id, Person(ana, "user:ana")));
  wait(router.finish(id, Person(ana, "user:ana")));
  const auto released = to_release();
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(json::parse(released.front()),
            json({{"conversation", {{"id", "c"}, {"kind", "private"}, {"facts", {{"page", 1}}}}}}));
  say("2", true);
  EXPECT_NE(chat().first, id);
  EXPECT_EQ(chat().second, "with_bot");
}

TEST_P(BotTest, WhatNoBotHadGoesNowhere) {
  say("1", false);
  const auto id = chat().first;
  wait(router.accept(id, ana, "user:ana"));
  wait(router.finish(id, Person(ana, "user:ana")));
  EXPECT_TRUE(to_release().empty());
}

TEST_P(BotTest, WhatABotPassedBeforeItsClientWroteGoesBackToIt) {
  control("us");
  say("1", false);
  const auto id = chat().first;
  wait(router.accept(id, ana, "user:ana"));
  wait(router.finish(id, Person(ana, "user:ana")));
  EXPECT_EQ(to_release().size(), 1u);
}

TEST_P(BotTest, WhatIsFinishedWhileABotHasItIsNotGivenBack) {
  say("1", true);
  wait(router.finish(chat().first, Person(ana, "user:ana", true)));
  EXPECT_TRUE(to_release().empty());
}

TEST_P(BotTest, ABotTakesWhatNobodyHasAcceptedAndNothingElse) {
  say("1", false);
  control("bot");
  EXPECT_EQ(chat().second, "with_bot");
  control("us");
  wait(router.accept(chat().first, ana, "user:ana"));
  control("bot");
  EXPECT_EQ(chat().second, "in_progress");
  EXPECT_EQ(wait(router.desk(ana)).own.size(), 1u);
}

TEST_P(BotTest, MessagesTellWhoHasTheConversationWhereItsControlWasLost) {
  say("1", true);
  say("2", false);
  EXPECT_EQ(chat().second, "waiting") << "control lapsed";
  say("3", true);
  EXPECT_EQ(chat().second, "with_bot");
  say("4", false, true);
  EXPECT_EQ(chat().second, "with_bot") << "our side's own words say nothing of it";
}

// CHAT-13
TEST_P(BotTest, WhatABotWasToldBeforeItPassedTakesNothingBack) {
  say("1", true);
  control("us", "2026-11-21T09:20:05Z");
  say("2", true, false, "2026-11-21T09:20:04Z");
  say("3", true, true, "2026-11-21T09:20:04Z");
  EXPECT_EQ(chat().second, "waiting");
  say("4", true, false, "2026-11-21T09:20:06Z");
  EXPECT_EQ(chat().second, "with_bot") << "it has taken it again";
  control("us", "2026-11-21T09:20:05.500Z");
  EXPECT_EQ(chat().second, "with_bot") << "told before that";
}

// CHAT-13
TEST_P(BotTest, WhatIsPassedBeforeItsFirstMessageIsKnownIsDistributedWithIt) {
  control("us", "2026-11-21T09:20:05Z");
  say("1", true, false, "2026-11-21T09:20:04Z");
  const auto [id, stage] = chat();
  EXPECT_EQ(stage, "waiting");
  wait(router.accept(id, ana, "user:ana"));
  wait(router.finish(id, Person(ana, "user:ana")));
  EXPECT_EQ(to_release().size(), 1u);
  say("2", true, false, "2026-11-21T09:20:03Z");
  EXPECT_EQ(chat().second, "with_bot") << "it has been given back since";
}

// CHAT-13
TEST_P(BotTest, OfTwoChangesOfControlTheLaterOneHolds) {
  say("1", true);
  control("bot", "2026-11-21T09:20:09Z");
  control("us", "2026-11-21T09:20:05Z");
  EXPECT_EQ(chat().second, "with_bot");
  say("2", false, false, "2026-11-21T09:20:08Z");
  EXPECT_EQ(chat().second, "with_bot") << "written while people had it";
}

TEST_P(BotTest, WhatOurSideSaysChangesNothingWheneverItIsTold) {
  say("1", true);
  control("us", "2026-11-21T09:20:05Z");
  say("2", true, true, "2026-11-21T09:20:06Z");
  EXPECT_EQ(chat().second, "waiting") << "the bot's last words, sent after it had passed control";
}

TEST_P(BotTest, AButtonThatIsPressedInABotsConversationIsForTheBot) {
  say("1", true);
  apply("button.pressed", {{"conversation", {{"id", "c"}}},
                           {"author", {{"id", "eva"}}},
                           {"handled_by", "bot"},
                           {"press_id", "p"},
                           {"data", "d"}});
  EXPECT_EQ(chat().second, "with_bot");
}

TEST_P(BotTest, WhoAsksTheBotForPeopleWaitsAlsoWhereNothingIsKnownOfHim) {
  control("us", "2026-11-21T09:20:05Z");
  EXPECT_EQ(chat().second, "waiting");
  say("1", false, false, "2026-11-21T09:20:06Z");
  const auto id = chat().first;
  wait(router.accept(id, ana, "user:ana"));
  wait(router.finish(id, Person(ana, "user:ana")));
  EXPECT_EQ(to_release().size(), 1u);
  control("us", "2026-11-21T09:20:05Z");
  EXPECT_EQ(chat().first, id) << "told late: that was answered";
}

TEST_P(BotTest, WithItsChannelOffWhatABotPassesIsHeld) {
  say("1", true);
  ChannelChange off;
  off.active = false;
  wait(queues.change_channel(kShop, off, kAdmin));
  control("us");
  EXPECT_EQ(chat().second, "held");
}

}  // namespace
}  // namespace patchbay::domain::routing
