// CHAT-17: texts that operators send again and again.
#include "domain/chat/quick_replies.hpp"

#include <gmock/gmock.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/chat_world.hpp"

namespace patchbay::domain::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Expand, ReplacesKnownMacrosOnce) {
  const Macros macros{{"client", "Ana {{operator}}"}, {"operator", "Ben"}};
  EXPECT_EQ(expand("Hello {{client}}, {{operator}} here", macros), "Hello Ana {{operator}}, Ben here");
  EXPECT_EQ(expand("{{queue}} {{client", macros), "{{queue}} {{client");
  EXPECT_EQ(expand("{{{{operator}}", macros), "{{{{operator}}") << "its name is '{{operator'";
  EXPECT_EQ(expand("", macros), "");
}

class QuickRepliesTest : public ChatWorld {
 protected:
  QuickRepliesTest() {
    store->write_now([](store::Session& session) {
      session.exec(
          "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
          "identity, title, remote_state, visibility, created_at, updated_at) values (7, 'echo', '1', "
          "'Shop', "
          "'{}', 'active', '', '', '', '', '', '', 0, 0)");
      session.exec(
          "insert into queues(id, name, rule, keep_open, created_at, updated_at) values (5, 'Sales', "
          "'broadcast', 0, 0, "
          "0)");
    });
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto done = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
    io.restart();
    io.run();
    return done.get();
  }
  Id add(const std::string& name, const std::string& text, const std::string& language = "en",
         std::optional<Id> queue = {}) {
    QuickReplyChange wanted;
    wanted.name = name;
    wanted.text = text;
    wanted.language = language;
    wanted.queue = queue;
    return run(replies.create(wanted, "user:chief")).id;
  }
  std::vector<std::string> offered(Id chat) {
    std::vector<std::string> texts;
    for (const auto& reply : run(replies.for_chat(chat, "Ben"))) texts.push_back(reply.text);
    return texts;
  }
  std::vector<std::string> refused(const QuickReplyChange& wanted) {
    std::vector<std::string> paths;
    try {
      run(replies.create(wanted, "user:chief"));
    } catch (const Error& error) {
      for (const auto& one : error.diagnostics()) paths.push_back(one.path);
    }
    return paths;
  }

  QuickReplies replies{*store, clock, ids};
};
PB_ON_BOTH_DATABASES(QuickRepliesTest);

TEST_P(QuickRepliesTest, AChatIsOfferedThoseOfItsLanguageAndQueue) {
  add("b", "Hello {{client}}, {{operator}} from {{queue}}");
  add("a", "for all");
  add("c", "Здравствуйте", "ru");
  add("d", "for sales", "en", 5);
  add("e", "for nobody", "en", std::nullopt);
  apply("message.received", message(1, "hi"));
  const auto chat = chats().at(0).id;
  EXPECT_THAT(offered(chat), ElementsAre("for all", "Hello Ana, Ben from ", "for nobody"));
  store->write_now([](store::Session& session) {
    session.exec("update chats set queue = 5");
    session.exec("insert into channels(integration, active, language) values (7, 1, 'en')");
  });
  EXPECT_THAT(offered(chat), ElementsAre("for all", "Hello Ana, Ben from Sales", "for sales", "for nobody"));
  store->write_now([](store::Session& session) { session.exec("update channels set language = 'ru'"); });
  EXPECT_THAT(offered(chat), ElementsAre("Здравствуйте"));
  EXPECT_THAT(offered(1), IsEmpty());
}

TEST_P(QuickRepliesTest, WhatCannotBeIsRefusedFieldByField) {
  QuickReplyChange wanted;
  EXPECT_THAT(refused(wanted), ElementsAre("/name", "/language", "/text"));
  wanted.name = "n";
  wanted.language = "en";
  wanted.text = "Hello {{nobody}}";
  wanted.queue = std::optional<Id>(6);
  EXPECT_THAT(refused(wanted), ElementsAre("/queue", "/text"));
  add("n", "one");
  EXPECT_THROW(add("n", "two"), Error);
  EXPECT_NO_THROW(add("n", "zwei", "ru"));
}

TEST_P(QuickRepliesTest, OneIsChangedRemovedAndInTheAuditLog) {
  const auto id = add("n", "one", "en", 5);
  QuickReplyChange change;
  change.text = "two";
  change.queue = std::optional<Id>();
  const auto after = run(replies.change(id, change, "user:chief"));
  EXPECT_EQ(after.text, "two");
  EXPECT_FALSE(after.queue);
  EXPECT_EQ(after.name, "n");
  EXPECT_EQ(run(replies.list(0, 10)).size(), 1u);
  run(replies.change(id, change, "user:chief"));  // nothing new
  auto removing = replies.remove(id, "user:chief");
  auto done = boost::asio::co_spawn(io, std::move(removing), boost::asio::use_future);
  io.restart();
  io.run();
  done.get();
  EXPECT_THROW(run(replies.get(id)), Error);
  EXPECT_EQ(count("audit"), 3);
}

TEST_P(QuickRepliesTest, AreOfTheLanguageWhateverItsRegion) {
  add("hello", "Olá", "PT-br");
  add("bye", "Tchau", "pt");
  add("thanks", "Gracias", "es");
  store->write_now([](store::Session& session) {
    session.exec("insert into channels(integration, active, language) values (7, 1, 'pt-PT')");
  });
  apply("message.received", message(1, "hi"));
  EXPECT_THAT(offered(chats().at(0).id), ElementsAre("Tchau", "Olá"));
  QuickReplyChange wanted;
  wanted.name = "none";
  wanted.text = "none";
  for (const char* language : {"", "e", "english", "en-", "en_US", "en-US-Latn"}) {
    wanted.language = language;
    EXPECT_THAT(refused(wanted), ElementsAre("/language")) << language;
  }
}

}  // namespace
}  // namespace patchbay::domain::chat
