// What happens to a chat on another host while an event is written into it.

#include "domain/chat/deliveries.hpp"
#include "domain/chat_world.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

class OpenChatsTest : public ChatWorld {
 protected:
  void finish(store::Session& session, Id chat) {
    routing::RoutingTable table(session, ids, clock.now());
    auto routed = table.hold_chat(chat).value();
    const auto outcome = routing::finish(routed, nullptr, routing::Reason::finished);
    table.save(routed, *outcome.step, routing::Actor("test"));
  }
  static hooks::Event event(const std::string& type, const json& data) {
    hooks::Event made;
    made.type = type;
    made.data = data.dump();
    return made;
  }
};
PB_ON_BOTH_DATABASES(OpenChatsTest);

TEST_P(OpenChatsTest, a_message_that_meets_the_end_of_its_chat_opens_another) {  // CHAT-8, CHAT-10
  apply("message.received", message(1, "one"));
  apply("message.received", message(2, "two", 0, "d"));
  const auto former = chats();
  const auto one = event("message.received", message(3, "three"));
  const auto other = event("message.received", message(4, "four", 0, "d"));
  meet(
      [&](store::Session& session) {
        finish(session, former[0].id);
        finish(session, former[1].id);
      },
      [&](store::Session& session) {
        sink.apply(session, {{kBot, &other}, {kBot, &one}});
      });
  const auto all = chats();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(messages(former[0].id).size(), 1U) << "nothing was written into what was finished";
  EXPECT_EQ(messages(former[1].id).size(), 1U);
}

TEST_P(OpenChatsTest, one_message_that_meets_the_end_of_its_chat_opens_another) {  // CHAT-8, CHAT-10
  apply("message.received", message(1, "one"));
  const auto former = chats().at(0).id;
  const auto late = event("message.received", message(2, "two"));
  meet([&](store::Session& session) { finish(session, former); },
       [&](store::Session& session) {
         sink.apply(session, {{kBot, &late}});
       });
  ASSERT_EQ(chats().size(), 2U);
  EXPECT_EQ(messages(former).size(), 1U);
}

TEST_P(OpenChatsTest, a_receipt_of_a_finished_chat_that_meets_the_reply_is_not_lost) {  // CHAT-13
  Deliveries deliveries(clock, ids, {});
  for (const bool reply_first : {true, false}) {
    const std::string conversation = reply_first ? "c" : "d";
    apply("message.received", message(1, "hello", 0, conversation));
    const auto chat = chats().back().id;
    Message sent;
    sent.id = ids.next();
    sent.chat = chat;
    sent.outgoing = true;
    sent.state = Delivery::sending;
    sent.created_at = sent.provider_at = kStart;
    outbox::Item item;
    item.integration = kBot;
    item.lane = conversation;
    item.message = sent.id;
    in_store([&](Context& context) {
      MessageTable(context).insert(sent, std::nullopt, std::nullopt, std::nullopt);
      finish(context.session, chat);
      return 0;
    });
    outbox::Outcome outcome(outbox::Outcome::Kind::sent);
    outcome.provider_ids = {"mid.1"};
    const auto receipt = event("message.status", about("mid.1", {{"state", "delivered"}}, conversation));
    const Change reply = [&](store::Session& session) { deliveries.apply(session, item, outcome); };
    const Change received = [&](store::Session& session) { sink.apply(session, {{kBot, &receipt}}); };
    meet(reply_first ? reply : received, reply_first ? received : reply);
    const auto found = in_store([&](Context& context) { return MessageTable(context).find(sent.id); });
    EXPECT_EQ(found.value().state, Delivery::delivered) << reply_first;
    EXPECT_EQ(count("message_waiting"), 0);
  }
}

}  // namespace
}  // namespace patchbay::domain::chat
