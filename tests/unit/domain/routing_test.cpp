#include "domain/routing/routing.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "domain/routing/rule.hpp"

namespace patchbay::domain::routing {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{1'700'000'000s};
const Terms kTerms;

Operator someone(Id id, std::size_t chats = 0, TimePoint last_taken = {}) {
  Operator one;
  one.id = id;
  one.chats = chats;
  one.last_taken = last_taken;
  return one;
}

Queue queue_of(std::string_view rule, std::vector<Id> operators) {
  Queue queue;
  queue.id = 1;
  queue.rule = find_rule(rule);
  queue.operators = std::move(operators);
  return queue;
}

Chat waiting_chat(Id id, TimePoint since = kNow) {
  Chat chat;
  chat.id = id;
  chat.queue = 1;
  chat.waiting_since = since;
  return chat;
}

Chat chat_of(const Operator& owner, Stage stage) {
  auto chat = waiting_chat(100);
  chat.stage = stage;
  chat.owner = owner.id;
  chat.assigned_at = kNow;
  return chat;
}

TEST(Routing, names_of_stages_are_read_back) {
  for (const auto stage :
       {Stage::held, Stage::with_bot, Stage::waiting, Stage::assigned, Stage::in_progress, Stage::finished})
    EXPECT_EQ(parse_stage(stage_name(stage)), stage);
  EXPECT_EQ(parse_stage("open"), std::nullopt);
  EXPECT_EQ(reason_name(Reason::timed_out), "timed_out");
}

TEST(Routing, rules_are_found_by_name) {
  for (const auto name : rule_names()) EXPECT_EQ(find_rule(name)->name(), name);
  EXPECT_EQ(find_rule("random"), nullptr);
}

TEST(Routing, broadcast_shows_a_chat_to_every_active_operator_of_the_queue) {  // CHAT-3, CHAT-6
  const auto queue = queue_of("broadcast", {1, 2, 3});
  const auto chat = waiting_chat(10);
  EXPECT_TRUE(is_offered(chat, queue, someone(1), kTerms));
  EXPECT_TRUE(is_offered(chat, queue, someone(2), kTerms));
  EXPECT_FALSE(is_offered(chat, queue, someone(4), kTerms)) << "serves another queue";
  auto inactive = someone(3);
  inactive.available = false;
  EXPECT_FALSE(is_offered(chat, queue, inactive, kTerms));
  auto offline = someone(3);
  offline.present = false;
  EXPECT_FALSE(is_offered(chat, queue, offline, kTerms));
  EXPECT_FALSE(is_offered(chat, queue, someone(1, kTerms.chats), kTerms)) << "CHAT-7";
}

TEST(Routing, the_first_to_accept_owns_a_chat_that_is_offered_to_all) {  // CHAT-3
  const auto queue = queue_of("broadcast", {1, 2});
  auto chat = waiting_chat(10);
  auto first = someone(1);
  auto second = someone(2);
  const auto won = accept(chat, queue, first, kTerms, kNow);
  ASSERT_TRUE(won.step);
  EXPECT_EQ(won.step->stage, Stage::in_progress);
  EXPECT_EQ(first.chats, 1U);
  EXPECT_EQ(first.last_taken, kNow);
  EXPECT_EQ(accept(chat, queue, second, kTerms, kNow).verdict, Verdict::taken);
  EXPECT_EQ(second.chats, 0U);
  EXPECT_FALSE(is_offered(chat, queue, second, kTerms)) << "the others lose it at that moment";
}

TEST(Routing, accepting_twice_is_accepting_once) {
  const auto queue = queue_of("broadcast", {1});
  auto chat = waiting_chat(10);
  auto one = someone(1);
  accept(chat, queue, one, kTerms, kNow);
  const auto again = accept(chat, queue, one, kTerms, kNow + 1s);
  EXPECT_EQ(again.verdict, Verdict::done);
  EXPECT_FALSE(again.step);
  EXPECT_EQ(one.chats, 1U);
}

TEST(Routing, who_may_not_take_a_chat_is_told_why) {
  const auto queue = queue_of("broadcast", {1, 2});
  auto chat = waiting_chat(10);
  auto stranger = someone(3);
  EXPECT_EQ(accept(chat, queue, stranger, kTerms, kNow).verdict, Verdict::not_offered);
  auto inactive = someone(1);
  inactive.available = false;
  EXPECT_EQ(accept(chat, queue, inactive, kTerms, kNow).verdict, Verdict::not_active);
  auto full = someone(2, kTerms.chats);
  EXPECT_EQ(accept(chat, queue, full, kTerms, kNow).verdict, Verdict::at_limit);
  auto one = someone(1);
  const auto assigning = queue_of("least_busy", {1});
  EXPECT_EQ(accept(chat, assigning, one, kTerms, kNow).verdict, Verdict::not_offered)
      << "the rule asks, nobody picks";
  finish(chat, nullptr, Reason::finished);
  EXPECT_EQ(accept(chat, queue, one, kTerms, kNow).verdict, Verdict::ended);
}

TEST(Routing, least_busy_asks_who_has_the_fewest_chats) {  // CHAT-4
  std::vector<Chat> waiting{waiting_chat(10)};
  std::vector<Operator> operators{someone(1, 2, kNow - 3h), someone(2, 1, kNow - 1h),
                                  someone(3, 1, kNow - 2h)};
  const auto steps = distribute(queue_of("least_busy", {1, 2, 3}), waiting, operators, kTerms, kNow);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].owner, 3U) << "as few as 2, but has gone longer without a new one";
  EXPECT_EQ(waiting[0].stage, Stage::assigned);
  EXPECT_EQ(operators[2].chats, 2U) << "who is asked has that much less room";
}

TEST(Routing, the_oldest_waiting_chat_goes_first) {  // CHAT-9
  std::vector<Chat> waiting{waiting_chat(10, kNow - 1min), waiting_chat(11, kNow - 3min),
                            waiting_chat(12, kNow - 2min)};
  std::vector<Operator> operators{someone(1, kTerms.chats - 2)};
  const auto steps = distribute(queue_of("least_busy", {1}), waiting, operators, kTerms, kNow);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].chat, 11U);
  EXPECT_EQ(steps[1].chat, 12U);
  EXPECT_EQ(waiting[0].stage, Stage::waiting) << "nobody may take a third";
}

TEST(Routing, broadcast_assigns_to_nobody) {
  std::vector<Chat> waiting{waiting_chat(10)};
  std::vector<Operator> operators{someone(1)};
  EXPECT_TRUE(distribute(queue_of("broadcast", {1}), waiting, operators, kTerms, kNow).empty());
}

TEST(Routing, who_misses_a_chat_becomes_inactive_and_the_next_is_asked) {  // CHAT-5
  const auto queue = queue_of("least_busy", {1, 2});
  std::vector<Chat> chats{waiting_chat(10, kNow - 1h)};
  std::vector<Operator> operators{someone(1), someone(2, 3)};
  distribute(queue, chats, operators, kTerms, kNow);
  ASSERT_EQ(chats[0].owner, 1U);
  EXPECT_FALSE(is_missed(chats[0], kTerms, kNow + kTerms.accept_within - 1ms));
  ASSERT_TRUE(is_missed(chats[0], kTerms, kNow + kTerms.accept_within));
  const auto step = miss(chats[0], operators[0]);
  EXPECT_EQ(step.former, 1U);
  EXPECT_FALSE(operators[0].is_active());
  EXPECT_EQ(operators[0].chats, 0U);
  EXPECT_EQ(chats[0].waiting_since, kNow - 1h) << "it is still the oldest";
  distribute(queue, chats, operators, kTerms, kNow);
  EXPECT_EQ(chats[0].owner, 2U);
}

TEST(Routing, an_accepted_chat_is_not_missed) {
  auto one = someone(1, 1);
  auto chat = chat_of(one, Stage::assigned);
  EXPECT_EQ(accept(chat, queue_of("least_busy", {1}), one, kTerms, kNow + 1min).verdict, Verdict::done);
  EXPECT_EQ(one.chats, 1U) << "it counted since it was assigned";
  EXPECT_FALSE(is_missed(chat, kTerms, kNow + 24h));
}

TEST(Routing, a_chat_is_handed_to_an_operator_who_is_asked_to_accept) {  // CHAT-16
  auto from = someone(1, 1);
  auto to = someone(9);
  auto chat = chat_of(from, Stage::in_progress);
  const auto moved = transfer(chat, &from, to, kTerms, kNow);
  ASSERT_TRUE(moved.step);
  EXPECT_EQ(chat.stage, Stage::assigned);
  EXPECT_EQ(chat.owner, 9U);
  EXPECT_EQ(from.chats, 0U);
  EXPECT_EQ(accept(chat, queue_of("least_busy", {1}), to, kTerms, kNow).verdict, Verdict::done)
      << "whatever queues he serves";
}

TEST(Routing, a_chat_is_not_handed_to_who_may_not_take_it) {
  auto from = someone(1, 1);
  auto chat = chat_of(from, Stage::in_progress);
  auto away = someone(2);
  away.present = false;
  EXPECT_EQ(transfer(chat, &from, away, kTerms, kNow).verdict, Verdict::not_active);
  auto full = someone(3, kTerms.chats);
  EXPECT_EQ(transfer(chat, &from, full, kTerms, kNow).verdict, Verdict::at_limit);
  EXPECT_EQ(chat.owner, 1U);
  EXPECT_EQ(from.chats, 1U);
}

TEST(Routing, a_chat_moves_to_another_queue_and_waits_there_from_now_on) {
  auto from = someone(1, 1);
  auto chat = chat_of(from, Stage::in_progress);
  transfer(chat, &from, Id{2}, kNow + 1h);
  EXPECT_EQ(chat.stage, Stage::waiting);
  EXPECT_EQ(chat.queue, 2U);
  EXPECT_EQ(chat.waiting_since, kNow + 1h);
  transfer(chat, nullptr, Id{3}, kNow + 2h);
  EXPECT_EQ(chat.waiting_since, kNow + 1h) << "nobody has been at it since";
}

TEST(Routing, who_hands_a_chat_back_is_asked_again_only_where_nobody_else_may) {
  const auto queue = queue_of("least_busy", {1, 2});
  auto one = someone(1, 1);
  std::vector<Chat> chats{chat_of(one, Stage::in_progress)};
  EXPECT_EQ(hand_back(chats[0], &one, kNow).verdict, Verdict::done);
  auto alone = chats;
  std::vector<Operator> operators{one, someone(2, 4)};
  distribute(queue, chats, operators, kTerms, kNow);
  EXPECT_EQ(chats[0].owner, 2U) << "although the other is less busy";
  operators = {one, someone(2, kTerms.chats)};
  distribute(queue, alone, operators, kTerms, kNow);
  EXPECT_EQ(alone[0].owner, 1U);
  accept(alone[0], queue, operators[0], kTerms, kNow);
  EXPECT_FALSE(alone[0].handed_back_by) << "who accepted starts afresh";
}

TEST(Routing, a_bot_takes_what_nobody_has_accepted_and_passes_it_to_people) {
  auto one = someone(1, 1);
  auto chat = chat_of(one, Stage::assigned);
  EXPECT_EQ(give_to_bot(chat, &one).verdict, Verdict::done);
  EXPECT_EQ(one.chats, 0U);
  EXPECT_FALSE(chat.owner) << "CHAT-14";
  EXPECT_FALSE(give_to_bot(chat, nullptr).step) << "it has it already";
  EXPECT_EQ(admit(chat, Reason::bot_passed, kNow + 2min).verdict, Verdict::done);
  EXPECT_EQ(chat.stage, Stage::waiting);
  EXPECT_EQ(chat.waiting_since, kNow + 2min);
  auto held = chat_of(one, Stage::in_progress);
  EXPECT_EQ(give_to_bot(held, &one).verdict, Verdict::taken);
}

TEST(Routing, a_chat_is_finished_for_silence_counted_from_what_was_sent_last) {  // CHAT-8
  auto queue = queue_of("broadcast", {1});
  auto chat = waiting_chat(10);
  chat.last_incoming = kNow - 24h;
  EXPECT_FALSE(is_timed_out(chat, queue, kNow)) << "the queue has no timeout";
  queue.idle = 10min;
  EXPECT_FALSE(is_timed_out(chat, queue, kNow)) << "nothing was sent";
  chat.last_outgoing = kNow;
  EXPECT_FALSE(is_timed_out(chat, queue, kNow + 10min - 1ms));
  EXPECT_TRUE(is_timed_out(chat, queue, kNow + 10min));
  chat.last_incoming = kNow + 1min;
  EXPECT_TRUE(is_timed_out(chat, queue, kNow + 10min)) << "whoever writes, what counts is what was sent";
  queue.keep_open = true;
  EXPECT_FALSE(is_timed_out(chat, queue, kNow + 10min)) << "the client waits for an answer";
}

TEST(Routing, finishing_gives_the_operator_room) {  // CHAT-7
  auto one = someone(1, 1);
  auto chat = chat_of(one, Stage::in_progress);
  EXPECT_EQ(finish(chat, &one, Reason::timed_out).step->reason, Reason::timed_out);
  EXPECT_EQ(one.chats, 0U);
  EXPECT_FALSE(finish(chat, &one, Reason::finished).step) << "once";
  EXPECT_EQ(one.chats, 0U);
}

}  // namespace
}  // namespace patchbay::domain::routing
