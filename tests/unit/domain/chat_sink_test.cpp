#include "domain/chat/chat_sink.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "base/error.hpp"
#include "domain/chat_world.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

class ChatSinkTest : public ChatWorld {};
PB_ON_BOTH_DATABASES(ChatSinkTest);

TEST_P(ChatSinkTest, a_message_opens_a_chat_with_its_client) {
  apply("message.received", message(1, "hello"));
  const auto chat = chats().at(0);
  EXPECT_EQ(chat.title, "Ana");
  EXPECT_EQ(chat.last_message_at, kStart);
  const auto got = messages().at(0);
  EXPECT_EQ(got.text, "hello");
  EXPECT_EQ(got.provider_id, "1");
  EXPECT_EQ(got.state, Delivery::received);
  EXPECT_EQ(got.author->name, "Ana");
  EXPECT_EQ(chat.client, got.author->id);
}

// HOOK-5
TEST_P(ChatSinkTest, message_and_acknowledgement_carry_the_trace_of_their_request) {
  hooks::Event event;
  event.type = "button.pressed";
  event.data = json({{"conversation", {{"id", "c"}}},
                     {"author", {{"id", "a"}}},
                     {"press_id", "p1"},
                     {"data", "deal:1"},
                     {"title", "Won"},
                     {"message_id", "400"},
                     {"at", at(0)}})
                   .dump();
  event.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  store->write_now([&](store::Session& session) { sink.apply(session, {{kBot, &event}}); });
  EXPECT_EQ(count("messages where trace = '" + event.trace + "'"), 1);
  EXPECT_EQ(count("outbox where trace like '" + event.trace.substr(0, 35) + "%'"), 1);
}

// CHAT-13
TEST_P(ChatSinkTest, duplicates_make_one_message) {
  for (int i = 0; i < 5; ++i) apply("message.received", message(1, "hello"));
  EXPECT_EQ(messages().size(), 1u);
  EXPECT_EQ(count("message_edits"), 0);
}

// CHAT-13
TEST_P(ChatSinkTest, messages_sort_by_time_and_sequence_not_by_arrival) {
  apply("message.received", message(3, "third", 1));
  apply("message.received", message(2, "second"));
  apply("message.received", message(1, "first"));
  std::string order;
  for (const auto& got : messages()) order += got.text + " ";
  EXPECT_EQ(order, "first second third ");
}

TEST_P(ChatSinkTest, the_same_id_in_another_conversation_or_integration_is_another_message) {
  apply("message.received", message(1, "one"));
  apply("message.received", message(1, "two", 0, "d"));
  apply("message.received", message(1, "three"), "", 8);
  EXPECT_EQ(count("messages"), 3);
  EXPECT_EQ(chats().size(), 2u);
}

// CHAT-12
TEST_P(ChatSinkTest, an_edit_keeps_what_was_there) {
  apply("message.received", message(1, "helo"));
  apply("message.edited", edit(1, "hello", 5));
  const auto got = messages().at(0);
  EXPECT_EQ(got.text, "hello");
  EXPECT_EQ(got.edited_at, kStart + 5000);
  EXPECT_EQ(count("message_edits where text = 'helo'"), 1);
}

// CHAT-13
TEST_P(ChatSinkTest, an_edit_before_its_message_becomes_the_message) {
  apply("message.edited", edit(1, "hello", 5));
  apply("message.received", message(1, "helo"));
  apply("message.received", message(1, "helo"));
  ASSERT_EQ(messages().size(), 1u);
  EXPECT_EQ(messages().at(0).text, "hello");
  EXPECT_EQ(count("message_edits where text = 'helo'"), 1);
}

// CHAT-13
TEST_P(ChatSinkTest, the_latest_edit_stands_whatever_order_they_come_in) {
  apply("message.received", message(1, "one"));
  apply("message.edited", edit(1, "three", 9));
  apply("message.edited", edit(1, "two", 5));
  EXPECT_EQ(messages().at(0).text, "three");
  EXPECT_EQ(count("message_edits"), 2);
}

// Providers tell of changes that nobody sees.
TEST_P(ChatSinkTest, an_edit_that_shows_nothing_new_is_none) {
  apply("message.received", message(1, "hello"));
  apply("message.edited", edit(1, "hello", 5));
  apply("message.received", picture(2, "look"), "album");
  auto same = picture(2, "look");
  same["edited_at"] = at(5);
  apply("message.edited", same, "album");
  for (const auto& got : messages()) EXPECT_FALSE(got.edited_at) << got.text;
  EXPECT_EQ(count("message_edits"), 0);
  apply("message.edited", edit(1, "older", 3));  // the invisible one stands all the same
  EXPECT_EQ(messages().at(0).text, "hello");
}

TEST_P(ChatSinkTest, an_edit_may_bring_another_file) {
  apply("message.received", picture(1, "a"));
  auto changed = picture(1, "b");
  changed["edited_at"] = at(5);
  changed["message"]["attachments"][0]["file"]["f"] = 99;
  apply("message.edited", changed);
  const auto got = messages().at(0);
  EXPECT_EQ(got.attachments.size(), 1u);
  EXPECT_EQ(got.text, "b");
  EXPECT_EQ(count("message_attachments"), 2);
}

TEST_P(ChatSinkTest, a_deletion_marks_the_message_and_keeps_its_words) {
  apply("message.received", message(1, "hello"));
  apply("message.deleted", about("1"));
  EXPECT_EQ(messages().at(0).deleted_at, kStart);
  EXPECT_EQ(messages().at(0).text, "hello");
}

// CHAT-13
TEST_P(ChatSinkTest, a_deletion_waits_a_day_for_its_message) {
  apply("message.deleted", about("1"));
  apply("message.deleted", about("2"));
  clock.advance(std::chrono::hours(23));
  apply("message.received", message(1, "hello"));
  EXPECT_TRUE(messages().at(0).deleted_at);
  clock.advance(std::chrono::hours(2));
  apply("message.received", message(2, "hello"));
  EXPECT_FALSE(messages().at(1).deleted_at);
  apply("message.deleted", about("3"));
  EXPECT_EQ(count("message_waiting"), 1) << "what has waited too long goes";
}

// TG-2, N12
TEST_P(ChatSinkTest, an_album_in_any_order_is_one_message) {
  std::vector<int> order(10);
  std::iota(order.begin(), order.end(), 1);
  std::mt19937 random(3);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    const auto conversation = "album " + std::to_string(round);
    for (const int id : order) {
      apply("message.received", picture(id, id == 4 ? "caption" : "", conversation), "group 1");
      apply("message.received", picture(id, id == 4 ? "caption" : "", conversation), "group 1");
    }
    const auto got = messages(chats().back().id);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].text, "caption");
    EXPECT_EQ(got[0].provider_id, "1");
    ASSERT_EQ(got[0].attachments.size(), 10u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(got[0].attachments[i].name, std::to_string(i + 1));
  }
}

// N12
TEST_P(ChatSinkTest, captions_of_several_parts_are_all_kept_and_edited_apart) {
  apply("message.received", picture(2, "two"), "g");
  apply("message.received", picture(1, "one"), "g");
  EXPECT_EQ(messages().at(0).text, "one\ntwo");
  auto changed = picture(2, "zwei");
  changed["edited_at"] = at(5);
  apply("message.edited", changed, "g");
  EXPECT_EQ(messages().at(0).text, "one\nzwei");
  apply("message.deleted", about("1"));
  EXPECT_EQ(messages().at(0).text, "zwei");
  EXPECT_EQ(messages().at(0).attachments.size(), 1u);
  EXPECT_FALSE(messages().at(0).deleted_at);
}

// Bar 7
TEST_P(ChatSinkTest, a_thousand_albums_of_new_clients_are_a_thousand_chats) {
  for (int client = 0; client < 1000; ++client) {
    const auto conversation = "c" + std::to_string(client);
    store->write_now([&](store::Session& session) {
      for (const int id : {2, 1}) {
        hooks::Event event;
        event.type = "message.received";
        event.data = picture(id, "", conversation).dump();
        event.part_of = hooks::PartOf{"g", 1000};
        sink.apply(session, {{kBot, &event}});
      }
    });
  }
  EXPECT_EQ(count("chats"), 1000);
  EXPECT_EQ(count("messages"), 1000);
  EXPECT_EQ(count("message_attachments"), 2000);
}

// TG-2
TEST_P(ChatSinkTest, a_press_is_an_incoming_message_and_each_is_acknowledged) {
  json press = {{"conversation", {{"id", "c"}}},
                {"author", {{"id", "a"}}},
                {"press_id", "p1"},
                {"id", "400:a:deal:1"},
                {"data", "deal:1"},
                {"title", "Won"},
                {"message_id", "400"},
                {"at", at(0)}};
  apply("button.pressed", press);
  press["press_id"] = "p2";  // the app repeats it: another spinning button, the same message
  apply("button.pressed", press);
  ASSERT_EQ(messages().size(), 1u);
  const auto got = messages().at(0);
  EXPECT_EQ(got.text, "Won");
  EXPECT_EQ(json::parse(got.content)["button"]["data"], "deal:1");
  EXPECT_FALSE(got.provider_id);
  EXPECT_EQ(count("outbox where verb = 'acknowledge' and lane = 'press:p1'"), 1);
  EXPECT_EQ(count("outbox where verb = 'acknowledge' and lane = 'press:p2'"), 1);
}

TEST_P(ChatSinkTest, a_reply_finds_its_message_even_when_that_comes_later) {
  auto reply = message(2, "yes");
  reply["message"]["reply_to"] = {{"id", "1"}};
  apply("message.received", reply);
  EXPECT_FALSE(messages().at(0).reply_to);
  apply("message.received", message(1, "ready?"));
  EXPECT_EQ(messages().at(1).reply_to, messages().at(0).id);
}

// TG-4
TEST_P(ChatSinkTest, a_conversation_that_moves_keeps_its_chat) {
  apply("message.received", message(1, "before", 0, "old"));
  apply("conversation.changed", {{"conversation", {{"id", "old"}}}, {"moved_to", "new"}});
  apply("message.received", message(1, "after", 1, "new"));
  apply("message.received", message(2, "late", 2, "old"));
  ASSERT_EQ(chats().size(), 1u);
  EXPECT_EQ(chats().at(0).conversation, "new");
  EXPECT_EQ(messages().size(), 3u);
}

// TG-4
TEST_P(ChatSinkTest, chats_of_both_ids_become_one) {
  apply("message.received", message(1, "before", 0, "old"));
  apply("message.received", message(1, "after", 1, "new"));
  apply("conversation.changed", {{"conversation", {{"id", "old"}}}, {"moved_to", "new"}});
  const auto all = chats();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].merged_into, all[0].id);
  EXPECT_EQ(all[1].state, "finished");
  EXPECT_EQ(messages(all[0].id).size(), 2u);
  apply("message.received", message(2, "more", 2, "new"));
  EXPECT_EQ(messages(all[0].id).size(), 3u);
}

TEST_P(ChatSinkTest, a_blocked_chat_is_reachable_again_when_the_client_writes) {
  apply("message.received", message(1, "hello"));
  apply("conversation.changed",
        {{"conversation", {{"id", "c"}}}, {"reachable", false}, {"reason", "blocked"}});
  EXPECT_FALSE(chats().at(0).reachable);
  EXPECT_EQ(chats().at(0).reason, "blocked");
  apply("message.received", message(2, "back"));
  EXPECT_TRUE(chats().at(0).reachable);
  EXPECT_FALSE(chats().at(0).reason);
}

TEST_P(ChatSinkTest, members_who_go_on_writing_do_not_make_a_group_reachable) {
  auto said = message(1, "hello");
  said["conversation"]["kind"] = "group";
  apply("message.received", said);
  apply("conversation.changed", {{"conversation", {{"id", "c"}, {"kind", "group"}}}, {"reachable", false}});
  said["message"]["id"] = "2";
  apply("message.received", said);
  EXPECT_EQ(messages().size(), 2u);
  EXPECT_FALSE(chats().at(0).reachable);
}

// FB-3
TEST_P(ChatSinkTest, what_others_wrote_from_our_side_is_an_outgoing_message) {
  auto ours = message(2, "from the inbox", 1);
  ours["author"] = {{"id", "page:1"}, {"name", "Page inbox"}};
  ours["from_us"] = true;
  apply("message.received", message(1, "hello"));
  apply("message.received", ours);
  apply("message.received", ours);
  apply("message.status", about("2", {{"state", "delivered"}}));
  const auto all = messages();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[1].outgoing);
  EXPECT_EQ(all[1].state, Delivery::delivered);
  EXPECT_EQ(all[1].author->name, "Page inbox");
  EXPECT_NE(chats().at(0).client, all[1].author->id) << "the client of the chat is who wrote to us";
}

TEST_P(ChatSinkTest, unusable_data_is_refused_as_invalid) {
  EXPECT_THROW(apply("message.received", json::object()), Error);
  EXPECT_EQ(count("chats"), 0);
}

}  // namespace
}  // namespace patchbay::domain::chat
