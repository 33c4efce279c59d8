#include "port/impl/worker_link.hpp"

#include <boost/asio/post.hpp>

#include "patchbay/abi.h"

namespace patchbay::port {

namespace asio = boost::asio;
using wire::Frame;
using wire::Kind;

WorkerLink::WorkerLink(RemoteOptions options, Child child)
    : options_(std::move(options)),
      strand_(asio::make_strand(options_.executor)),
      child_(std::move(child)),
      window_(std::make_shared<Window>(options_.in_flight)),
      wire_(std::make_shared<Connection>(options_.executor, options_.clock, child_.wire.release())),
      process_(strand_, child_.pidfd.release()),
      errors_(strand_, child_.errors.release()),
      lines_(options_.clock, options_.journal) {}

void WorkerLink::say(int level, const std::string& text) const {
  if (options_.journal) options_.journal(level, text);
}

void WorkerLink::run(Told told) {
  asio::post(strand_, [self = shared_from_this(), told = std::move(told)]() mutable {
    self->oom_kills_ = self->oom_kills();
    self->started_ = std::move(told);
    self->watch_process();
    self->read_errors();
    // Frames and what becomes of the process are handled one after another.
    auto frame = [self](Frame f) { self->on_frame(std::move(f)); };
    auto over = [self](std::string reason) {
      asio::post(self->strand_,
                 [self, reason = std::move(reason)]() mutable { self->on_wire_end(std::move(reason)); });
    };
    self->wire_->start(std::move(frame), std::move(over));
    const auto limit = self->options_.start_limit;
    self->start_timer_ = self->options_.clock.after(self->strand_, limit, [self, limit] {
      const auto seconds = std::to_string(limit.count() / 1000);
      self->started(
          std::make_exception_ptr(Error(Code::deadline, Text("port.worker_silent", {{"seconds", seconds}}))));
      self->kill("it did not open its library within " + seconds + " s");
    });
  });
}

void WorkerLink::started(std::exception_ptr error) {
  start_timer_.reset();
  const auto told = std::exchange(started_, nullptr);
  if (told) told(error);
}

void WorkerLink::on_death(std::function<void(Death)> told) {
  std::unique_lock lock(mutex_);
  if (!death_) {
    on_death_ = std::move(told);
    return;
  }
  const auto death = *death_;
  lock.unlock();
  told(death);
}

void WorkerLink::open(std::uint32_t number, std::string plugin_id, std::shared_ptr<HostSide> host,
                      Told told) {
  std::unique_lock lock(mutex_);
  if (dead_) {
    lock.unlock();
    return told(std::make_exception_ptr(
        Error(Code::unavailable, Text("port.worker_died", {{"cause", death_->cause}}))));
  }
  seats_[number].host = std::move(host);
  opening_[number] = std::move(told);
  lock.unlock();
  wire_->send(Frame(Kind::open, number, 0, wire::plugin_head(plugin_id)));
}

void WorkerLink::call(std::uint32_t instance, std::uint64_t id, Call call, Instance::Done done) {
  std::unique_lock lock(mutex_);
  if (dead_ || !seats_.contains(instance) || closing_.contains(instance)) {
    auto result = failure(Code::unavailable, Text("port.instance_closed"));
    result.lost = result.untouched = dead_;
    lock.unlock();
    return done(std::move(result));
  }
  auto& open = open_[id];
  open.instance = instance;
  open.done = std::move(done);
  open.trace = call.trace;
  open.began = options_.clock.monotonic();
  lock.unlock();
  auto head = wire::call_head(call);
  wire_->send(Frame(Kind::call, instance, id, std::move(head), std::move(call.message)));
}

void WorkerLink::cancel(std::uint64_t id) {
  std::uint32_t instance = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    instance = found->second.instance;
  }
  wire_->send(Frame(Kind::cancel, instance, id));
}

void WorkerLink::close(std::uint32_t instance, std::function<void()> closed) {
  std::unique_lock lock(mutex_);
  if (dead_ || !seats_.contains(instance)) {
    lock.unlock();
    return closed();
  }
  auto& waiting = closing_[instance];
  const bool first = waiting.empty();
  waiting.push_back(std::move(closed));
  lock.unlock();
  if (first) wire_->send(Frame(Kind::close, instance, 0));
}

void WorkerLink::on_frame(Frame frame) {
  switch (frame.kind) {
    case Kind::hello:
      return on_hello(frame);
    case Kind::opened:
      return on_opened(frame);
    case Kind::closed:
      return on_closed(frame.instance);
    case Kind::answer:
      return on_answer(std::move(frame));
    case Kind::ask:
      return on_ask(std::move(frame));
    case Kind::cancel:
    case Kind::log:
    case Kind::metric:
      return on_noise(std::move(frame));
    case Kind::pong:
      asio::post(strand_, [self = shared_from_this(), ping = frame.id] { self->on_pong(ping); });
      return;
    case Kind::bye: {
      auto error = std::make_exception_ptr(wire::read_error(frame));
      asio::post(strand_, [self = shared_from_this(), error] { self->started(error); });
      return;
    }
    default:
      throw wire::Broken("a kind of frame that only the host sends");
  }
}

void WorkerLink::on_hello(const Frame& frame) {
  auto hello = wire::read_hello(frame);
  wire::Welcome welcome;
  welcome.host = options_.host_version;
  wire_->send(Frame(Kind::welcome, 0, 0, wire::welcome_head(welcome)));
  asio::post(strand_, [self = shared_from_this(), hello = std::move(hello)]() mutable {
    if (!self->started_) return;
    self->hello_ = std::move(hello);
    self->heard_ = self->ticked_ = self->options_.clock.monotonic();
    self->tick();
    self->started(nullptr);
  });
}

void WorkerLink::on_opened(const Frame& frame) {
  Told told;
  std::exception_ptr error;
  if (frame.head != "{}") error = std::make_exception_ptr(wire::read_error(frame));
  {
    const std::lock_guard lock(mutex_);
    const auto found = opening_.find(frame.instance);
    if (found == opening_.end()) throw wire::Broken("opened names an instance that is not being opened");
    told = std::move(found->second);
    opening_.erase(found);
    if (error) seats_.erase(frame.instance);
  }
  told(error);
}

void WorkerLink::on_closed(std::uint32_t instance) {
  std::vector<std::function<void()>> told;
  Seat seat;
  std::vector<Instance::Done> left;
  {
    const std::lock_guard lock(mutex_);
    const auto found = closing_.find(instance);
    if (found == closing_.end()) throw wire::Broken("closed names an instance that is not being closed");
    told = std::move(found->second);
    closing_.erase(found);
    seat = std::move(seats_[instance]);
    seats_.erase(instance);
    for (auto call = open_.begin(); call != open_.end();) {
      if (call->second.instance != instance) {
        ++call;
        continue;
      }
      left.push_back(std::move(call->second.done));
      call = open_.erase(call);
    }
  }
  for (const auto id : seat.asked) seat.host->cancel(id);
  seat.host->instance_ended();
  for (auto& done : left) done(failure(Code::outcome_unknown, Text("port.stopping")));
  for (auto& closed : told) closed();
}

void WorkerLink::on_answer(Frame frame) {
  Open call;
  std::shared_ptr<HostSide> closing;
  const auto id = frame.id;
  auto result = wire::read_result(std::move(frame));
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return;  // a late one
    call = std::move(found->second);
    open_.erase(found);
    if (closing_.contains(call.instance)) closing = seats_[call.instance].host;
  }
  // Calls that the end of an instance cuts off: the worker cannot know whether they acted, the host may.
  if (closing && result.code == Code::outcome_unknown && !closing->acted(call.trace, call.began))
    result.code = Code::cancelled;
  call.done(std::move(result));
}

std::shared_ptr<HostSide> WorkerLink::host_of(const Frame& frame) {
  const std::lock_guard lock(mutex_);
  const auto found = seats_.find(frame.instance);
  if (found != seats_.end()) return found->second.host;
  if (frame.instance == 0 || frame.instance > last_instance_)
    throw wire::Broken("a frame names an instance that never was");
  return nullptr;  // closed meanwhile
}

void WorkerLink::on_ask(Frame frame) {
  const auto host = host_of(frame);
  if (!host) return;
  const auto instance = frame.instance;
  const auto id = frame.id;
  bool too_many = false;
  {
    const std::lock_guard lock(mutex_);
    auto& asked = seats_[instance].asked;
    too_many = asked.size() >= kMaxHostCalls;
    if (!too_many && !asked.insert(id).second) throw wire::Broken("two requests with one number");
  }
  auto call = wire::read_call(std::move(frame));
  if (too_many) return reply(instance, id, failure(Code::rate_limited, Text("port.too_many_requests")));
  auto answered = [self = shared_from_this(), instance, id](Result result) {
    self->reply(instance, id, std::move(result));
  };
  try {
    host->ask(id, std::move(call), answered);
  } catch (const Error& error) {
    answered(failure(error.code(), error.text()));
  } catch (const std::exception& error) {
    answered(failure(Code::internal, Text::verbatim(error.what())));
  }
}

void WorkerLink::reply(std::uint32_t instance, std::uint64_t id, Result result) {
  {
    const std::lock_guard lock(mutex_);
    const auto seat = seats_.find(instance);
    if (dead_ || seat == seats_.end()) return;
    seat->second.asked.erase(id);
  }
  if (!fits(result.message)) result = failure(Code::internal, Text("port.reply_too_large"));
  auto head = wire::result_head(result);
  Frame frame(Kind::reply, instance, id, std::move(head), std::move(result.message));
  frame.has_fd = result.fd != nullptr;
  frame.fd = std::move(result.fd);
  wire_->send(frame);
}

void WorkerLink::on_noise(Frame frame) {
  if (frame.kind == Kind::log && frame.instance == 0) {
    const auto line = wire::read_log(std::move(frame));
    return say(line.level, line.text);
  }
  const auto host = host_of(frame);
  if (!host) return;
  if (frame.kind == Kind::cancel) {
    host->cancel(frame.id);
  } else if (frame.kind == Kind::log) {
    auto line = wire::read_log(std::move(frame));
    host->log(line.level, std::move(line.text), std::move(line.fields));
  } else {
    auto metric = wire::read_metric(frame);
    if (metric.define) {
      host->define_metric(metric.handle, metric.kind, std::move(metric.name), std::move(metric.help),
                          std::move(metric.labels));
    } else {
      host->record_metric(metric.handle, metric.value, std::move(metric.labels));
    }
  }
}

}  // namespace patchbay::port
