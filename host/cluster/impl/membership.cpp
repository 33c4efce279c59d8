#include "cluster/membership.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "cluster/impl/member_table.hpp"

namespace patchbay::cluster {

namespace asio = boost::asio;

namespace {

constexpr Duration kLockPause{100};
constexpr int kYoung = 20;  // times the patience with others

std::string lock_name(Id integration) {
  return "integration " + to_string_id(integration);
}

}  // namespace

// Everything but lock() and settle() happens on one strand.
struct Membership::State : std::enable_shared_from_this<Membership::State> {
  // When this host last saw another's heart beat, by its own clock.
  struct Pulse {
    std::int64_t beat = -1;
    std::chrono::nanoseconds seen{0};
  };

  State(Parts p, Member m, Options o)
      : parts(std::move(p)),
        member(std::move(m)),
        options(o),
        strand(asio::make_strand(parts.executor)),
        scope(strand, [logger = parts.logger](const std::string& name, std::exception_ptr e) {
          logger.error("cluster: task failed", {{"task", name}, {"error", words_of(e)}});
        }) {
    owned.set(Partitions());
  }

  asio::awaitable<void> beat_for_ever();
  asio::awaitable<void> tick();
  asio::awaitable<void> bury_dead(const std::vector<Member>& all);
  asio::awaitable<void> follow(const std::vector<Member>& all, const Holders& seen);
  asio::awaitable<void> give_up(std::vector<std::size_t> partitions);
  asio::awaitable<void> release(std::string name, std::int64_t token);
  void let_go_of_others(const Holders& seen);
  asio::awaitable<void> pass_for_ever();

  const Parts parts;
  Member member;
  const Options options;
  const asio::any_io_executor strand;
  Owned owned;
  Partitions leaving;
  std::map<Id, Pulse> pulses;
  bool interrupted = false;  // the last look failed: nobody is to be blamed for it
  std::atomic<bool> alone = true;
  // Of locks; no two lives of hosts have the same.
  std::atomic<std::int64_t> next_token = std::random_device{}() * (std::int64_t{1} << 30);
  std::uint64_t ticks = 0;        // that have begun
  std::uint64_t released_at = 0;  // the tick under way when partitions were given
  std::chrono::nanoseconds last_tick{0};
  std::atomic<bool> quiet = false;
  TaskScope scope;
};

asio::awaitable<void> Membership::State::beat_for_ever() {
  for (;;) {
    co_await parts.clock.sleep(options.beat);
    try {
      co_await tick();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts.logger.warn("cluster: the store cannot be reached", {{"error", error.what()}});
      interrupted = true;
    }
  }
}

asio::awaitable<void> Membership::State::tick() {
  struct Seen {
    bool alive = false;
    std::vector<Member> members;
    Holders holders{};
  };
  auto look = [id = member.id](store::Session& session) {
    Seen seen;
    seen.alive = beat(session, id);
    seen.members = members(session);
    seen.holders = holders(session);
    return seen;
  };
  const auto tick_number = ++ticks;
  const auto seen = co_await parts.store.write(std::move(look));
  // Who was held up himself cannot say of others that they were silent.
  const auto now = parts.clock.monotonic();
  if (last_tick.count() > 0 && now - last_tick > 3 * options.beat) interrupted = true;
  last_tick = now;
  if (!seen.alive) {
    parts.logger.error(
        "cluster: this host was not heard of for too long and others have taken over its work");
    owned.set(Partitions());
    if (parts.lost) parts.lost();
    co_return;
  }
  alone = seen.members.size() < 2;
  co_await bury_dead(seen.members);
  let_go_of_others(seen.holders);
  // What was given away is known to be gone by a look that began afterwards.
  if (leaving.any() && released_at != 0 && tick_number > released_at) {
    leaving.reset();
    released_at = 0;
  }
  if (!quiet) co_await follow(seen.members, seen.holders);
}

asio::awaitable<void> Membership::State::bury_dead(const std::vector<Member>& all) {
  const auto now = parts.clock.monotonic();
  std::erase_if(pulses, [&](const auto& item) {
    return std::none_of(all.begin(), all.end(), [&](const Member& each) { return each.id == item.first; });
  });
  if (std::exchange(interrupted, false)) pulses.clear();
  for (const auto& other : all) {
    if (other.id == member.id) continue;
    auto& pulse = pulses[other.id];
    if (pulse.beat != other.beat) {
      pulse.beat = other.beat;
      pulse.seen = now;
    }
    // One that has not begun to work yet reads what there is.
    const auto patience = other.beat == 0 ? kYoung * options.dead_after : options.dead_after;
    if (now - pulse.seen < patience) continue;
    auto declare = [id = other.id, stands = other.beat](store::Session& session) {
      return bury(session, id, stands);
    };
    const bool buried = co_await parts.store.write(std::move(declare));
    if (!buried) continue;
    parts.logger.warn("cluster: a host is dead; its work is taken over",
                      {{"host", other.name}, {"address", other.address}});
  }
}

asio::awaitable<void> Membership::State::follow(const std::vector<Member>& all, const Holders& seen) {
  std::vector<Id> live;
  const auto now = parts.clock.monotonic();
  for (const auto& each : all) {
    const auto pulse = pulses.find(each.id);
    const bool works = each.beat > 0;
    if (each.id == member.id ||
        (works && pulse != pulses.end() && now - pulse->second.seen < options.dead_after))
      live.push_back(each.id);
  }
  const auto plan = plan_for(member.id, live, seen);
  if (!plan.take.empty()) {
    auto claim = [id = member.id, wanted = plan.take](store::Session& session) {
      return take(session, id, wanted);
    };
    const auto taken = co_await parts.store.write(std::move(claim));
    Partitions fresh;
    for (const auto partition : taken) fresh.set(partition);
    owned.set(owned.get() | fresh);
    if (!taken.empty())
      parts.logger.info("cluster: partitions taken", {{"count", std::to_string(taken.size())}});
    if (!taken.empty() && parts.gained) parts.gained(fresh);
  }
  // What the row says and this process does not know of: held by a former life.
  Partitions kept;
  for (std::size_t i = 0; i < kPartitions; ++i)
    kept.set(i, seen.at(i) == member.id && !owned.has_partition(i) && !leaving.test(i));
  if (kept.any()) {
    owned.set(owned.get() | kept);
    if (parts.gained) parts.gained(kept);
  }
  std::vector<std::size_t> give;
  for (const auto partition : plan.give) {
    if (!leaving.test(partition)) give.push_back(partition);
  }
  if (!give.empty() && leaving.none()) scope.spawn_on(strand, "give partitions", give_up(std::move(give)));
}

// The others may take them only when nothing is done for them here any more.
asio::awaitable<void> Membership::State::give_up(std::vector<std::size_t> partitions) {
  for (const auto partition : partitions) leaving.set(partition);
  owned.set(owned.get() & ~leaving);
  parts.logger.info("cluster: partitions go to another host", {{"count", std::to_string(partitions.size())}});
  for (bool left = !parts.leaving; !left;) {
    try {
      co_await parts.leaving(leaving);
      left = true;
    } catch (const Error& error) {
      parts.logger.warn("cluster: partitions cannot be left yet", {{"error", error.what()}});
    }
    if (!left) co_await parts.clock.sleep(options.beat);
  }
  auto release_them = [id = member.id, partitions](store::Session& session) {
    give(session, id, partitions);
  };
  bool released = false;
  while (!released) {
    try {
      co_await parts.store.write(release_them);
      released = true;
    } catch (const Error& error) {
      parts.logger.warn("cluster: partitions cannot be given yet", {{"error", error.what()}});
    }
    if (!released) co_await parts.clock.sleep(options.beat);
  }
  released_at = ticks;
}

// What the table gives to another host is its own, whatever this one believes.
void Membership::State::let_go_of_others(const Holders& seen) {
  Partitions lost;
  for (std::size_t i = 0; i < kPartitions; ++i)
    lost.set(i, owned.has_partition(i) && seen.at(i) != member.id && seen.at(i) != 0);
  if (lost.none()) return;
  owned.set(owned.get() & ~lost);
  parts.logger.warn("cluster: partitions are another host's", {{"count", std::to_string(lost.count())}});
  if (parts.leaving) scope.spawn_on(strand, "leave partitions", parts.leaving(lost));
}

asio::awaitable<void> Membership::State::pass_for_ever() {
  for (;;) {
    co_await parts.clock.sleep(options.beat / 2);
    if (alone) continue;
    try {
      if (parts.pass) co_await parts.pass();
      auto note = [id = member.id](store::Session& session) { passed(session, id); };
      co_await parts.store.write(std::move(note));
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts.logger.warn("cluster: changes of other hosts cannot be seen", {{"error", error.what()}});
    }
  }
}

// --- Membership

Membership::Membership(Parts parts, Member joined, Options options)
    : state_(std::make_shared<State>(std::move(parts), std::move(joined), options)) {}
Membership::Membership(Parts parts, Member joined)
    : Membership(std::move(parts), std::move(joined), Options()) {}
Membership::~Membership() = default;

Member Membership::join_now(store::Store& store, std::string name, std::string version, TimePoint now) {
  return store.write_now([&](store::Session& session) {
    Member wanted;
    wanted.name = name;
    wanted.version = version;
    wanted.joined_at = now.time_since_epoch().count();
    return join(session, std::move(wanted));
  });
}

asio::awaitable<void> Membership::start(std::string address) {
  auto tell = [id = state_->member.id, address](store::Session& session) {
    session.exec("update hosts set address = :address where id = :id", {address, id});
  };
  co_await state_->parts.store.write(std::move(tell));
  auto first = asio::co_spawn(state_->strand, state_->tick(), asio::use_awaitable);
  co_await std::move(first);
  state_->scope.spawn_on(state_->strand, "beat", state_->beat_for_ever());
  state_->scope.spawn_on(state_->strand, "look for changes", state_->pass_for_ever());
}

void Membership::quiesce() {
  state_->quiet = true;
}

asio::awaitable<void> Membership::stop() {
  co_await state_->scope.stop();
  auto go = [id = state_->member.id](store::Session& session) { leave(session, id); };
  try {
    co_await state_->parts.store.write(std::move(go));
  } catch (const Error& error) {
    state_->parts.logger.warn("cluster: the others cannot be told that this host ends",
                              {{"error", error.what()}});
  }
}

asio::awaitable<void> Membership::publish_keys(std::string keys) {
  auto tell = [id = state_->member.id, keys](store::Session& session) {
    session.exec("update hosts set keys = :keys where id = :id", {keys, id});
  };
  co_await state_->parts.store.write(std::move(tell));
}

Id Membership::me() const {
  return state_->member.id;
}

const Owned& Membership::owned() const {
  return state_->owned;
}

// Until it is stored: a lock that is forgotten would be held as long as this host lives.
asio::awaitable<void> Membership::State::release(std::string name, std::int64_t token) {
  for (bool released = false; !released;) {
    try {
      auto work = [name, token](store::Session& session) { give_lock(session, name, token); };
      co_await parts.store.write(std::move(work));
      released = true;
    } catch (const Error& error) {
      parts.logger.warn("cluster: a lock cannot be released yet", {{"lock", name}, {"error", error.what()}});
    }
    if (!released) co_await parts.clock.sleep(options.beat);
  }
}

asio::awaitable<Peers::Held> Membership::lock(Id integration) {
  const auto name = lock_name(integration);
  const auto token = state_->next_token++;
  // Also when taking it fails or is broken off: it may have been taken all the same.
  Held held(nullptr, [state = state_, name, token](void*) {
    state->scope.spawn_on(state->strand, "release a lock", state->release(name, token));
  });
  for (;;) {
    auto attempt = [id = me(), name, token](store::Session& session) {
      return take_lock(session, id, name, token);
    };
    const bool taken = co_await state_->parts.store.write(std::move(attempt));
    if (taken) co_return held;
    co_await state_->parts.clock.sleep(kLockPause);
  }
}

asio::awaitable<void> Membership::settle() {
  auto look = [](store::Session& session) { return members(session); };
  const auto before = co_await state_->parts.store.read(look);
  // The pass that runs may have looked before; the one after it has not.
  std::map<Id, std::int64_t> wanted;
  for (const auto& other : before) {
    if (other.id != me()) wanted[other.id] = other.passes + 2;
  }
  while (!wanted.empty()) {
    co_await state_->parts.clock.sleep(kLockPause);
    const auto now = co_await state_->parts.store.read(look);
    std::map<Id, std::int64_t> passes;
    for (const auto& member : now) passes[member.id] = member.passes;
    std::erase_if(wanted, [&](const auto& item) {
      const auto found = passes.find(item.first);
      return found == passes.end() || found->second >= item.second;
    });
  }
}

asio::awaitable<std::vector<Member>> list_members(store::Store& store) {
  auto look = [](store::Session& session) { return members(session); };
  co_return co_await store.read(std::move(look));
}

}  // namespace patchbay::cluster
