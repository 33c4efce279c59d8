#include "domain/routing/routing.hpp"

#include <algorithm>
#include <tuple>

#include "domain/routing/rule.hpp"

namespace patchbay::domain::routing {
namespace {

// All changes of a chat go through here: it has an owner exactly while somebody is asked or at it, and the
// owner's count follows. `former` is who owned it before, null where nobody did; `next` who shall.
Step move(Chat& chat, Operator* former, Stage stage, Operator* next, Reason why) {
  Step step;
  step.former = chat.owner;
  if (former != nullptr) --former->chats;
  if (next != nullptr) ++next->chats;
  chat.owner = next == nullptr ? std::nullopt : std::optional(next->id);
  chat.stage = stage;
  step.chat = chat.id;
  step.stage = stage;
  step.owner = chat.owner;
  step.queue = chat.queue;
  step.reason = why;
  return step;
}

Outcome changed(Step step) {
  return Outcome{Verdict::done, step};
}

Outcome refused(Verdict verdict) {
  return Outcome{verdict, std::nullopt};
}

// Who may take one more.
std::vector<const Operator*> free_of(std::span<const Operator> operators, const Terms& terms) {
  std::vector<const Operator*> free;
  for (const auto& one : operators) {
    if (may_take(one, terms)) free.push_back(&one);
  }
  return free;
}

const Operator* choose(const Rule& rule, const Chat& chat, const std::vector<const Operator*>& free) {
  if (!chat.handed_back_by || free.size() == 1) return rule.choose(free);
  std::vector<const Operator*> others;
  std::copy_if(free.begin(), free.end(), std::back_inserter(others),
               [&](const Operator* one) { return one->id != *chat.handed_back_by; });
  return rule.choose(others);
}

// Waits anew, in this queue, since somebody had been at it.
void start_waiting(Chat& chat, Id queue, TimePoint now) {
  if (chat.stage != Stage::waiting && chat.stage != Stage::assigned) chat.waiting_since = now;
  chat.queue = queue;
}

// Where it waits for another operator.
Stage again(const Chat& chat) {
  return chat.queue == 0 ? Stage::held : Stage::waiting;
}

}  // namespace

Step opened(const Chat& chat) {
  Step step;
  step.chat = chat.id;
  step.stage = chat.stage;
  step.queue = chat.queue;
  step.reason = Reason::opened;
  return step;
}

bool may_take(const Operator& one, const Terms& terms) {
  return one.is_active() && one.chats < terms.chats;
}

bool serves(const Queue& queue, Id who) {
  return std::binary_search(queue.operators.begin(), queue.operators.end(), who);
}

bool is_offered(const Chat& chat, const Queue& queue, const Operator& one, const Terms& terms) {
  if (chat.stage == Stage::assigned) return chat.owner == one.id;
  return chat.stage == Stage::waiting && !queue.rule->assigns() && serves(queue, one.id) &&
         may_take(one, terms);
}

std::vector<Step> distribute(const Queue& queue, std::span<Chat> waiting, std::span<Operator> operators,
                             const Terms& terms, TimePoint now) {
  std::vector<Step> steps;
  if (!queue.rule->assigns()) return steps;
  std::vector<Chat*> order;
  for (auto& chat : waiting) {
    if (chat.stage == Stage::waiting) order.push_back(&chat);
  }
  std::sort(order.begin(), order.end(), [](const Chat* a, const Chat* b) {
    return std::tie(a->waiting_since, a->id) < std::tie(b->waiting_since, b->id);
  });
  auto free = free_of(operators, terms);
  for (auto* chat : order) {
    if (free.empty()) break;
    const auto chosen = choose(*queue.rule, *chat, free)->id;
    const auto to = std::find_if(operators.begin(), operators.end(),
                                 [&](const Operator& one) { return one.id == chosen; });
    chat->assigned_at = now;
    steps.push_back(move(*chat, nullptr, Stage::assigned, &*to, Reason::distributed));
    if (!may_take(*to, terms)) std::erase(free, &*to);
  }
  return steps;
}

Outcome accept(Chat& chat, const Queue& queue, Operator& one, const Terms& terms, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  const bool own = chat.owner == one.id;
  if (own && chat.stage == Stage::in_progress) return {};
  if (chat.owner && !own) return refused(Verdict::taken);
  if (!own) {
    if (chat.stage != Stage::waiting || queue.rule->assigns() || !serves(queue, one.id))
      return refused(Verdict::not_offered);
    if (!one.is_active()) return refused(Verdict::not_active);
    if (!may_take(one, terms)) return refused(Verdict::at_limit);
  }
  one.last_taken = now;
  chat.handed_back_by.reset();
  return changed(move(chat, own ? &one : nullptr, Stage::in_progress, &one, Reason::accepted));
}

bool is_missed(const Chat& chat, const Terms& terms, TimePoint now) {
  return chat.stage == Stage::assigned && now >= chat.assigned_at + terms.accept_within;
}

Step miss(Chat& chat, Operator& owner) {
  owner.available = false;
  return move(chat, &owner, again(chat), nullptr, Reason::missed);
}

Step release(Chat& chat, Operator& owner) {
  return move(chat, &owner, again(chat), nullptr, Reason::operator_left);
}

Step leave(Chat& chat, Operator& owner, TimePoint now) {
  start_waiting(chat, chat.queue, now);
  return release(chat, owner);
}

Outcome transfer(Chat& chat, Operator* owner, Operator& to, const Terms& terms, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (chat.owner == to.id) return {};
  if (!to.is_active()) return refused(Verdict::not_active);
  if (!may_take(to, terms)) return refused(Verdict::at_limit);
  start_waiting(chat, chat.queue, now);
  chat.assigned_at = now;
  return changed(move(chat, owner, Stage::assigned, &to, Reason::transferred));
}

Outcome transfer(Chat& chat, Operator* owner, Id queue, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (chat.stage == Stage::waiting && chat.queue == queue) return {};
  const auto former = chat.queue;
  start_waiting(chat, queue, now);
  auto step = move(chat, owner, Stage::waiting, nullptr, Reason::transferred);
  step.former_queue = former == queue ? 0 : former;
  return changed(step);
}

Outcome hand_back(Chat& chat, Operator* owner, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (owner == nullptr) return refused(Verdict::not_offered);
  start_waiting(chat, chat.queue, now);
  chat.handed_back_by = owner->id;
  return changed(move(chat, owner, again(chat), nullptr, Reason::handed_back));
}

Outcome hold_back(Chat& chat, Operator* owner) {
  if (chat.stage != Stage::waiting && chat.stage != Stage::assigned) return {};
  return changed(move(chat, owner, Stage::held, nullptr, Reason::channel_off));
}

Outcome admit(Chat& chat, Reason why, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (chat.stage != Stage::held && chat.stage != Stage::with_bot) return {};
  start_waiting(chat, chat.queue, now);
  return changed(move(chat, nullptr, Stage::waiting, nullptr, why));
}

Outcome take_from_bot(Chat& chat, Stage begins, TimePoint now) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (chat.stage != Stage::with_bot) return {};
  if (begins != Stage::held) return admit(chat, Reason::bot_passed, now);
  return changed(move(chat, nullptr, Stage::held, nullptr, Reason::bot_passed));
}

Outcome give_to_bot(Chat& chat, Operator* owner) {
  if (!chat.is_open()) return refused(Verdict::ended);
  if (chat.stage == Stage::with_bot) return {};
  if (chat.stage == Stage::in_progress) return refused(Verdict::taken);
  return changed(move(chat, owner, Stage::with_bot, nullptr, Reason::bot_took));
}

Outcome finish(Chat& chat, Operator* owner, Reason why) {
  if (!chat.is_open()) return {};
  return changed(move(chat, owner, Stage::finished, nullptr, why));
}

bool is_timed_out(const Chat& chat, const Queue& queue, TimePoint now) {
  if (!chat.is_open() || !queue.idle || !chat.last_outgoing) return false;
  if (queue.keep_open && chat.last_incoming > chat.last_outgoing) return false;
  return now >= *chat.last_outgoing + *queue.idle;
}

}  // namespace patchbay::domain::routing
