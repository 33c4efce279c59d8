#include "port/impl/window.hpp"

#include <algorithm>

namespace patchbay::port {

std::optional<Window::Entry> Window::next() {
  if (waiting_ == 0 || inside_ >= limits_.per_port) return std::nullopt;
  auto lane = lanes_.upper_bound(turn_);
  for (std::size_t i = 0; i < lanes_.size(); ++i, ++lane) {
    if (lane == lanes_.end()) lane = lanes_.begin();
    auto& state = lane->second;
    if (state.waiting.empty() || state.inside >= limits_.per_instance) continue;
    auto entry = std::move(state.waiting.front());
    state.waiting.pop_front();
    turn_ = lane->first;
    ++state.inside;
    ++inside_;
    --waiting_;
    return entry;
  }
  return std::nullopt;
}

void Window::enter(std::uint32_t instance, Entry entry) {
  std::unique_lock lock(mutex_);
  lanes_[instance].waiting.push_back(std::move(entry));
  ++waiting_;
  admit(lock);
}

void Window::leave(std::uint32_t instance) {
  std::unique_lock lock(mutex_);
  const auto lane = lanes_.find(instance);
  if (lane == lanes_.end()) return;
  --inside_;
  if (--lane->second.inside == 0 && lane->second.waiting.empty()) lanes_.erase(lane);
  admit(lock);
}

void Window::admit(std::unique_lock<std::mutex>& lock) {
  // A start that ends at once comes back here: the loop that runs already takes the next one, not a deeper
  // stack.
  if (admitting_) return;
  admitting_ = true;
  while (auto ready = next()) {
    lock.unlock();
    ready->start();
    ready.reset();
    lock.lock();
  }
  admitting_ = false;
}

std::optional<Window::Entry> Window::drop(std::uint32_t instance, std::uint64_t call) {
  const std::lock_guard lock(mutex_);
  const auto lane = lanes_.find(instance);
  if (lane == lanes_.end()) return std::nullopt;
  auto& waiting = lane->second.waiting;
  const auto found =
      std::find_if(waiting.begin(), waiting.end(), [&](const Entry& e) { return e.call == call; });
  if (found == waiting.end()) return std::nullopt;
  auto entry = std::move(*found);
  waiting.erase(found);
  --waiting_;
  return entry;
}

std::vector<Window::Entry> Window::drop_all(std::uint32_t instance) {
  const std::lock_guard lock(mutex_);
  const auto lane = lanes_.find(instance);
  if (lane == lanes_.end()) return {};
  std::vector<Entry> all(std::make_move_iterator(lane->second.waiting.begin()),
                         std::make_move_iterator(lane->second.waiting.end()));
  lane->second.waiting.clear();
  waiting_ -= all.size();
  return all;
}

}  // namespace patchbay::port
