#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "port/limits.hpp"

namespace patchbay::port {

// Lets so many calls into a port and into each of its instances; the rest waits in order, instances taking
// turns. Functions run outside the lock, on the thread that made the room. Any thread.
class Window {
 public:
  class Entry {
   public:
    std::uint64_t call = 0;
    std::function<void()> start;
    std::function<void(Result)> refuse;  // instead of start, when it ends while waiting
  };

  explicit Window(InFlight limits) : limits_(limits) {}

  void enter(std::uint32_t instance, Entry entry);
  void leave(std::uint32_t instance);
  // Takes out a call that still waits.
  std::optional<Entry> drop(std::uint32_t instance, std::uint64_t call);
  // Takes out all that wait.
  std::vector<Entry> drop_all(std::uint32_t instance);

 private:
  struct Lane {
    std::size_t inside = 0;
    std::deque<Entry> waiting;
  };
  // The next that may start, or nothing. Under the lock.
  std::optional<Entry> next();

  void admit(std::unique_lock<std::mutex>& lock);

  const InFlight limits_;
  std::mutex mutex_;
  std::size_t inside_ = 0;
  std::size_t waiting_ = 0;
  std::uint32_t turn_ = 0;
  bool admitting_ = false;
  std::map<std::uint32_t, Lane> lanes_;
};

}  // namespace patchbay::port
