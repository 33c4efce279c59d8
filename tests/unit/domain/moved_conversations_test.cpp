// Conversations that get another id: names under the former one, and how long it leads to the present one.
#include "domain/chat/impl/delivery_table.hpp"
#include "domain/chat_world.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

class MovedConversationsTest : public ChatWorld {
 protected:
  static json named(const std::string& id, const std::string& text, const std::string& conversation,
                    const std::string& author = "a") {
    auto data = message(1, text, 0, conversation);
    data["message"]["id"] = id;
    data["author"]["id"] = author;
    return data;
  }
  void move() { apply("conversation.changed", {{"conversation", {{"id", "old"}}}, {"moved_to", "new"}}); }
  std::vector<std::string> journal() {
    return store->read_now([](store::Session& session) {
      std::vector<std::string> all;
      for (const auto& row : session.query("select entries from journal order by id")) {
        for (const auto& entry : json::parse(row.text(0))) all.push_back(entry.at("type"));
      }
      return all;
    });
  }
  bool is_told(const std::string& type) {
    const auto all = journal();
    return std::find(all.begin(), all.end(), type) != all.end();
  }
};
PB_ON_BOTH_DATABASES(MovedConversationsTest);

TEST_P(MovedConversationsTest, what_is_said_of_a_message_finds_it_under_either_id) {  // CHAT-13
  apply("message.received", named("m1", "one", "old"));
  move();
  apply("message.received", named("m2", "two", "new"));
  apply("message.deleted", about("m1", json::object(), "new"));
  apply("message.deleted", about("m2", json::object(), "old"));
  for (const auto& one : messages()) EXPECT_TRUE(one.deleted_at) << one.text;
  auto edit = named("m1", "another", "new");
  edit["edited_at"] = at(9);
  apply("message.edited", edit);
  ASSERT_EQ(messages().size(), 2U);
  EXPECT_EQ(messages()[0].text, "another");
}

TEST_P(MovedConversationsTest, an_answer_finds_what_it_answers_under_the_former_id) {  // CHAT-12
  apply("message.received", named("m1", "one", "old"));
  move();
  auto reply = named("m2", "two", "new");
  reply["message"]["reply_to"] = {{"id", "m1"}};
  apply("message.received", reply);
  const auto all = messages();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].reply_to, all[0].id);
  in_store([&](Context& context) {
    EXPECT_EQ(MessageTable(context).name_of(all[0].id, kBot, "new"), "m1");
    return 0;
  });
}

TEST_P(MovedConversationsTest, numbers_count_within_one_id) {  // TG-4
  apply("message.received", message(1, "one", 0, "old"));
  move();
  apply("message.deleted", about("1", json::object(), "new"));
  const auto one = messages().at(0);
  EXPECT_FALSE(one.deleted_at);
  in_store([&](Context& context) {
    EXPECT_FALSE(MessageTable(context).name_of(one.id, kBot, "new"));
    return 0;
  });
}

TEST_P(MovedConversationsTest, receipts_up_to_a_time_count_under_both_ids) {  // CHAT-13
  auto ours = named("m1", "one", "old");
  ours["from_us"] = true;
  apply("message.received", ours);
  move();
  apply("message.status", {{"conversation", {{"id", "new"}}}, {"up_to", at(5)}, {"state", "read"}});
  EXPECT_EQ(messages().at(0).state, Delivery::read);
}

TEST_P(MovedConversationsTest, another_client_under_the_former_id_has_a_chat_of_his_own) {  // CHAT-15
  apply("message.received", named("m1", "one", "old", "ana"));
  move();
  apply("message.received", named("m2", "two", "old", "ana"));
  ASSERT_EQ(chats().size(), 1U);
  apply("message.received", named("m3", "three", "old", "stranger"));
  const auto all = chats();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].conversation, "old");
  EXPECT_EQ(messages(all[0].id).size(), 2U);
}

TEST_P(MovedConversationsTest, a_former_id_leads_nowhere_after_a_month) {  // CHAT-15
  apply("message.received", named("m1", "one", "old", "old"));
  move();
  clock.advance(Duration(31LL * 24 * 3'600'000));
  apply("message.received", named("m2", "two", "old", "old"));
  EXPECT_EQ(chats().size(), 2U);
}

TEST_P(MovedConversationsTest, who_has_a_chat_open_is_told_what_it_shows_now) {  // CHAT-20
  apply("message.received", named("m1", "one", "new"));
  EXPECT_FALSE(is_told("chat.changed"));
  apply("message.deleted", about("m1", json::object(), "new"));
  EXPECT_TRUE(is_told("message.changed"));
  apply("conversation.changed", {{"conversation", {{"id", "new"}}}, {"reachable", false}});
  EXPECT_TRUE(is_told("chat.changed"));
}

}  // namespace
}  // namespace patchbay::domain::chat
