// CHAT-14: what was said is found by its words, and by whom, where and when.
#include "domain/chat/search.hpp"

#include <gmock/gmock.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/chat_world.hpp"

namespace patchbay::domain::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> words_of(const std::vector<Term>& terms) {
  std::vector<std::string> out;
  for (const auto& term : terms) out.push_back((term.whole ? "=" : "") + term.words);
  return out;
}

TEST(SearchTerms, AreCutAtSpacesAndQuotes) {
  EXPECT_THAT(words_of(terms_of("  red   car ")), ElementsAre("red", "car"));
  EXPECT_THAT(words_of(terms_of("a \"red car\" b")), ElementsAre("a", "=red car", "b"));
  EXPECT_THAT(words_of(terms_of("a\"b\"c")), ElementsAre("a", "=b", "c"));
  EXPECT_THAT(words_of(terms_of("open \"end")), ElementsAre("open", "=end"));
  EXPECT_THAT(words_of(terms_of("! -- \"?\" \"\"")), IsEmpty());
  EXPECT_THAT(words_of(terms_of("машина")), ElementsAre("машина"));
}

class SearchTest : public ChatWorld {
 protected:
  SearchTest() {
    store->write_now([](store::Session& session) {
      session.exec(
          "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
          "identity, title, remote_state, visibility, created_at, updated_at) values (7, 'echo', '1', "
          "'Shop', "
          "'{}', 'active', '', '', '', '', '', '', 0, 0)");
    });
  }
  Page<Message> page(const Wanted& wanted, const std::string& cursor = "", std::size_t limit = 100) {
    auto done = boost::asio::co_spawn(io, search.find(wanted, cursor, limit), boost::asio::use_future);
    io.restart();
    io.run();
    return done.get();
  }
  std::vector<std::string> found(const Wanted& wanted) {
    std::vector<std::string> out;
    for (const auto& message : page(wanted).items) out.push_back(message.text);
    return out;
  }
  std::vector<std::string> found(const std::string& text) {
    Wanted wanted;
    wanted.text = text;
    return found(wanted);
  }
  void say(int id, const std::string& text, const std::string& conversation = "c") {
    apply("message.received", message(id, text, id, conversation));
  }

  Search search{*store, clock, ids};
};
PB_ON_BOTH_DATABASES(SearchTest);

TEST_P(SearchTest, WordsAreFoundInAnyOrderAndAsBeginnings) {
  say(1, "Is my order 4711 on its way?");
  say(2, "I want to order a car");
  say(3, "Где мой заказ?");
  EXPECT_THAT(found("ORDER"), ElementsAre("I want to order a car", "Is my order 4711 on its way?"));
  EXPECT_THAT(found("way order"), ElementsAre("Is my order 4711 on its way?"));
  EXPECT_THAT(found("471"), ElementsAre("Is my order 4711 on its way?"));
  EXPECT_THAT(found("зака"), ElementsAre("Где мой заказ?"));
  EXPECT_THAT(found("order plane"), IsEmpty());
}

TEST_P(SearchTest, APhraseIsFoundAsItStands) {
  say(1, "a red car");
  say(2, "red is the car");
  EXPECT_THAT(found("\"red car\""), ElementsAre("a red car"));
  EXPECT_THAT(found("\"red ca\""), IsEmpty());
  EXPECT_THAT(found("red car"), UnorderedElementsAre("a red car", "red is the car"));
}

// What would be an operator of the database's query language is a word like others.
TEST_P(SearchTest, NothingInTheWordsIsAnInstruction) {
  say(1, "it's 5 * 3 AND (x) OR y: \\ z");
  for (const auto* text :
       {"it's", "AND", "(x)", "y:", "5 * 3", "x' | 'y", "NEAR(x y)", "\\ z", "z\\", "-x", "x*"})
    EXPECT_NO_THROW(found(std::string(text))) << text;
  EXPECT_EQ(found("AND (x)").size(), 1u);
  EXPECT_EQ(found("it's").size(), 1u);
  EXPECT_THAT(found("x' | 'nothing"), IsEmpty());
}

TEST_P(SearchTest, WhatWasEditedIsFoundByItsNewWords) {
  say(1, "blue");
  apply("message.edited", edit(1, "green", 5));
  EXPECT_THAT(found("blue"), IsEmpty());
  EXPECT_THAT(found("green"), ElementsAre("green"));
}

TEST_P(SearchTest, FiltersNarrowWhatIsFound) {
  say(1, "first", "a");
  say(2, "second", "b");
  Wanted wanted;
  wanted.from = clock.now() + std::chrono::seconds(2);
  EXPECT_THAT(found(wanted), ElementsAre("second"));
  wanted.to = wanted.from;
  EXPECT_THAT(found(wanted), IsEmpty()) << "the end is not included";
  Wanted of_client;
  of_client.client = chats().at(0).client;
  EXPECT_EQ(found(of_client).size(), 2u) << "both chats are of the same person";
  of_client.client = 1;
  EXPECT_THAT(found(of_client), IsEmpty());
  Wanted elsewhere;
  elsewhere.integration = kBot + 1;
  EXPECT_THAT(found(elsewhere), IsEmpty());
}

TEST_P(SearchTest, ChatsAreFoundByQueueAndByWhoAnsweredThem) {
  say(1, "mine", "a");
  say(2, "a bot's", "b");
  store->write_now([](store::Session& session) {
    session.exec("update chats set queue = 5, handled_by = 6, state = 'finished' where conversation = 'a'");
  });
  Wanted wanted;
  wanted.queue = 5;
  EXPECT_THAT(found(wanted), ElementsAre("mine"));
  wanted.queue.reset();
  wanted.owner = 6;
  EXPECT_THAT(found(wanted), ElementsAre("mine"));
}

TEST_P(SearchTest, PagesFollowEachOtherWithoutGaps) {
  for (int i = 1; i <= 5; ++i) say(i, "word " + std::to_string(i));
  Wanted wanted;
  wanted.text = "word";
  std::vector<std::string> all;
  std::string cursor;
  do {
    const auto part = page(wanted, cursor, 2);
    for (const auto& message : part.items) all.push_back(message.text);
    cursor = part.next.value_or("");
  } while (!cursor.empty());
  EXPECT_THAT(all, ElementsAre("word 5", "word 4", "word 3", "word 2", "word 1"));
}

TEST_P(SearchTest, AWishThatCannotBeIsRefused) {
  Wanted wanted;
  wanted.text = "?!";
  EXPECT_THROW(page(wanted), Error);
  wanted.text = "word";
  EXPECT_THROW(page(wanted, "no cursor"), Error);
}

}  // namespace
}  // namespace patchbay::domain::chat
