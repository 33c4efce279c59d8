#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "hooks/counters.hpp"
#include "hooks/event_sink.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

class Applied;

// Work of others that stands or falls with an effect. Called after it, in its transaction; may run again
// after a rollback. Throws Error{conflict} when nothing may be applied.
using Companion = std::function<void(store::Session& session, const Applied& applied)>;

// What a plugin made of one inbox row, or said on its own (row 0).
class Effect {
 public:
  Effect(Id row_, Id integration_, std::vector<Event> events_)
      : row(row_), integration(integration_), events(std::move(events_)) {}

  Id row;
  Id integration;
  std::optional<std::string>
      profile_of;  // the plugin whose profile `integration` is: events name their identities
  std::vector<Event> events;
  Companion companion;  // may be empty
};

class Applied {
 public:
  enum class Outcome {
    done,
    gone,         // the row was not open any more, or its companion says no: nothing was applied
    refused,      // the domain can never take it
    broken,       // it failed in a way that may pass
    unavailable,  // the store is away
  };
  Outcome outcome = Outcome::unavailable;
  std::size_t stored = 0;   // events that had their effect now
  std::size_t known = 0;    // events whose key was there before
  std::size_t unknown = 0;  // events that concern no connected integration of the profile: the row is dead,
                            // and its replay applies them once there is one
  std::string reason;       // as Text::kept
};

// Event keys, effects and the end of their rows, in one transaction for all that queued up while the previous
// one was under way. When a batch fails it is repeated one by one, so that only the bad one fails. One thread
// of its own.
class EffectCommitter {
 public:
  // All references outlive the committer.
  struct Parts {
    Parts(store::Store& s, EventSink& e, IdMint& m, const Clock& c) : store(s), sink(e), mint(m), clock(c) {}
    store::Store& store;
    EventSink& sink;
    IdMint& mint;
    const Clock& clock;
  };
  // `io` resumes those who wait, one post a batch.
  EffectCommitter(Parts parts, boost::asio::any_io_executor io, Counters& counters, log::Logger logger);
  // As stop().
  ~EffectCommitter();

  // Returns once it is committed or known not to be. Not cancelled by its caller's end.
  boost::asio::awaitable<Applied> apply(Effect effect);
  // pb.events/1:emit, pb.sync/1:emit: applies events that belong to no row. Throws Error{invalid} when the
  // domain refuses them, Error{conflict} when the companion does, Error{unavailable} when the store is away,
  // Error{internal} when applying fails.
  boost::asio::awaitable<Applied> emit(Id integration, std::vector<Event> events, Companion companion = {});

  // Applies what waits, answers `unavailable` to what comes later, joins the thread.
  void stop();

 private:
  struct Pending;
  using Batch = std::vector<std::unique_ptr<Pending>>;

  void push(std::unique_ptr<Pending> pending);
  void run();
  std::shared_ptr<Batch> take();
  std::vector<Id> touched(const Batch& batch) const;
  void commit(Batch& batch);
  // False when all of it was rolled back.
  bool commit_together(const Batch& batch);
  void commit_one(Pending& pending);
  void write(const std::vector<Pending*>& batch);
  void find_targets(store::Session& session, const std::vector<Pending*>& batch) const;
  void end_rows(store::Session& session, const std::vector<Pending*>& batch) const;
  void apply_events(store::Session& session, const std::vector<Pending*>& batch);
  void resume(std::shared_ptr<Batch> batch);

  Parts parts_;
  boost::asio::any_io_executor io_;
  Counters& counters_;
  log::Logger logger_;

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Pending>> queue_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace patchbay::hooks
