#include "port/impl/gated.hpp"

namespace patchbay::port {
namespace {

bool is_lifecycle(const std::string& method) {
  return method.starts_with("pb.lifecycle/");
}

// Calls that stay open by nature, and those that end the others.
bool passes_the_window(const std::string& method) {
  return is_lifecycle(method) || method == "pb.listen/1:run" || method == "pb.sync/1:run";
}

// Whoever reads an answer may walk it.
Instance::Done shallow(std::string method, Instance::Done done) {
  return [method = std::move(method), done = std::move(done)](Result result) {
    if (is_too_deep(result.message.json))
      result = failure(Code::internal, Text("port.answer_too_deep", {{"method", method}}));
    done(std::move(result));
  };
}

}  // namespace

std::uint64_t next_call_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::uint64_t GatedInstance::begin(Call call, Done done) {
  const auto number = next_call_number();
  done = shallow(call.method, std::move(done));
  if (!fits(call.message)) {
    done(failure(Code::invalid, Text("port.call_too_large", {{"method", call.method}})));
  } else if (draining_ && !is_lifecycle(call.method)) {
    done(failure(Code::unavailable, Text("port.stopping")));
  } else if (passes_the_window(call.method)) {
    if (call.method == "pb.lifecycle/1:drain" && !draining_.exchange(true))
      refuse_waiting(failure(Code::unavailable, Text("port.stopping")));
    start(number, std::move(call), std::move(done));
  } else {
    enter(number, std::move(call), std::move(done));
  }
  return number;
}

void GatedInstance::enter(std::uint64_t number, Call call, Done done) {
  struct Waiting {
    Waiting(Call c, Done d) : call(std::move(c)), done(std::move(d)) {}
    Call call;
    Done done;
  };
  auto waiting = std::make_shared<Waiting>(std::move(call), std::move(done));
  auto self = std::static_pointer_cast<GatedInstance>(shared_from_this());
  const auto began = clock_.monotonic();
  Window::Entry entry;
  entry.call = number;
  entry.refuse = [waiting](Result result) { waiting->done(std::move(result)); };
  entry.start = [self, waiting, number, began] {
    auto leave = [self, waiting](Result result) {
      // The room is free before the answer is known, so that a caller who goes on at once finds it.
      self->window_->leave(self->number_);
      waiting->done(std::move(result));
    };
    auto& limit = waiting->call.timeout;
    if (limit > Duration{0}) {
      limit -= std::chrono::duration_cast<Duration>(self->clock_.monotonic() - began);
      if (limit <= Duration{0}) {
        return leave(
            failure(Code::deadline, Text("port.waited_too_long", {{"method", waiting->call.method}})));
      }
    }
    self->start(number, std::move(waiting->call), std::move(leave));
  };
  window_->enter(number_, std::move(entry));
}

void GatedInstance::cancel(std::uint64_t number) {
  const auto waiting = window_->drop(number_, number);
  if (waiting) return waiting->refuse(failure(Code::cancelled, Text("port.cancelled")));
  forward_cancel(number);
}

void GatedInstance::refuse_waiting(const Result& result) {
  for (auto& entry : window_->drop_all(number_)) entry.refuse(result);
}

}  // namespace patchbay::port
