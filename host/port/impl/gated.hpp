#pragma once

#include <atomic>
#include <memory>

#include "port/impl/window.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// What both modes share: a call gets its number, waits for room in the window, and is refused when its time
// is up before it could start. From drain on only lifecycle passes, and what waits is refused.
class GatedInstance : public Instance {
 public:
  GatedInstance(Clock& clock, std::shared_ptr<Window> window, std::uint32_t number)
      : Instance(clock), window_(std::move(window)), number_(number) {}

  std::uint64_t begin(Call call, Done done) final;
  void cancel(std::uint64_t number) final;
  std::uint32_t number() const { return number_; }

 protected:
  // Hands a call to the plugin; `done` exactly once.
  virtual void start(std::uint64_t number, Call call, Done done) = 0;
  virtual void forward_cancel(std::uint64_t number) = 0;
  // Answers all that wait for room.
  void refuse_waiting(const Result& result);

 private:
  void enter(std::uint64_t number, Call call, Done done);

  std::shared_ptr<Window> window_;
  const std::uint32_t number_;
  std::atomic<bool> draining_{false};
};

// Never repeats within the process.
std::uint64_t next_call_number();

}  // namespace patchbay::port
