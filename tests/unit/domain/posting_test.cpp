// Posting into a chat that is not what it was, and windows of conversations.
#include "domain/any_channel.hpp"
#include "domain/chat/chats.hpp"
#include "domain/chat/deliveries.hpp"
#include "domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

class PostingTest : public ChatRouterTest {
 protected:
  chat::Message post(Id chat, const std::string& text, Id user) {
    chat::Draft draft;
    draft.text = text;
    return wait(chats.post(chat, std::move(draft), "key", chat::Sender("", user, true)));
  }
  std::string refused(Id chat, const std::string& text, Id user) {
    chat::Draft draft;
    draft.text = text;
    return refusal(chats.post(chat, std::move(draft), "key", chat::Sender("", user, true)));
  }

  support::AnyChannel channels;
  support::NoCaller caller;
  chat::Chats chats{{*store, channels, caller, clock, ids}};
};
PB_ON_BOTH_DATABASES(PostingTest);

TEST_P(PostingTest, who_repeats_what_he_has_posted_is_answered_wherever_the_chat_went) {  // CHAT-20
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  channel(true, queue_of("broadcast", {ana, ben}));
  write("c");
  const auto id = chat("c");
  wait(router.accept(id, ana, "user:ana"));
  const auto posted = post(id, "hi", ana);
  wait(router.finish(id, Person(ana, "user:ana")));
  EXPECT_EQ(post(id, "hi", ana).id, posted.id);
  EXPECT_EQ(refused(id, "hi", ben), "domain.routing.not_yours");
}

TEST_P(PostingTest, a_window_is_that_of_the_conversation) {  // FB-3, WA-4
  const auto ana = operator_("ana");
  channel(true, queue_of("broadcast", {ana}));
  channels.manifest = R"({"idempotency": "none", "limits": {"window_s": 3600}})";
  write("c");
  const auto written = clock.now();
  wait(router.finish(chat("c"), Person(0, "user:chief", true)));
  clock.advance(30min);
  arrive(ana);
  hooks::Event event;  // from our side, which opens a chat in which the client has not written
  event.type = "message.received";
  event.data = json({{"conversation", {{"id", "c"}}},
                     {"from_us", true},
                     {"at", to_rfc3339(clock.now())},
                     {"message", {{"id", "ours"}, {"text", "hello"}}}})
                   .dump();
  store->write_now([&](store::Session& session) { sink.apply(session, {{kShop, &event}}); });
  wait(router.transfer_to_operator(chat("c"), ana, Person(0, "user:chief", true), ""));
  wait(router.accept(chat("c"), ana, "user:ana"));
  const auto posted = post(chat("c"), "in time", ana);
  outbox::Item item;
  item.integration = kShop;
  item.lane = "c";
  item.message = posted.id;
  item.payload = "{}";
  chat::Deliveries deliveries(clock, ids, {});
  store->write_now([&](store::Session& session) {
    const auto request = json::parse(deliveries.request(session, item).value());
    EXPECT_EQ(request.at("conversation").at("last_incoming_at"), to_rfc3339(written));
  });
  clock.advance(31min);
  chat::Draft late;
  late.text = "too late";
  EXPECT_EQ(refusal(chats.post(chat("c"), late, "", chat::Sender(""))), "domain.chat.refused /template");
}

}  // namespace
}  // namespace patchbay::domain::routing
