#include <future>

#include "domain/chat_router_world.hpp"
#include "domain/notifications/notifications.hpp"

namespace patchbay::domain::routing {
namespace {

PB_ON_BOTH_DATABASES(ChatRouterTest);

TEST_P(ChatRouterTest, a_new_chat_is_offered_to_all_and_the_first_to_accept_has_it) {  // CHAT-3, CHAT-11
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  channel(true, queue_of("broadcast", {ana, ben}));
  write("c");
  EXPECT_EQ(state("c"), "waiting");
  ASSERT_EQ(wait(router.desk(ana)).offered.size(), 1U);
  ASSERT_EQ(wait(router.desk(ben)).offered.size(), 1U);
  wait(router.accept(chat("c"), ben, "user:ben"));
  EXPECT_EQ(state("c"), "in_progress ben");
  EXPECT_TRUE(wait(router.desk(ana)).offered.empty());
  EXPECT_EQ(wait(router.desk(ben)).own.size(), 1U);
  EXPECT_EQ(refusal(router.accept(chat("c"), ana, "user:ana")), "domain.routing.taken");
  EXPECT_EQ(refusal(router.accept(chat("c"), ben, "user:ben")), "none") << "once more is none the worse";
  EXPECT_EQ(history("c"), "opened client; accepted user:ben; ");
  counts_are_right();
}

TEST_P(ChatRouterTest, of_many_who_accept_at_once_one_has_it) {  // CHAT-3
  std::vector<Id> all;
  for (int i = 0; i < 8; ++i) all.push_back(operator_("operator-" + std::to_string(i)));
  channel(true, queue_of("broadcast", all));
  for (int round = 0; round < 5; ++round) {
    const auto conversation = std::to_string(round);
    write(conversation);
    const auto id = chat(conversation);
    std::vector<std::future<std::string>> tries;
    for (const auto who : all)
      tries.push_back(
          std::async(std::launch::async, [&, who] { return refusal(router.accept(id, who, "x")); }));
    int won = 0;
    for (auto& one : tries) {
      const auto outcome = one.get();
      won += outcome == "none";
      EXPECT_TRUE(outcome == "none" || outcome == "domain.routing.taken") << outcome;
    }
    EXPECT_EQ(won, 1);
  }
  counts_are_right();
}

TEST_P(ChatRouterTest, chats_go_oldest_first_to_who_is_least_busy) {  // CHAT-4, CHAT-7, CHAT-9
  channel(true, queue_of("least_busy", {operator_("ana"), operator_("ben")}));
  for (int i = 1; i <= 11; ++i) write(std::to_string(i));
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  EXPECT_EQ(state("2"), "assigned ben");
  EXPECT_EQ(state("10"), "assigned ben");
  EXPECT_EQ(state("11"), "waiting") << "both have five";
  counts_are_right();
  const auto ana = wait(router.desk(0)).own;
  EXPECT_TRUE(ana.empty());
}

TEST_P(ChatRouterTest,
       a_missed_chat_goes_to_the_next_and_its_operator_gets_none_until_he_is_back) {  // CHAT-5
  const auto ana = operator_("ana");
  const auto ben = operator_("ben", false);
  channel(true, queue_of("least_busy", {ana, ben}));
  write("1");
  write("2");
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  clock.advance(terms().accept_within - 2ms);
  wait(router.be_present(ana));
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  clock.advance(2ms);
  look();
  EXPECT_EQ(state("1"), "waiting") << "nobody is left";
  EXPECT_EQ(state("2"), "waiting") << "what else he had not accepted";
  EXPECT_FALSE(wait(router.desk(ana)).available);
  const auto told = wait(notifications::Notifications(*store).list(ana, true, 0, 10));  // REC-5
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].kind, "operator.inactive");
  arrive(ben);
  look();
  EXPECT_EQ(state("1"), "assigned ben");
  EXPECT_EQ(history("1"), "opened client; distributed host; missed host; distributed host; ");
  counts_are_right();
}

TEST_P(ChatRouterTest, who_is_gone_gives_back_what_he_has_not_accepted) {  // CHAT-6
  const auto ana = operator_("ana");
  channel(true, queue_of("least_busy", {ana}));
  write("1");
  write("2");
  look();
  wait(router.accept(chat("1"), ana, "user:ana"));
  clock.advance(Router::kPresence);
  look();
  EXPECT_EQ(state("1"), "in_progress ana");
  EXPECT_EQ(state("2"), "waiting");
  EXPECT_FALSE(wait(router.desk(ana)).present);
  wait(router.be_present(ana));
  look();
  EXPECT_EQ(state("2"), "assigned ana");
  wait(router.set_available(ana, false));
  EXPECT_EQ(state("2"), "waiting") << "at once";
  wait(router.set_available(ana, true));
  look();
  wait(router.be_absent(ana));
  EXPECT_EQ(state("2"), "waiting");
  counts_are_right();
}

TEST_P(ChatRouterTest, a_silent_chat_is_finished_and_its_client_begins_another) {  // CHAT-8
  const auto ana = operator_("ana");
  channel(true, queue_of("broadcast", {ana}, 10));
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  answer("c");
  clock.advance(10min - 1ms);
  look();
  EXPECT_EQ(state("c"), "in_progress ana");
  clock.advance(1ms);
  look();
  EXPECT_EQ(state("c"), "finished");
  EXPECT_EQ(history("c"), "opened client; accepted user:ana; timed_out host; ");
  const auto former = chat("c");
  write("c");
  EXPECT_NE(chat("c"), former);
  EXPECT_EQ(state("c"), "waiting");
  counts_are_right();
}

TEST_P(ChatRouterTest, a_queue_can_keep_chats_whose_client_waits) {  // CHAT-8
  const auto ana = operator_("ana");
  channel(true, queue_of("broadcast", {ana}, 10, true));
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  answer("c");
  write("c");
  clock.advance(24h);
  look();
  EXPECT_EQ(state("c"), "in_progress ana");
  answer("c");
  clock.advance(10min);
  look();
  EXPECT_EQ(state("c"), "finished");
}

TEST_P(ChatRouterTest, a_queue_of_a_later_release_stops_no_other) {
  const auto ana = operator_("ana");
  const auto ours = queue_of("broadcast", {ana}, 10);
  channel(true, queue_of("least_busy", {ana}, 10));
  write("theirs");
  answer("theirs");
  channel(true, ours);
  write("ours");
  answer("ours");
  store->write_now([](store::Session& session) {
    session.exec("update queues set rule = 'of_a_later_release' where rule = 'least_busy'");
  });
  clock.advance(10min);
  look();
  EXPECT_EQ(state("ours"), "finished");
  EXPECT_EQ(state("theirs"), "waiting");
}

TEST_P(ChatRouterTest, chats_are_handed_on_with_a_note) {  // CHAT-16
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  const auto first = queue_of("broadcast", {ana});
  const auto second = queue_of("least_busy", {ben});
  channel(true, first);
  write("c");
  const auto id = chat("c");
  wait(router.accept(id, ana, "user:ana"));
  EXPECT_EQ(refusal(router.transfer_to_queue(id, second, Person(ben, "user:ben"), "")),
            "domain.routing.not_yours");
  EXPECT_EQ(refusal(router.transfer_to_queue(id, 1, Person(ana, "user:ana"), "")), "domain.routing.no_queue");
  EXPECT_EQ(refusal(router.transfer_to_operator(id, 1, Person(ana, "user:ana"), "")),
            "domain.routing.no_operator");
  wait(router.transfer_to_queue(id, second, Person(ana, "user:ana"), "speaks Portuguese"));
  look();
  EXPECT_EQ(state("c"), "assigned ben");
  wait(router.transfer_to_operator(id, ana, Person(ben, "user:ben"), "you know her"));
  EXPECT_EQ(state("c"), "assigned ana");
  wait(router.accept(id, ana, "user:ana"));
  wait(router.hand_back(id, Person(ana, "user:ana"), ""));
  EXPECT_EQ(state("c"), "waiting");
  wait(router.finish(id, Person(0, "user:chief", true)));
  EXPECT_EQ(state("c"), "finished");
  EXPECT_EQ(history("c"),
            "opened client; accepted user:ana; transferred user:ana \"speaks Portuguese\"; distributed host; "
            "transferred "
            "user:ben \"you know her\"; accepted user:ana; handed_back user:ana; finished user:chief; ");
  counts_are_right();
}

TEST_P(ChatRouterTest,
       a_channel_that_is_off_keeps_its_chats_and_gives_the_recent_ones_when_it_is_on) {  // CHAT-22
  const auto ana = operator_("ana");
  const auto queue = queue_of("broadcast", {ana});
  write("old");
  clock.advance(24h);
  write("recent");
  arrive(ana);
  EXPECT_EQ(state("recent"), "held");
  EXPECT_TRUE(wait(router.desk(ana)).offered.empty());
  channel(true, queue);
  look();
  EXPECT_EQ(state("recent"), "waiting");
  EXPECT_EQ(state("old"), "held") << "is missed";
  write("old");
  EXPECT_EQ(state("old"), "waiting") << "its client is back";
  channel(false);
  write("new");
  EXPECT_EQ(state("new"), "held");
  EXPECT_EQ(state("recent"), "held") << "what nobody has accepted";
}

TEST_P(ChatRouterTest, roles_serve_queues_with_all_below_them) {  // CHAT-2
  access::RoleChange wanted;
  wanted.name = "Support";
  const auto support = wait(people.create_role(wanted, kAdmin)).id;
  wanted.name = "Night shift";
  wanted.parent = support;
  const auto night = wait(people.create_role(wanted, kAdmin)).id;
  const auto ana = operator_("ana");
  channel(true, queue_of("least_busy", {support}));
  write("c");
  look();
  EXPECT_EQ(state("c"), "waiting");
  wait(people.add_member(night, ana, kAdmin));
  look();
  EXPECT_EQ(state("c"), "assigned ana") << "without restart";
}

TEST_P(ChatRouterTest, a_queue_in_use_cannot_be_removed) {  // CHAT-1
  const auto ana = operator_("ana");
  const auto queue = queue_of("broadcast", {ana});
  channel(true, queue);
  EXPECT_EQ(refusal(queues.remove(queue, kAdmin)), "domain.routing.queue_used");
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  channel(false);
  EXPECT_EQ(refusal(queues.remove(queue, kAdmin)), "domain.routing.queue_open");
  wait(router.finish(chat("c"), Person(0, "user:chief", true)));
  wait(queues.remove(queue, kAdmin));
  EXPECT_EQ(refusal(queues.get(queue)), "domain.routing.no_queue");
  EXPECT_FALSE(wait(queues.channel(kShop)).queue);
}

TEST_P(ChatRouterTest, what_is_wrong_with_a_queue_is_said_field_by_field) {
  QueueChange wanted;
  wanted.name = " ";
  wanted.rule = "random";
  wanted.idle_minutes = -1;
  wanted.operators = std::vector<Id>{1};
  EXPECT_EQ(refusal(queues.create(wanted, kAdmin)), "domain.refused /name /rule /idle_minutes /operators/0");
  queue_of("broadcast", {});
  wanted = {};
  wanted.name = "broadcast";
  EXPECT_EQ(refusal(queues.create(wanted, kAdmin)), "domain.routing.queue_taken");
  ChannelChange change;
  change.active = true;
  EXPECT_EQ(refusal(queues.change_channel(kShop, change, kAdmin)), "domain.refused /queue");
}

TEST_P(ChatRouterTest, a_role_that_is_removed_serves_no_queue) {  // CHAT-2
  access::RoleChange wanted;
  wanted.name = "Support";
  const auto support = wait(people.create_role(wanted, kAdmin)).id;
  const auto queue = queue_of("broadcast", {support});
  wait(people.remove_role(support, kAdmin));
  EXPECT_TRUE(wait(queues.get(queue)).operators.empty());
}

TEST_P(ChatRouterTest, changes_of_one_queue_at_once_keep_each_other) {  // CHAT-1
  const auto queue = queue_of("broadcast", {});
  for (int round = 1; round <= 10; ++round) {
    QueueChange name;
    name.name = "Queue " + std::to_string(round);
    QueueChange idle;
    idle.idle_minutes = round;
    auto other = std::async(std::launch::async, [&] { wait(queues.change(queue, name, kAdmin)); });
    wait(queues.change(queue, idle, kAdmin));
    other.get();
    const auto now = wait(queues.get(queue));
    EXPECT_EQ(now.name, *name.name);
    EXPECT_EQ(now.idle_minutes, round);
  }
}

TEST_P(ChatRouterTest, operators_see_whom_a_chat_can_be_handed_to) {  // CHAT-16, CHAT-20
  const auto ben = operator_("ben", false);
  const auto ana = operator_("ana");
  operator_("chief");
  channel(true, queue_of("broadcast", {ana, ben}));
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  const auto all = wait(router.colleagues());
  EXPECT_EQ(all.queues.size(), 2U) << "and that of all operators";
  ASSERT_EQ(all.operators.size(), 2U);
  EXPECT_EQ(all.operators[0].name, "ana");
  EXPECT_EQ(all.operators[0].standing.chats, 1U);
  EXPECT_EQ(status_name(all.operators[0].standing), "active");
  EXPECT_EQ(status_name(all.operators[1].standing), "offline");
  EXPECT_EQ(all.limit, terms().chats);
}

}  // namespace
}  // namespace patchbay::domain::routing
