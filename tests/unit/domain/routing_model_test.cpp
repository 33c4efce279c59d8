// Bar 8: random steps of everything that can happen to queues, operators, chats and settings. After each,
// what the rules promise is looked up in the whole state, by other means than routing uses.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "domain/routing/routing.hpp"
#include "domain/routing/rule.hpp"

namespace patchbay::domain::routing {
namespace {

using namespace std::chrono_literals;

constexpr Id kQueues = 4;
constexpr Id kOperators = 9;
constexpr std::size_t kOpenChats = 60;
#ifdef __SANITIZE_ADDRESS__
constexpr int kSteps = 50'000;
#else
constexpr int kSteps = 1'000'000;
#endif

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (Id id = 1; id <= kQueues; ++id) {
      Queue queue;
      queue.id = id;
      queue.rule = find_rule(rule_names()[below(rule_names().size())]);
      queues_[id] = queue;
      change_membership(queues_[id]);
    }
    for (Id id = 1; id <= kOperators; ++id) operators_[id].id = id;
  }

  void step() {
    now_ += Duration(below(2'000));
    static constexpr void (World::*kKinds[])() = {
        &World::open_one,     &World::open_one,      &World::open_one,      &World::accept_one,
        &World::accept_one,   &World::accept_one,    &World::accept_one,    &World::finish_one,
        &World::finish_one,   &World::wait_a_while,  &World::change_status, &World::speak,
        &World::transfer_one, &World::hand_back_one, &World::pass_one,      &World::change_terms,
        &World::speak,        &World::change_a_queue};
    if (chats_.size() > kOpenChats) finish_one();
    (this->*kKinds[below(std::size(kKinds))])();
    // As the host does: in transactions of their own, whatever queue comes first.
    for (auto& [id, queue] : queues_) distribute_one(queue);
  }

  void check() const {
    std::map<Id, std::size_t> counts;
    for (const auto& [id, chat] : chats_) {
      const bool owned = chat.stage == Stage::assigned || chat.stage == Stage::in_progress;
      ASSERT_EQ(chat.owner.has_value(), owned) << stage_name(chat.stage);
      if (owned) ++counts[*chat.owner];
      if (chat.stage == Stage::assigned) {
        ASSERT_TRUE(operators_.at(*chat.owner).is_active()) << "asked, but not there";
        ASSERT_LT(now_, chat.assigned_at + terms_.accept_within + 1h) << "forgotten";
      }
      if (chat.stage == Stage::waiting) nobody_is_free(queues_.at(chat.queue));
    }
    for (const auto& [id, one] : operators_) ASSERT_EQ(one.chats, counts[id]) << "of operator " << id;
  }

  // Every chat can be ended from where it is, and then nobody has anything.
  void close() {
    while (!chats_.empty()) finish_one();
    for (const auto& [id, one] : operators_) ASSERT_EQ(one.chats, 0U);
  }

  std::map<Reason, std::size_t> reasons;  // what happened at all
  std::map<Verdict, std::size_t> verdicts;

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  Id id_up_to(Id last) { return 1 + static_cast<Id>(below(static_cast<std::size_t>(last))); }
  Id some_operator() { return id_up_to(kOperators); }
  Queue& some_queue() { return queues_.at(id_up_to(kQueues)); }
  Chat* some_chat() {
    if (chats_.empty()) return nullptr;
    auto at = chats_.lower_bound(id_up_to(last_chat_));
    return &(at == chats_.end() ? chats_.begin() : at)->second;
  }
  Operator* owner_of(const Chat& chat) { return chat.owner ? &operators_.at(*chat.owner) : nullptr; }

  void note(const std::optional<Step>& step) {
    if (!step) return;
    ++reasons[step->reason];
    if (step->owner && step->owner != step->former) {
      const auto& one = operators_.at(*step->owner);
      ASSERT_LE(one.chats, terms_.chats) << "over the limit";
      ASSERT_TRUE(one.is_active());
    }
  }
  void note(const Outcome& outcome) {
    ++verdicts[outcome.verdict];
    ASSERT_TRUE(outcome.verdict == Verdict::done || !outcome.step);
    note(outcome.step);
  }

  void nobody_is_free(const Queue& queue) const {
    if (queue.rule->assigns()) {
      for (const auto id : queue.operators) {
        const auto& one = operators_.at(id);
        ASSERT_FALSE(one.available && one.present && one.chats < terms_.chats)
            << "waits beside operator " << id;
      }
    }
  }

  // The rows of one queue are copied out and written back, as from a database.
  void distribute_one(const Queue& queue) {
    std::vector<Chat> waiting;
    for (const auto& [id, chat] : chats_) {
      if (chat.queue == queue.id && chat.stage == Stage::waiting) waiting.push_back(chat);
    }
    std::shuffle(waiting.begin(), waiting.end(), random_);
    std::vector<Operator> operators;
    for (const auto id : queue.operators) operators.push_back(operators_.at(id));
    const auto steps = distribute(queue, waiting, operators, terms_, now_);
    // One by one, against what the spec says of each.
    for (const auto& step : steps) {
      expect_right(queue, step);
      auto& chat = chats_.at(step.chat);
      chat =
          *std::find_if(waiting.begin(), waiting.end(), [&](const Chat& one) { return one.id == step.chat; });
      ++operators_.at(*step.owner).chats;
      note(step);
    }
    for (const auto& one : operators) ASSERT_EQ(one.chats, operators_.at(one.id).chats);
  }

  void expect_right(const Queue& queue, const Step& step) {
    const auto& chosen = operators_.at(*step.owner);
    const auto& chat = chats_.at(step.chat);
    ASSERT_TRUE(chosen.is_active() && chosen.chats < terms_.chats);
    for (const auto& [id, other] : chats_) {
      if (other.queue != queue.id || other.stage != Stage::waiting) continue;
      ASSERT_GE(std::pair(other.waiting_since, id), std::pair(chat.waiting_since, chat.id))
          << "an older one waits";
    }
    for (const auto id : queue.operators) {
      const auto& other = operators_.at(id);
      if (id == chosen.id || !other.is_active() || other.chats >= terms_.chats || id == chat.handed_back_by)
        continue;
      ASSERT_NE(chosen.id, chat.handed_back_by) << "somebody else was free";
      ASSERT_LE(chosen.chats, other.chats) << "another is less busy";
      ASSERT_TRUE(chosen.chats < other.chats || chosen.last_taken <= other.last_taken)
          << "another has gone longer without";
    }
  }

  void open_one() {
    Chat chat;
    chat.id = ++last_chat_;
    chat.queue = some_queue().id;
    const auto kind = below(10);
    chat.stage = kind == 0 ? Stage::held : kind == 1 ? Stage::with_bot : Stage::waiting;
    chat.waiting_since = now_ - Duration(below(3'000));  // webhooks come in any order
    chat.last_incoming = now_;
    chats_[chat.id] = chat;
  }

  void accept_one() {
    auto* chat = some_chat();
    if (chat == nullptr) return;
    auto& one = operators_.at(chat->owner && below(3) > 0 ? *chat->owner : some_operator());
    const auto before = *chat;
    const bool offered = is_offered(*chat, queues_.at(chat->queue), one, terms_);
    const auto outcome = accept(*chat, queues_.at(chat->queue), one, terms_, now_);
    note(outcome);
    ASSERT_TRUE(before.stage != Stage::in_progress || chat->owner == before.owner) << "one owner";
    if (before.stage == Stage::in_progress) return;
    ASSERT_EQ(outcome.step.has_value(), offered) << "what is shown can be had";
  }

  void finish_one() {
    if (auto* chat = some_chat()) end(*chat, Reason::finished);
  }
  void end(Chat& chat, Reason why) {
    note(finish(chat, owner_of(chat), why));
    ASSERT_EQ(chat.stage, Stage::finished);
    chats_.erase(chat.id);
  }

  void wait_a_while() {
    now_ += Duration(below(4 * 60'000));
    std::vector<Id> ids;
    for (const auto& [id, chat] : chats_) ids.push_back(id);
    for (const auto id : ids) {
      auto& chat = chats_.at(id);
      if (is_missed(chat, terms_, now_)) {
        auto& owner = *owner_of(chat);
        note(miss(chat, owner));
        ASSERT_FALSE(owner.available);
        release_all(owner);
      }
      if (is_timed_out(chat, queues_.at(chat.queue), now_)) {
        ASSERT_TRUE(chat.last_outgoing);
        end(chat, Reason::timed_out);
      }
    }
  }
  void release_all(Operator& owner) {
    for (auto& [id, chat] : chats_) {
      if (chat.stage == Stage::assigned && chat.owner == owner.id) note(release(chat, owner));
    }
  }

  void change_status() {
    auto& one = operators_.at(some_operator());
    (below(2) == 0 ? one.available : one.present) = below(4) > 0;
    if (!one.is_active()) release_all(one);
  }

  void speak() {
    if (auto* chat = some_chat()) (below(2) == 0 ? chat->last_incoming : chat->last_outgoing) = now_;
  }

  void transfer_one() {
    auto* chat = some_chat();
    if (chat == nullptr) return;
    if (below(2) == 0) return note(transfer(*chat, owner_of(*chat), some_queue().id, now_));
    auto& to = operators_.at(some_operator());
    note(transfer(*chat, owner_of(*chat), to, terms_, now_));
  }

  void hand_back_one() {
    if (auto* chat = some_chat()) note(hand_back(*chat, owner_of(*chat), now_));
  }

  void pass_one() {
    auto* chat = some_chat();
    if (chat == nullptr) return;
    if (below(3) == 0) return note(give_to_bot(*chat, owner_of(*chat)));
    if (below(4) == 0) return note(hold_back(*chat, owner_of(*chat)));
    note(admit(*chat, chat->stage == Stage::held ? Reason::channel_on : Reason::bot_passed, now_));
  }

  void change_terms() {
    if (below(20) > 0) return;
    terms_.chats = 1 + below(5);
    terms_.accept_within = Duration((1 + below(10)) * 60'000);
  }

  void change_a_queue() {
    auto& queue = some_queue();
    switch (below(4)) {
      case 0:
        return change_membership(queue);
      case 1:
        queue.rule = find_rule(rule_names()[below(rule_names().size())]);
        return;
      case 2:
        queue.idle = below(3) == 0 ? std::nullopt : std::optional(Duration((1 + below(30)) * 60'000));
        return;
      default:
        queue.keep_open = !queue.keep_open;
    }
  }
  void change_membership(Queue& queue) {
    std::set<Id> members;
    for (Id i = id_up_to(kOperators); i > 1; --i) members.insert(some_operator());
    queue.operators.assign(members.begin(), members.end());
  }

  std::mt19937_64 random_;
  TimePoint now_{1'700'000'000s};
  Terms terms_;
  std::map<Id, Queue> queues_;
  std::map<Id, Operator> operators_;
  std::map<Id, Chat> chats_;  // the open ones
  Id last_chat_ = 0;
};

TEST(RoutingModel, keeps_every_promise_through_random_steps) {  // CHAT-3 to CHAT-10, bar 8
  const char* given = std::getenv("PB_SEED");
  const auto seed = given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
  World world(seed);
  for (int i = 0; i < kSteps && !::testing::Test::HasFailure(); ++i) {
    world.step();
    world.check();
  }
  world.close();
  EXPECT_FALSE(::testing::Test::HasFailure()) << "PB_SEED=" << seed;
  // A walk that never comes by a promise shows nothing.
  for (int i = 0; i <= static_cast<int>(Reason::timed_out); ++i)
    EXPECT_GT(world.reasons[static_cast<Reason>(i)], 0U) << reason_name(static_cast<Reason>(i));
  for (const auto verdict :
       {Verdict::done, Verdict::taken, Verdict::not_offered, Verdict::not_active, Verdict::at_limit})
    EXPECT_GT(world.verdicts[verdict], 0U) << static_cast<int>(verdict);
}

}  // namespace
}  // namespace patchbay::domain::routing
