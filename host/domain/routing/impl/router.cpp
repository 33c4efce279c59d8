#include "domain/routing/router.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "domain/notifications/notifications.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::routing {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBatch = 100;  // of one transaction
const char* const kHost = "host";

// Another transaction took the room that this one counted on: it is repeated.
struct Again : std::exception {};

Chat require(std::optional<Chat> chat, Id id) {
  if (!chat) throw Error(Code::not_found, Text("domain.routing.no_chat", {{"id", to_string_id(id)}}));
  return *chat;
}

Operator require_operator(std::optional<Operator> one, Id id) {
  if (!one) throw Error(Code::not_found, Text("domain.routing.no_operator", {{"id", to_string_id(id)}}));
  return *one;
}

[[noreturn]] void refuse(Verdict verdict) {
  switch (verdict) {
    case Verdict::taken:
      throw Error(Code::conflict, Text("domain.routing.taken"));
    case Verdict::ended:
      throw Error(Code::conflict, Text("domain.routing.ended"));
    case Verdict::not_active:
      throw Error(Code::conflict, Text("domain.routing.not_active"));
    case Verdict::at_limit:
      throw Error(Code::conflict, Text("domain.routing.at_limit"));
    default:
      throw Error(Code::denied, Text("domain.routing.not_yours"));
  }
}

// One wish in one transaction: the chat, its operator and maybe another one, held in the order that all keep
// to.
class Wish {
 public:
  Wish(store::Session& session, IdMint& ids, TimePoint now, Id wanted_chat, std::optional<Id> other = {})
      : table(session, ids, now), chat(require(table.hold_chat(wanted_chat), wanted_chat)) {
    std::vector<Id> wanted;
    if (chat.owner) wanted.push_back(*chat.owner);
    if (other && other != chat.owner) wanted.push_back(*other);
    std::sort(wanted.begin(), wanted.end());
    for (const auto id : wanted) operators_.emplace(id, require_operator(table.hold_operator(id), id));
  }

  Operator* owner() { return chat.owner ? &operators_.at(*chat.owner) : nullptr; }
  Operator& one(Id id) { return operators_.at(id); }

  Chat keep(const Outcome& outcome, const Actor& by) {
    if (outcome.verdict != Verdict::done) refuse(outcome.verdict);
    if (outcome.step) keep(*outcome.step, by);
    return chat;
  }
  void keep(const Step& step, const Actor& by) {
    table.save(chat, step, by);
    for (const auto& [id, one] : operators_) table.save(one);
  }

  RoutingTable table;
  Chat chat;

 private:
  std::map<Id, Operator> operators_;
};

// Only whoever has the chat, or manages chats.
void require_right(const Chat& chat, const Person& by) {
  if (!by.manages && chat.owner != by.id) refuse(Verdict::not_offered);
}

// What an operator has not accepted, of one who is out of service all that he has, and his row: held in that
// order.
class Asked {
 public:
  Asked(RoutingTable& table, Id who)
      : chats(table.is_in_service(who) ? table.hold_assigned(who) : table.hold_own(who)),
        owner(require_operator(table.hold_operator(who), who)) {}

  // Gives everything back where its operator is not active.
  void release_all(RoutingTable& table, TimePoint now) {
    if (owner.is_active()) return;
    for (auto& chat : chats) {
      if (chat.owner != owner.id) continue;
      const auto step = chat.stage == Stage::assigned ? release(chat, owner) : leave(chat, owner, now);
      table.save(chat, step, Actor(kHost));
    }
  }

  std::vector<Chat> chats;
  Operator owner;
};

}  // namespace

struct Router::State : std::enable_shared_from_this<State> {
  explicit State(Parts p)
      : parts(std::move(p)),
        strand(asio::make_strand(parts.executor)),
        scope(parts.executor, [this](const std::string& name, std::exception_ptr error) {
          parts.logger.error("routing: a task failed", {{"task", name}, {"error", words_of(error)}});
        }) {}

  void wake();
  void look_soon();
  asio::awaitable<void> look_while_wanted();
  asio::awaitable<void> look();
  asio::awaitable<bool> lapse();
  asio::awaitable<bool> show_gone();
  asio::awaitable<bool> end_silent();
  asio::awaitable<bool> admit_held();
  asio::awaitable<void> distribute_queue(Id queue);

  Parts parts;
  asio::strand<asio::any_io_executor> strand;
  std::unique_ptr<Clock::Timer> timer;
  bool looking = false;
  bool wanted = false;
  TaskScope scope;
};

void Router::State::wake() {
  asio::post(strand, [self = weak_from_this()] {
    if (const auto state = self.lock()) state->look_soon();
  });
}

void Router::State::look_soon() {
  wanted = true;
  if (looking) return;
  looking = true;
  scope.spawn_on(strand, "routing", look_while_wanted());
}

asio::awaitable<void> Router::State::look_while_wanted() {
  while (std::exchange(wanted, false)) {
    try {
      co_await look();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts.logger.warn("routing: chats are not distributed now", {{"error", error.what()}});
    }
  }
  looking = false;
  timer = parts.clock.after(strand, kSweep, [self = weak_from_this()] {
    if (const auto state = self.lock()) state->look_soon();
  });
}

// True: there is more.
asio::awaitable<bool> Router::State::lapse() {
  const auto terms = parts.terms();
  auto find = [this, terms](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).lapsed(terms, kBatch);
  };
  const auto operators = co_await parts.store.read(std::move(find));
  for (const auto who : operators) {
    auto work = [=, this](store::Session& session) {
      const auto now = parts.clock.now();
      RoutingTable table(session, parts.ids, now);
      Asked asked(table, who);
      std::vector<Id> missed;  // their queues
      Id last = 0;
      for (auto& chat : asked.chats) {
        if (!is_missed(chat, terms, now)) continue;
        table.save(chat, miss(chat, asked.owner), Actor(kHost));
        missed.push_back(chat.queue);
        last = chat.id;
      }
      if (last != 0)
        notifications::notify_in(
            session, parts.ids, now, {who},
            {"operator.inactive", Text("domain.routing.inactive"), "/chats/" + to_string_id(last)});
      asked.release_all(table, now);
      table.save(asked.owner);
      table.show_status(asked.owner);
      return missed;
    };
    const auto missed = co_await parts.store.write(std::move(work));
    for (const auto queue : missed) parts.missed.add(1, {to_string_id(queue)});
  }
  co_return operators.size() == kBatch;
}

// Whoever is offline is shown so, also where nothing was asked of him. True: there is more.
asio::awaitable<bool> Router::State::show_gone() {
  auto find = [this](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).gone(kBatch);
  };
  const auto gone = co_await parts.store.read(std::move(find));
  for (const auto who : gone) {
    auto work = [=, this](store::Session& session) {
      RoutingTable table(session, parts.ids, parts.clock.now());
      if (const auto one = table.hold_operator(who)) table.show_status(*one);
    };
    co_await parts.store.write(std::move(work));
  }
  co_return gone.size() == kBatch;
}

asio::awaitable<bool> Router::State::end_silent() {
  auto find = [this](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).silent(kBatch);
  };
  const auto chats = co_await parts.store.read(std::move(find));
  for (const auto id : chats) {
    auto work = [=, this](store::Session& session) {
      const auto now = parts.clock.now();
      Wish wish(session, parts.ids, now, id);
      const auto queue = wish.table.queue(wish.chat.queue);
      if (!queue || !is_timed_out(wish.chat, *queue, now)) return;
      wish.keep(routing::finish(wish.chat, wish.owner(), Reason::timed_out), Actor(kHost));
    };
    co_await parts.store.write(std::move(work));
  }
  co_return chats.size() == kBatch;
}

// CHAT-22: of channels that are on, the chats whose client wrote lately wait from now on. Where a channel was
// switched on that is many, and chats begin until that is committed: so it is looked after here. True: there
// is more.
asio::awaitable<bool> Router::State::admit_held() {
  auto find = [this](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).channels_with_held();
  };
  const auto channels = co_await parts.store.read(std::move(find));
  bool more = false;
  for (const auto integration : channels) {
    auto work = [=, this](store::Session& session) {
      const auto now = parts.clock.now();
      RoutingTable table(session, parts.ids, now);
      table.hold_channel(integration);
      const auto beginning = table.beginning(integration);
      if (beginning.stage != Stage::waiting) return false;
      auto chats = table.hold_held(integration, kBatch);
      for (auto& chat : chats) {
        chat.queue = beginning.queue;
        const auto outcome = admit(chat, Reason::channel_on, now);
        if (outcome.step) table.save(chat, *outcome.step, Actor(kHost));
      }
      return chats.size() == kBatch;
    };
    more |= co_await parts.store.write(std::move(work));
  }
  co_return more;
}

asio::awaitable<void> Router::State::distribute_queue(Id id) {
  const auto terms = parts.terms();
  auto work = [=, this](store::Session& session) {
    RoutingTable table(session, parts.ids, parts.clock.now());
    table.hold_queue(id);
    const auto queue = table.queue(id);
    auto operators = table.free_operators(id, terms);
    std::size_t room = 0;
    for (const auto& one : operators) room += terms.chats - one.chats;
    if (!queue || room == 0) return false;
    auto waiting = table.hold_waiting(id, std::min(room, kBatch));
    const auto steps = distribute(*queue, waiting, operators, terms, parts.clock.now());
    std::map<Id, std::size_t> taken;
    for (const auto& step : steps) ++taken[*step.owner];
    for (const auto& [who, chats] : taken) {
      if (!table.take(who, chats, terms)) throw Again();
    }
    for (const auto& step : steps) {
      const auto chat =
          std::find_if(waiting.begin(), waiting.end(), [&](const Chat& one) { return one.id == step.chat; });
      table.save(*chat, step, Actor(kHost));
    }
    return waiting.size() == kBatch && !steps.empty();
  };
  for (bool more = true; more;) {
    try {
      more = co_await parts.store.write(work);
    } catch (const Again&) {
      more = true;
    }
  }
}

asio::awaitable<void> Router::State::look() {
  for (bool more = true; more;) more = co_await lapse();
  for (bool more = true; more;) more = co_await show_gone();
  for (bool more = true; more;) more = co_await end_silent();
  for (bool more = true; more;) more = co_await admit_held();
  auto find = [this](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).queues_to_distribute();
  };
  const auto queues = co_await parts.store.read(std::move(find));
  for (const auto queue : queues) co_await distribute_queue(queue);
}

Router::Router(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

Router::~Router() = default;

void Router::start() {
  state_->wake();
}

asio::awaitable<void> Router::stop() {
  co_await state_->scope.stop();
}

void Router::wake() {
  state_->wake();
}

asio::awaitable<void> Router::look() {
  return state_->look();
}

asio::awaitable<Desk> Router::desk(Id who) {
  auto& parts = state_->parts;
  auto work = [who, &parts, terms = parts.terms()](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).desk(who, terms);
  };
  co_return co_await parts.store.read(std::move(work));
}

asio::awaitable<Sight> Router::sight(Id who) {
  auto& parts = state_->parts;
  auto work = [who, &parts, terms = parts.terms()](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).sight(who, terms);
  };
  co_return co_await parts.store.read(std::move(work));
}

asio::awaitable<Colleagues> Router::colleagues() {
  auto& parts = state_->parts;
  auto work = [&parts](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).colleagues();
  };
  auto found = co_await parts.store.read(std::move(work));
  found.limit = parts.terms().chats;
  co_return found;
}

asio::awaitable<bool> Router::may_read(Id chat, Id who) {
  auto& parts = state_->parts;
  auto work = [chat, who, &parts, terms = parts.terms()](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).may_read(chat, who, terms);
  };
  co_return co_await parts.store.read(std::move(work));
}

asio::awaitable<std::vector<Change>> Router::history(Id chat, Id after, std::size_t most) {
  auto& parts = state_->parts;
  auto work = [chat, after, most, &parts](store::Session& session) {
    return RoutingTable(session, parts.ids, parts.clock.now()).history(chat, after, most);
  };
  co_return co_await parts.store.read(std::move(work));
}

asio::awaitable<void> Router::set_available(Id who, bool available) {
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    RoutingTable table(session, state_->parts.ids, now);
    Asked asked(table, who);
    asked.owner.available = available;
    asked.release_all(table, now);
    table.save(asked.owner);
    table.show_status(asked.owner);
  };
  co_await state_->parts.store.write(std::move(work));
  wake();
}

asio::awaitable<void> Router::be_present(Id who) {
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    RoutingTable table(session, state_->parts.ids, now);
    auto one = require_operator(table.hold_operator(who), who);
    table.set_present(who, now + kPresence);
    const bool was_present = std::exchange(one.present, true);
    table.show_status(one);
    return was_present;
  };
  const bool was_present = co_await state_->parts.store.write(std::move(work));
  if (!was_present) wake();
}

asio::awaitable<void> Router::be_absent(Id who) {
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    RoutingTable table(session, state_->parts.ids, now);
    Asked asked(table, who);
    table.set_present(who, now);
    asked.owner.present = false;
    asked.release_all(table, now);
    table.save(asked.owner);
    table.show_status(asked.owner);
  };
  co_await state_->parts.store.write(std::move(work));
  wake();
}

asio::awaitable<Chat> Router::accept(Id chat, Id who, std::string name) {
  const auto terms = state_->parts.terms();
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    Wish wish(session, state_->parts.ids, now, chat, who);
    const auto queue = wish.table.queue(wish.chat.queue, who);
    // Whoever was asked by name needs no queue for it.
    if (!queue && wish.chat.owner != who) refuse(wish.chat.is_open() ? Verdict::not_offered : Verdict::ended);
    const auto outcome = routing::accept(wish.chat, queue.value_or(Queue()), wish.one(who), terms, now);
    return std::pair(wish.keep(outcome, Actor(name)), outcome.step ? std::optional(now) : std::nullopt);
  };
  const auto [accepted, at] = co_await state_->parts.store.write(std::move(work));
  if (at) {
    const std::chrono::duration<double> waited = *at - accepted.waiting_since;
    state_->parts.accepted.record(waited.count(), {to_string_id(accepted.queue)});
  }
  co_return accepted;
}

asio::awaitable<Chat> Router::finish(Id chat, Person by) {
  auto work = [=, this](store::Session& session) {
    Wish wish(session, state_->parts.ids, state_->parts.clock.now(), chat);
    if (wish.chat.is_open()) require_right(wish.chat, by);
    return wish.keep(routing::finish(wish.chat, wish.owner(), Reason::finished), Actor(by.name));
  };
  const auto ended = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return ended;
}

asio::awaitable<Chat> Router::hand_back(Id chat, Person by, std::string note) {
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    Wish wish(session, state_->parts.ids, now, chat);
    if (wish.chat.is_open()) require_right(wish.chat, by);
    return wish.keep(routing::hand_back(wish.chat, wish.owner(), now), Actor(by.name, note));
  };
  const auto back = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return back;
}

asio::awaitable<Chat> Router::transfer_to_operator(Id chat, Id to, Person by, std::string note) {
  const auto terms = state_->parts.terms();
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    Wish wish(session, state_->parts.ids, now, chat, to);
    if (wish.chat.is_open()) require_right(wish.chat, by);
    return wish.keep(transfer(wish.chat, wish.owner(), wish.one(to), terms, now), Actor(by.name, note));
  };
  const auto moved = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return moved;
}

asio::awaitable<Chat> Router::transfer_to_queue(Id chat, Id queue, Person by, std::string note) {
  auto work = [=, this](store::Session& session) {
    const auto now = state_->parts.clock.now();
    RoutingTable(session, state_->parts.ids, now).hold_queue(queue);  // not removed meanwhile
    Wish wish(session, state_->parts.ids, now, chat);
    if (wish.chat.is_open()) require_right(wish.chat, by);
    if (!wish.table.queue(queue))
      throw Error(Code::not_found, Text("domain.routing.no_queue", {{"id", to_string_id(queue)}}));
    return wish.keep(transfer(wish.chat, wish.owner(), queue, now), Actor(by.name, note));
  };
  const auto moved = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return moved;
}

}  // namespace patchbay::domain::routing
