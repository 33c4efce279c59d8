// The process side of a worker: its pings, its standard error, and its end.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "patchbay/abi.h"
#include "port/impl/worker_link.hpp"
#include "port/usage.hpp"

namespace patchbay::port {

namespace asio = boost::asio;
using boost::system::error_code;
using wire::Frame;
using wire::Kind;

namespace {
constexpr Duration kEndGrace{500};  // between the end of the wire and the end of the process
constexpr std::size_t kPipe = 64u << 10;
constexpr int kMostThreads = 1024;
}  // namespace

void WorkerLink::watch_process() {
  process_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](error_code error) {
                        if (!error) self->on_exit();
                      });
}

void WorkerLink::read_errors() {
  errors_.async_read_some(asio::buffer(error_bytes_),
                          [self = shared_from_this()](error_code error, std::size_t count) {
                            if (error) return;
                            self->lines_.take(std::string_view(self->error_bytes_.data(), count));
                            self->read_errors();
                          });
}

void WorkerLink::tick() {
  const auto now = options_.clock.monotonic();
  const bool late = now - ticked_ > 2 * options_.ping_every;  // we were stopped ourselves: hear it out first
  ticked_ = now;
  oom_kills_ = oom_kills();
  if (late) heard_ = now;
  if (now - heard_ >= options_.pong_within) {
    return kill("it answered no ping for " + std::to_string(options_.pong_within.count() / 1000) + " s");
  }
  if (const auto reason = takes_too_much(); !reason.empty()) return kill(reason);
  wire_->send(Frame(Kind::ping, 0, ++pings_));
  const auto left = std::chrono::ceil<Duration>(heard_ + options_.pong_within - now);
  ping_timer_ = options_.clock.after(strand_, std::min(options_.ping_every, left), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->exited_) self->tick();
  });
}

std::string WorkerLink::takes_too_much() {
  const auto usage = usage_of(child_.pid);
  if (!usage) return {};
  const auto allowed = options_.rights.memory;
  if (allowed > 0 && usage->memory > allowed)
    return "it used " + std::to_string(usage->memory >> 20) + " MiB of memory, " +
           std::to_string(allowed >> 20) + " MiB are allowed";
  if (usage->threads > kMostThreads)
    return "it runs " + std::to_string(usage->threads) + " threads, " + std::to_string(kMostThreads) +
           " are allowed";
  const auto& rights = options_.rights;
  const auto lasted = ticked_ - window_began_;
  if (rights.cpu_percent == 0 || lasted < rights.cpu_window) return {};
  const auto share = (usage->cpu - window_cpu_) * 100 / std::chrono::duration_cast<Duration>(lasted);
  const bool is_first = window_began_ == std::chrono::nanoseconds(0);
  window_began_ = ticked_;
  window_cpu_ = usage->cpu;
  if (is_first || share <= rights.cpu_percent) return {};
  return "it took " + std::to_string(share) + " % of a processor for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(lasted).count()) + " s, " +
         std::to_string(rights.cpu_percent) + " % are allowed";
}

// How often the kernel has killed a process for want of memory: all that tells such a SIGKILL from others.
std::uint64_t WorkerLink::oom_kills() const {
  std::ifstream file(options_.vmstat);
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

void WorkerLink::on_pong(std::uint64_t ping) {
  if (ping <= ponged_ || ping > pings_) return;  // of nothing that we asked: not a sign of life
  ponged_ = ping;
  heard_ = options_.clock.monotonic();
}

void WorkerLink::signal_kill() {
  asio::post(strand_, [self = shared_from_this()] {
    if (!self->exited_) ::syscall(SYS_pidfd_send_signal, self->process_.native_handle(), SIGKILL, nullptr, 0);
  });
}

void WorkerLink::kill(std::string why) {
  {
    const std::lock_guard lock(mutex_);
    if (dead_) return;
    if (killed_for_.empty()) killed_for_ = std::move(why);
  }
  signal_kill();
}

void WorkerLink::abandon() {
  {
    const std::lock_guard lock(mutex_);
    if (dead_) return;
    asked_to_leave_ = true;
    on_death_ = nullptr;
  }
  signal_kill();
}

void WorkerLink::leave(Duration grace, std::function<void()> gone) {
  std::unique_lock lock(mutex_);
  asked_to_leave_ = true;
  if (dead_) {
    lock.unlock();
    return gone();
  }
  gone_.push_back(std::move(gone));
  lock.unlock();
  wire_->send(Frame(Kind::bye, 0, 0));
  asio::post(strand_, [self = shared_from_this(), grace] {
    self->leave_timer_ = self->options_.clock.after(self->strand_, grace, [self] { self->signal_kill(); });
  });
}

void WorkerLink::on_wire_end(std::string reason) {
  wire_ended_ = true;
  if (!reason.empty()) {
    kill("it " + reason);
  } else if (!exited_) {
    end_timer_ = options_.clock.after(strand_, kEndGrace, [self = shared_from_this()] {
      if (!self->exited_) self->kill("it closed its line to the host");
    });
  }
  end_if_over();
}

void WorkerLink::on_exit() {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process_.native_handle()), &info, WEXITED) == 0) {
    status_code_ = info.si_code;
    status_ = info.si_status;
  } else if (errno == EAGAIN) {
    return watch_process();  // it can be told a moment before there is something to reap
  }
  exited_ = true;
  ping_timer_.reset();
  // What it said last is still in the socket, and ends by itself unless somebody inherited the other end.
  end_timer_ =
      options_.clock.after(strand_, kEndGrace, [self = shared_from_this()] { self->wire_->abort({}); });
  end_if_over();
}

void WorkerLink::end_if_over() {
  if (!exited_ || !wire_ended_) return;
  end_timer_.reset();
  leave_timer_.reset();
  error_code ignored;
  errors_.non_blocking(true, ignored);
  errors_.cancel(ignored);
  // No more than the pipe held when it ended: a child that it left behind may write for ever.
  for (std::size_t i = 0; i < kPipe / error_bytes_.size(); ++i) {
    const auto count = ::read(errors_.native_handle(), error_bytes_.data(), error_bytes_.size());
    if (count <= 0) break;
    lines_.take(std::string_view(error_bytes_.data(), static_cast<std::size_t>(count)));
  }
  lines_.finish();
  errors_.close(ignored);
  process_.close(ignored);
  end(describe_end());
}

Death WorkerLink::describe_end() {
  Death death;
  std::string killed_for;
  bool asked = false;
  {
    const std::lock_guard lock(mutex_);
    killed_for = killed_for_;
    asked = asked_to_leave_;
  }
  if (status_code_ == CLD_EXITED) {
    death.exit_code = status_;
    death.cause = "it exited with code " + std::to_string(status_);
  } else {
    death.signal = status_;
    death.cause = std::string("signal ") + std::to_string(status_) + " (" + ::strsignal(status_) + ")";
  }
  if (!killed_for.empty()) {
    death.kind = Death::Kind::plugin;
    death.cause = "killed because " + killed_for;
  } else if (asked) {
    death.kind = Death::Kind::asked;
  } else if (death.signal == SIGKILL && oom_kills() != oom_kills_) {
    death.cause += ", sent by the kernel because memory ran out";
  } else if (death.signal == SIGKILL || death.signal == SIGTERM || death.signal == SIGINT ||
             death.signal == SIGHUP) {
    death.kind = Death::Kind::accident;  // none of a plugin's making
    death.cause += ", sent by somebody else";
  }
  if (death.kind == Death::Kind::plugin && killed_for.empty() && !lines_.last().empty()) {
    death.cause += "; its last words: " + lines_.last().substr(0, 300);
  }
  return death;
}

void WorkerLink::end(const Death& death) {
  decltype(seats_) seats;
  decltype(opening_) opening;
  decltype(closing_) closing;
  decltype(open_) open;
  decltype(gone_) gone;
  std::function<void(Death)> told;
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    death_ = death;
    seats.swap(seats_);
    opening.swap(opening_);
    closing.swap(closing_);
    open.swap(open_);
    gone.swap(gone_);
    told.swap(on_death_);
  }
  const Text reason("port.worker_died", {{"cause", death.cause}});
  const auto error = std::make_exception_ptr(Error(Code::unavailable, reason));
  const Text accident("port.worker_killed", {{"cause", death.cause}});
  started(death.kind == Death::Kind::accident ? std::make_exception_ptr(Error(Code::unavailable, accident))
                                              : error);
  // Before it is asked what acted: afterwards nothing acts any more.
  for (auto& [number, seat] : seats) {
    for (const auto id : seat.asked) seat.host->cancel(id);
    seat.host->instance_ended();
  }
  for (auto& [id, call] : open) {
    const auto seat = seats.find(call.instance);
    const bool acted = seat != seats.end() && seat->second.host->acted(call.trace, call.began);
    auto result = failure(acted ? Code::outcome_unknown : Code::unavailable, reason);
    result.lost = true;
    call.done(std::move(result));
  }
  for (auto& [number, opened] : opening) opened(error);
  for (auto& [number, waiting] : closing) {
    for (auto& closed : waiting) closed();
  }
  if (told) told(death);
  for (auto& left : gone) left();
}

}  // namespace patchbay::port
