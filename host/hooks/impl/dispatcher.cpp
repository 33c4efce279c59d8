#include "hooks/dispatcher.hpp"

#include <algorithm>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/back_off.hpp"
#include "base/failure.hpp"
#include "hooks/impl/dispatcher_state.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

Dispatcher::State::State(Parts p, asio::any_io_executor io, log::Logger l, Options o)
    : parts(p),
      options(o),
      logger(std::move(l)),
      strand(asio::make_strand(io)),
      lanes(Lanes::Limits(o.rows_in_memory, o.bytes_in_memory, o.rows_per_lane, o.lanes_per_integration)),
      inbox(p.store, p.clock),
      scope(std::move(io), [this](const std::string& name, std::exception_ptr error) {
        logger.error("dispatcher: task failed", {{"task", name}, {"error", words_of(error)}});
      }) {}

void Dispatcher::State::add(std::vector<InboxRow> rows) {
  for (auto& row : rows) {
    if (!owns(row.integration)) continue;  // its host finds it
    // Where there are others, one of them may have stored an older row of this lane a moment ago: read them
    // back.
    const bool shared = parts.owned != nullptr && !parts.owned->has_all();
    const Lanes::Key key(row.integration, row.lane);
    if (const auto lane = shared ? lanes.missed(row.id, key) : lanes.accept(std::move(row))) activate(lane);
  }
}

void Dispatcher::State::activate(const LanePtr& lane) {
  if (lane->active) return;
  lane->active = true;
  slots[lane->key.first].ready.push_back(lane);
  pump(lane->key.first);
}

void Dispatcher::State::pump(Id integration) {
  const auto found = slots.find(integration);
  if (found == slots.end()) return;
  Slots& share = found->second;
  const std::size_t most = share.waits > 0 ? 1 : options.calls_per_integration;
  std::vector<LanePtr> starting;
  while (!share.paused && share.calls < most && !share.ready.empty()) {
    starting.push_back(std::move(share.ready.front()));
    share.ready.pop_front();
    ++share.calls;
  }
  const bool idle = share.ready.empty();
  if (share.calls == 0 && idle && share.waits == 0) slots.erase(found);
  if (idle && lanes.take_overflow(integration)) scope.spawn_on(strand, "inbox sweep", sweep());
  for (auto& lane : starting) {
    lane->calling = true;
    scope.spawn_on(strand, "inbox lane", step(std::move(lane)));
  }
}

Duration Dispatcher::State::wait_for(int waits) {
  const auto wait = back_off(options.first_wait, options.longest_wait, waits).count();
  // Between three quarters and five quarters, so that those who failed together do not come back together.
  return Duration(wait * 3 / 4 + static_cast<std::int64_t>(random() % static_cast<unsigned>(wait / 2 + 1)));
}

void Dispatcher::State::pause(Id integration, Duration at_least) {
  Slots& share = slots[integration];
  if (share.paused) return;
  share.paused = true;
  ++share.waits;
  const Duration delay = std::max(at_least, wait_for(share.waits));
  share.timer = parts.clock.after(strand, delay, [weak = weak_from_this(), integration] {
    const auto self = weak.lock();
    if (!self) return;
    const auto found = self->slots.find(integration);
    if (found == self->slots.end()) return;
    found->second.paused = false;
    self->pump(integration);
  });
}

void Dispatcher::State::resume(Id integration) {
  const auto found = slots.find(integration);
  if (found == slots.end()) return;
  found->second.waits = 0;
  found->second.paused = false;
  found->second.timer.reset();
  pump(integration);
}

void Dispatcher::State::unsure() {
  lanes.interrupt_listing();
  cursor = Place(0, 0);
  skip_integration = false;
}

void Dispatcher::State::release_slot(const LanePtr& lane) {
  if (!lane->calling) return;
  lane->calling = false;
  --slots[lane->key.first].calls;
  pump(lane->key.first);
}

void Dispatcher::State::hold(const LanePtr& lane) {
  const std::int64_t left = lane->due - parts.clock.now().time_since_epoch().count();
  lane->due = 0;
  const Duration delay = left > 0 ? Duration(left) : wait_for(++lane->waits);
  lane->timer = parts.clock.after(strand, delay, [weak = weak_from_this(), lane = std::weak_ptr(lane)] {
    const auto self = weak.lock();
    const auto waiting = lane.lock();
    if (!self || !waiting) return;
    waiting->active = false;
    self->activate(waiting);
  });
}

void Dispatcher::State::give_back(const LanePtr& lane, Verdict verdict) {
  if (verdict == Verdict::wait_lane) {
    hold(lane);
  } else {
    lane->active = false;
    if (verdict == Verdict::next) lane->waits = 0;
    if (!lane->rows.empty() || lane->behind) {
      activate(lane);
    } else {
      lanes.release(lane);
    }
  }
  release_slot(lane);
}

Dispatcher::Dispatcher(Parts parts, asio::any_io_executor io, log::Logger logger, Options options)
    : state_(std::make_shared<State>(parts, std::move(io), std::move(logger), options)) {}

Dispatcher::Dispatcher(Parts parts, asio::any_io_executor io, log::Logger logger)
    : Dispatcher(parts, std::move(io), std::move(logger), Options()) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
  state_->scope.spawn_on(state_->strand, "inbox sweep", state_->sweep_for_ever());
  state_->scope.spawn_on(state_->strand, "inbox tidy", state_->tidy_for_ever());
}

asio::awaitable<void> Dispatcher::stop() {
  return state_->scope.stop();
}

void Dispatcher::accepted(std::vector<InboxRow> rows) {
  asio::post(state_->strand,
             [state = state_, rows = std::move(rows)]() mutable { state->add(std::move(rows)); });
}

void Dispatcher::wake() {
  asio::post(state_->strand, [state = state_] {
    state->cursor = Place(0, 0);
    state->skip_integration = false;
    state->scope.spawn_on(state->strand, "inbox sweep", state->sweep());
  });
}

void Dispatcher::look() {
  asio::post(state_->strand, [state = state_] { state->look(); });
}

void Dispatcher::unsure() {
  asio::post(state_->strand, [state = state_] { state->unsure(); });
}

void Dispatcher::ready(Id integration) {
  asio::post(state_->strand, [state = state_, integration] { state->resume(integration); });
}

}  // namespace patchbay::hooks
