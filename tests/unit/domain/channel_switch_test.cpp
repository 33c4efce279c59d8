// Chats whose channel is switched off or on, that have no queue, or whose operator is out of service.
#include "domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

class ChannelSwitchTest : public ChatRouterTest {
 protected:
  void out_of_service(Id who) {
    access::UserChange change;
    change.active = false;
    wait(people.change_user(who, change, kAdmin));
  }
};
PB_ON_BOTH_DATABASES(ChannelSwitchTest);

TEST_P(ChannelSwitchTest, who_is_asked_for_a_chat_without_a_queue_accepts_it) {  // CHAT-16
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  write("c");
  EXPECT_EQ(state("c"), "held");
  wait(router.transfer_to_operator(chat("c"), ana, Person(0, "user:chief", true), ""));
  EXPECT_EQ(refusal(router.accept(chat("c"), ben, "user:ben")), "domain.routing.not_yours");
  wait(router.accept(chat("c"), ana, "user:ana"));
  EXPECT_EQ(state("c"), "in_progress ana");
  wait(router.hand_back(chat("c"), Person(ana, "user:ana"), ""));
  EXPECT_EQ(state("c"), "held") << "there is nobody to wait for";
  counts_are_right();
}

TEST_P(ChannelSwitchTest, a_chat_without_a_queue_that_is_missed_is_held) {  // CHAT-5
  const auto ana = operator_("ana");
  write("c");
  wait(router.transfer_to_operator(chat("c"), ana, Person(0, "user:chief", true), ""));
  clock.advance(terms().accept_within);
  look();
  EXPECT_EQ(state("c"), "held");
  counts_are_right();
}

TEST_P(ChannelSwitchTest, a_chat_that_begins_while_its_channel_is_switched_on_waits) {  // CHAT-22
  channel(true, queue_of("broadcast", {operator_("ana")}));
  write("c");
  store->write_now([](store::Session& session) {  // as one that had read the channel before
    session.exec("update chats set state = 'held', queue = null");
  });
  look();
  EXPECT_EQ(state("c"), "waiting");
  EXPECT_EQ(history("c"), "opened client; channel_on host; ");
}

TEST_P(ChannelSwitchTest, as_many_chats_as_there_are_wait_when_a_channel_is_switched_on) {  // CHAT-22
  for (int i = 0; i < 230; ++i) write(std::to_string(i));
  channel(true, queue_of("broadcast", {operator_("ana")}));
  look();
  EXPECT_EQ(state("0"), "waiting");
  EXPECT_EQ(state("229"), "waiting");
}

TEST_P(ChannelSwitchTest, switched_off_what_nobody_has_accepted_is_held) {  // CHAT-22
  const auto ana = operator_("ana");
  const auto queue = queue_of("least_busy", {ana});
  channel(true, queue);
  for (int i = 1; i <= 6; ++i) write(std::to_string(i));
  look();
  wait(router.accept(chat("1"), ana, "user:ana"));
  EXPECT_EQ(state("2"), "assigned ana");
  EXPECT_EQ(state("6"), "waiting");
  channel(false);
  look();
  EXPECT_EQ(state("1"), "in_progress ana");
  EXPECT_EQ(state("2"), "held");
  EXPECT_EQ(state("6"), "held");
  EXPECT_EQ(history("2"), "opened client; distributed host; channel_off test; ");
  counts_are_right();
  channel(true);
  look();
  EXPECT_EQ(state("2"), "assigned ana");
}

TEST_P(ChannelSwitchTest, held_chats_do_not_keep_their_queue) {  // CHAT-1, CHAT-22
  const auto queue = queue_of("broadcast", {operator_("ana")});
  channel(true, queue);
  write("c");
  channel(false);
  wait(queues.remove(queue, kAdmin));
  EXPECT_EQ(state("c"), "held");
}

TEST_P(ChannelSwitchTest, who_is_put_out_of_service_gives_back_all_his_chats) {  // CHAT-6
  const auto ana = operator_("ana");
  const auto ben = operator_("ben", false);
  channel(true, queue_of("least_busy", {ana, ben}));
  write("1");
  write("2");
  look();
  wait(router.accept(chat("1"), ana, "user:ana"));
  out_of_service(ana);
  EXPECT_EQ(refusal(router.transfer_to_operator(chat("2"), ana, Person(0, "x", true), "")), "none")
      << "he has it already";
  look();
  EXPECT_EQ(state("1"), "waiting");
  EXPECT_EQ(state("2"), "waiting");
  counts_are_right();
  EXPECT_EQ(refusal(router.transfer_to_operator(chat("1"), ana, Person(0, "x", true), "")),
            "domain.routing.not_active");
  arrive(ben);
  look();
  EXPECT_EQ(state("1"), "assigned ben");
}

}  // namespace
}  // namespace patchbay::domain::routing
