#include "port/impl/seat.hpp"

#include <boost/asio/post.hpp>

#include "base/no_destructor.hpp"
#include "port/impl/adopt.hpp"
#include "port/limits.hpp"

namespace patchbay::port {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kLong{50};  // a function on the strand returns within this
constexpr Duration kStalled{2'000};
constexpr int kMostComplaints = 100;  // per instance: a plugin that misbehaves must not fill the log

Seat::Cell* make_cell() {
  static NoDestructor<std::mutex> mutex;
  static NoDestructor<std::vector<Seat::Cell*>> all;  // reachable, so that leak checkers know them
  auto* cell = new Seat::Cell;
  fill_host_table(*cell);
  const std::lock_guard lock(mutex.get());
  all.get().push_back(cell);
  return cell;
}

}  // namespace

Seat::Seat(Parts parts)
    : strand_(asio::make_strand(parts.executor)),
      notices_(std::move(parts.notices)),
      clock_(parts.clock),
      host_(std::move(parts.host)),
      watch_time_(parts.watch_time),
      cell_(make_cell()) {}

void Seat::enter(const char* what, const std::function<void()>& fn) noexcept {
  watch(what, clock_.monotonic());
  enter_anywhere(what, fn);
  since_ = 0;
}

void Seat::enter_anywhere(const char* what, const std::function<void()>& fn) noexcept {
  const auto began = clock_.monotonic();
  try {
    fn();
  } catch (...) {
    complain(std::string("an exception left the plugin's ") + what + "; none may cross the contract");
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - began);
  if (watch_time_ && took > kLong) {
    complain(std::string("the plugin's ") + what + " took " + std::to_string(took.count()) +
             " ms; it must return within 50 ms, or the manifest says \"blocking\": true");
  }
}

// One timer for many functions: it is set anew only when it was due.
void Seat::watch(const char* what, std::chrono::nanoseconds now) {
  if (!watch_time_) return;
  inside_ = what;
  since_ = now.count();
  if (!watched_.exchange(true)) look_after(kStalled);
}

void Seat::look_after(Duration delay) {
  const std::lock_guard lock(mutex_);
  stall_timer_ = clock_.after(notices_, delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look_for_stall();
  });
}

void Seat::look_for_stall() {
  watched_ = false;
  const std::chrono::nanoseconds since(since_);
  if (since.count() == 0) return;
  const auto left = std::chrono::ceil<Duration>(since + kStalled - clock_.monotonic());
  if (left <= Duration{0})
    return complain(std::string("the plugin is stalled: its ") + inside_.load() +
                    " has not returned for 2 s");
  if (!watched_.exchange(true)) look_after(left);
}

void Seat::complain(std::string text) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (++complaints_ > kMostComplaints) return;
  }
  try {
    host_->log(PB_WARN, std::move(text), {});
  } catch (...) {
    std::fputs("patchbay: a log line of a plugin was lost\n", stderr);
  }
}

void Seat::create(const pb_entry& entry, std::string plugin_id,
                  std::function<void(std::exception_ptr)> made) {
  cell_->seat = weak_from_this();
  asio::post(strand_, [self = shared_from_this(), create = entry.create, id = std::move(plugin_id),
                       made = std::move(made)] {
    {
      const std::lock_guard lock(self->mutex_);
      self->life_ = Life::creating;
    }
    pb_plugin* theirs = nullptr;
    self->enter("create", [&] { theirs = create(&self->cell_->table, id.c_str()); });
    self->plugin_ = adopt(theirs);
    const bool whole = self->plugin_.deliver != nullptr && self->plugin_.destroy != nullptr;
    {
      const std::lock_guard lock(self->mutex_);
      self->life_ = whole ? Life::running : Life::destroyed;
    }
    if (whole) return made(nullptr);
    const auto* reason = theirs == nullptr ? "port.create_failed" : "port.table_broken";
    made(std::make_exception_ptr(Error(Code::internal, Text(reason, {{"plugin", id}}))));
  });
}

void Seat::deliver(std::uint64_t id, Call call, Instance::Done done) {
  std::unique_lock lock(mutex_);
  if (life_ != Life::running) {
    lock.unlock();
    return done(failure(Code::unavailable, Text("port.instance_closed")));
  }
  Open open;
  open.done = std::move(done);
  open.trace = call.trace;
  open.began = clock_.monotonic();
  if (call.timeout > Duration{0}) open.limit = open.began + call.timeout;
  open_.emplace(id, std::move(open));
  lock.unlock();
  asio::post(strand_, [self = shared_from_this(), id, call = std::move(call)]() mutable {
    self->hand_over(id, std::move(call));
  });
}

void Seat::hand_over(std::uint64_t id, Call call) {
  Instance::Done unwanted;
  std::chrono::nanoseconds limit{0};
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    limit = found->second.limit;
    if (found->second.cancelled) {
      unwanted = std::move(found->second.done);
      open_.erase(found);
    } else {
      found->second.delivered = true;
    }
  }
  if (unwanted) return unwanted(failure(Code::cancelled, Text("port.cancelled")));
  const Lent lent(call.message);
  pb_call request{};
  request.struct_size = sizeof request;
  request.id = id;
  request.method = view_of(call.method);
  request.trace = view_of(call.trace);
  if (limit.count() != 0) {
    const auto left = std::chrono::duration_cast<Duration>(limit - clock_.monotonic()).count();
    request.timeout_ms = std::max<std::int64_t>(left, 1);
  }
  request.msg = lent.get();
  enter("deliver", [&] { plugin_.deliver(plugin_.self, &request); });
}

void Seat::cancel(std::uint64_t id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end() || std::exchange(found->second.cancelled, true)) return;
    if (!found->second.delivered || life_ != Life::running) return;
  }
  // The table says any thread; the strand cannot be used, it may be what hangs. But never from inside the
  // caller.
  asio::post(notices_, [self = shared_from_this(), id] { self->notify(id); });
}

void Seat::notify(std::uint64_t id) {
  if (plugin_.cancelled == nullptr) return;
  // The plugin is not destroyed while it is being told: the end waits for this lock.
  const std::lock_guard telling(telling_);
  {
    const std::lock_guard lock(mutex_);
    if (life_ == Life::destroyed || !open_.contains(id)) return;
  }
  enter_anywhere("cancelled", [&] { plugin_.cancelled(plugin_.self, id); });
}

void Seat::close(std::function<void()> closed) {
  std::unique_lock lock(mutex_);
  if (life_ == Life::destroyed || life_ == Life::fresh) {
    lock.unlock();
    return closed();
  }
  closed_.push_back(std::move(closed));
  if (life_ == Life::closing) return;
  life_ = Life::closing;
  lock.unlock();
  asio::post(strand_, [self = shared_from_this()] { self->begin_close(); });
}

void Seat::begin_close() {
  std::vector<std::uint64_t> inside;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, open] : open_) {
      if (!std::exchange(open.cancelled, true)) inside.push_back(id);
    }
  }
  for (const auto id : inside) notify(id);
  fail_host_calls();
  end_streams();
  std::vector<std::uint64_t> alarms;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, alarm] : alarms_) alarms.push_back(id);
  }
  for (const auto id : alarms) run_alarm(id);
  // Behind what those callbacks, and posts accepted before, have put on the strand.
  asio::post(strand_, [self = shared_from_this()] {
    self->answer_open_calls();
    self->destroy();
  });
}

void Seat::fail_host_calls() {
  std::vector<std::uint64_t> asked;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, request] : asked_) asked.push_back(id);
  }
  const auto cancelled = failure(Code::cancelled, Text("port.stopping"));
  for (const auto id : asked) {
    host_->cancel(id);
    run_reply(id, cancelled);
  }
}

void Seat::answer_open_calls() {
  std::unordered_map<std::uint64_t, Open> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(open_);
  }
  for (auto& [id, open] : left) {
    const bool acted = open.delivered && host_->acted(open.trace, open.began);
    open.done(failure(acted ? Code::outcome_unknown : Code::cancelled, Text("port.stopping")));
  }
}

void Seat::destroy() {
  {
    const std::lock_guard telling(telling_);
    enter("destroy", [&] { plugin_.destroy(plugin_.self); });
  }
  host_->instance_ended();
  std::vector<std::function<void()>> closed;
  {
    const std::lock_guard lock(mutex_);
    life_ = Life::destroyed;
    closed.swap(closed_);
  }
  for (auto& told : closed) told();
}

}  // namespace patchbay::port
