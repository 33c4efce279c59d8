#include "hooks/effect_committer.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "hooks/impl/inbox_sql.hpp"
#include "hooks/impl/memory.hpp"
#include "plugin/integrations.hpp"
#include "store/bulk_insert.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBatch = 128;

// Of what has an effect: an event without target has none.
std::string summary(const std::vector<Event>& events, const std::vector<Id>& targets) {
  auto list = nlohmann::json::array();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (targets[i] != 0) list.push_back({{"type", events[i].type}, {"dedupe_key", events[i].dedupe_key}});
  }
  return list.dump();
}

// A constraint of the database is no answer of a companion.
bool stale(const Error& error) {
  return error.code() == Code::conflict && !error.text().id().starts_with("store.");
}

store::BulkInsert key_insert() {
  using Type = store::ColumnType;
  return store::BulkInsert("event_keys",
                           {{"event", Type::integer},
                            {"integration", Type::integer},
                            {"key", Type::text},
                            {"created_at", Type::integer}},
                           "integration, key");
}

}  // namespace

struct EffectCommitter::Pending {
  using Handler = asio::any_completion_handler<void(Applied)>;

  Pending(Effect e, Handler h, const asio::any_io_executor& io)
      : effect(std::move(e)), handler(std::move(h)), work(io) {}

  Effect effect;
  Handler handler;
  asio::executor_work_guard<asio::any_io_executor> work;  // io runs on while an answer is due
  Applied applied;
  std::vector<Id> targets;  // of its events; 0: nobody
  std::vector<Id> touched;  // those that an event had its effect on
};

EffectCommitter::EffectCommitter(Parts parts, asio::any_io_executor io, Counters& counters,
                                 log::Logger logger)
    : parts_(parts), io_(std::move(io)), counters_(counters), logger_(std::move(logger)), thread_([this] {
        run();
      }) {}

EffectCommitter::~EffectCommitter() {
  stop();
}

void EffectCommitter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<Applied> EffectCommitter::apply(Effect effect) {
  auto start = [this, effect = std::move(effect)](auto handler) mutable {
    push(std::make_unique<Pending>(std::move(effect), std::move(handler), io_));
  };
  auto applied = asio::async_initiate<const asio::use_awaitable_t<>, void(Applied)>(std::move(start),
                                                                                    asio::use_awaitable);
  co_return co_await std::move(applied);
}

asio::awaitable<Applied> EffectCommitter::emit(Id integration, std::vector<Event> events,
                                               Companion companion) {
  Effect effect(0, integration, std::move(events));
  effect.companion = std::move(companion);
  auto applying = apply(std::move(effect));
  auto applied = co_await std::move(applying);
  switch (applied.outcome) {
    case Applied::Outcome::done:
      break;
    case Applied::Outcome::refused:
      throw Error(Code::invalid, Text::from_kept(applied.reason));
    case Applied::Outcome::gone:
      throw Error(Code::conflict, Text::from_kept(applied.reason));
    case Applied::Outcome::unavailable:
      throw Error(Code::unavailable, Text("hooks.events_not_stored")).retry_after(std::chrono::seconds(2));
    default:
      throw Error(Code::internal, Text("hooks.events_broken", {{"reason", applied.reason}}));
  }
  co_return applied;
}

void EffectCommitter::push(std::unique_ptr<Pending> pending) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) queue_.push_back(std::move(pending));
  }
  if (!pending) {
    wake_.notify_one();
    return;
  }
  auto refused = std::make_shared<Batch>();
  refused->push_back(std::move(pending));
  resume(std::move(refused));
}

std::shared_ptr<EffectCommitter::Batch> EffectCommitter::take() {
  std::shared_ptr<Batch> batch;
  insist([&batch] {
    batch = std::make_shared<Batch>();
    batch->reserve(kBatch);
  });
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  while (!queue_.empty() && batch->size() < kBatch) {
    batch->push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void EffectCommitter::run() {
  for (auto batch = take(); !batch->empty(); batch = take()) {
    commit(*batch);
    std::vector<Id> integrations;
    as_memory_allows([&] { integrations = touched(*batch); });
    insist([&] { resume(batch); });
    // Whoever is not told looks for himself in a while.
    if (!integrations.empty()) as_memory_allows([&] { parts_.sink.committed(integrations); });
  }
}

std::vector<Id> EffectCommitter::touched(const Batch& batch) const {
  std::vector<Id> integrations;
  for (const auto& pending : batch) {
    if (pending->applied.stored > 0)
      integrations.insert(integrations.end(), pending->touched.begin(), pending->touched.end());
  }
  std::sort(integrations.begin(), integrations.end());
  integrations.erase(std::unique(integrations.begin(), integrations.end()), integrations.end());
  return integrations;
}

void EffectCommitter::commit(Batch& batch) {
  if (!commit_together(batch)) {
    for (auto& pending : batch) {
      if (!as_memory_allows([&] { commit_one(*pending); })) pending->applied = Applied();
    }
  }
  for (const auto& pending : batch) {
    counters_.events += pending->applied.stored;
    counters_.events_known += pending->applied.known;
  }
}

bool EffectCommitter::commit_together(const Batch& batch) {
  if (batch.size() == 1) return false;
  try {
    std::vector<Pending*> all;
    for (const auto& pending : batch) all.push_back(pending.get());
    write(all);
    return true;
  } catch (const std::exception& error) {
    // Which of them failed shows when each stands alone.
    as_memory_allows([&] { logger_.debug("effects: batch repeated one by one", {{"error", error.what()}}); });
    return false;
  }
}

void EffectCommitter::commit_one(Pending& pending) {
  auto& applied = pending.applied;
  try {
    write({&pending});
  } catch (const std::bad_alloc&) {
    applied = Applied();  // nobody's fault: later
  } catch (const Error& error) {
    applied = Applied();
    applied.reason = kept_of(error);
    applied.outcome = error.code() == Code::invalid       ? Applied::Outcome::refused
                      : error.code() == Code::unavailable ? Applied::Outcome::unavailable
                      : stale(error)                      ? Applied::Outcome::gone
                                                          : Applied::Outcome::broken;
  } catch (const std::exception& error) {
    applied = Applied();
    applied.reason = kept_of(error);
    applied.outcome = Applied::Outcome::broken;
  }
}

void EffectCommitter::write(const std::vector<Pending*>& batch) {
  parts_.store.write_now([&](store::Session& session) {
    find_targets(session, batch);
    end_rows(session, batch);
    apply_events(session, batch);
    for (const Pending* pending : batch) {
      const auto& effect = pending->effect;
      if (effect.companion) effect.companion(session, pending->applied);
    }
  });
  ++counters_.effect_batches;
}

// Here and not before, so that it is the integration which is connected when the event has its effect.
void EffectCommitter::find_targets(store::Session& session, const std::vector<Pending*>& batch) const {
  const plugin::Integrations table;
  std::map<std::tuple<std::string, Id, std::string>, Id> found;
  for (Pending* pending : batch) {
    const auto& effect = pending->effect;
    pending->applied = Applied();
    pending->touched.clear();
    pending->targets.assign(effect.events.size(), effect.integration);
    if (!effect.profile_of) continue;
    for (std::size_t i = 0; i < effect.events.size(); ++i) {
      const auto& identity = effect.events[i].identity;
      const auto [entry, is_new] = found.try_emplace({*effect.profile_of, effect.integration, identity}, 0);
      if (is_new) {
        const auto holder = table.holder(session, *effect.profile_of, identity);
        if (holder && holder->profile == effect.integration) entry->second = holder->id;
      }
      pending->targets[i] = entry->second;
      if (entry->second != 0) continue;
      ++pending->applied.unknown;
      pending->applied.reason = Text("hooks.unknown_identity", {{"identity", identity}}).kept();
    }
  }
}

void EffectCommitter::end_rows(store::Session& session, const std::vector<Pending*>& batch) const {
  const std::int64_t now = parts_.clock.now().time_since_epoch().count();
  std::vector<store::Values> ends;
  std::vector<Pending*> ending;
  for (Pending* pending : batch) {
    auto& applied = pending->applied;
    applied.outcome = Applied::Outcome::done;
    if (pending->effect.row == 0) continue;
    const bool whole = applied.unknown == 0;
    ends.push_back({whole ? "done" : "dead", now, summary(pending->effect.events, pending->targets),
                    whole ? store::Value() : store::Value(applied.reason), pending->effect.row});
    ending.push_back(pending);
  }
  const auto ended = session.query_each(
      "update inbox set state = :state, finished_at = :now, effect = :effect, reason = :reason " +
          std::string(kIfOpen) + " returning id",
      std::move(ends));
  for (std::size_t i = 0; i < ending.size(); ++i) {
    if (ended[i].empty()) ending[i]->applied.outcome = Applied::Outcome::gone;
  }
}

void EffectCommitter::apply_events(store::Session& session, const std::vector<Pending*>& batch) {
  struct Use {
    Pending* pending;
    const Event* event;
    Id target;
    Id id;
  };
  std::vector<Use> uses;
  auto keys = key_insert();
  const std::int64_t now = parts_.clock.now().time_since_epoch().count();
  for (Pending* pending : batch) {
    if (pending->applied.outcome == Applied::Outcome::gone) continue;
    const auto& events = pending->effect.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Id target = pending->targets[i];
      if (target == 0) continue;
      uses.push_back({pending, &events[i], target, parts_.mint.next()});
      keys.add({uses.back().id, target, events[i].dedupe_key, now});
    }
  }
  if (uses.empty()) return;
  const auto inserted = session.insert_new(keys);
  const std::unordered_set<std::int64_t> fresh(inserted.begin(), inserted.end());
  std::vector<Arrived> arrived;
  for (const auto& use : uses) {
    const bool is_new = fresh.count(use.id) > 0;
    ++(is_new ? use.pending->applied.stored : use.pending->applied.known);
    if (!is_new) continue;
    use.pending->touched.push_back(use.target);
    arrived.push_back({use.target, use.event});
  }
  if (!arrived.empty()) parts_.sink.apply(session, arrived);
}

// Whoever is not resumed since this throws is still as it was.
void EffectCommitter::resume(std::shared_ptr<Batch> batch) {
  asio::post(io_, [batch = std::move(batch)] {
    for (const auto& pending : *batch) {
      auto executor = asio::get_associated_executor(pending->handler);
      asio::dispatch(
          executor, [handler = std::move(pending->handler), applied = std::move(pending->applied)]() mutable {
            std::move(handler)(std::move(applied));
          });
    }
    batch->clear();  // here, whoever else still holds it
  });
}

}  // namespace patchbay::hooks
