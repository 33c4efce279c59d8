#include "outbox/impl/lanes.hpp"

#include <algorithm>
#include <vector>

namespace patchbay::outbox {

void Lanes::make_ready(const std::string& name, Lane& lane) {
  lane.place = Place::ready;
  ready_.emplace(lane.head, name);
}

void Lanes::take_out(const std::string& name, const Lane& lane) {
  if (lane.place == Place::ready) ready_.erase({lane.head, name});
  if (lane.place == Place::waiting) waiting_.erase({lane.due, lane.head, name});
}

void Lanes::offer(const std::string& name, Id head, const std::string& kind) {
  const auto [found, is_new] = lanes_.try_emplace(name);
  auto& lane = found->second;
  if (is_new) {
    lane.head = head;
    lane.kind = kind;
    make_ready(name, lane);
  } else if (lane.place == Place::busy) {
    lane.offered = std::min(lane.offered.value_or(head), head);
  }
}

std::optional<std::string> Lanes::first() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->second;
}

void Lanes::begin(const std::string& name) {
  auto& lane = lanes_[name];
  take_out(name, lane);
  lane.place = Place::busy;
}

void Lanes::end(const std::string& name, std::optional<Id> next) {
  auto& lane = lanes_[name];
  take_out(name, lane);
  if (!next) next = lane.offered;
  if (!next) {
    lanes_.erase(name);
    return;
  }
  Lane fresh;
  fresh.head = *next;
  fresh.kind = lane.kind;
  lane = fresh;
  make_ready(name, lane);
}

void Lanes::postpone(const std::string& name, Time due, Wait why) {
  auto& lane = lanes_[name];
  take_out(name, lane);
  lane.place = Place::waiting;
  lane.due = due;
  lane.why = why;
  waiting_.emplace(due, lane.head, name);
}

void Lanes::promote(Time now) {
  while (!waiting_.empty() && std::get<0>(*waiting_.begin()) <= now) {
    const auto name = std::get<2>(*waiting_.begin());
    auto& lane = lanes_[name];
    take_out(name, lane);
    make_ready(name, lane);
  }
}

void Lanes::forgive() {
  for (auto& [name, lane] : lanes_) {
    if (lane.place != Place::waiting || lane.why != Wait::back_off) continue;
    take_out(name, lane);
    make_ready(name, lane);
  }
}

std::optional<Lanes::Time> Lanes::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return std::get<0>(*waiting_.begin());
}

std::string Lanes::kind(const std::string& name) const {
  const auto found = lanes_.find(name);
  return found == lanes_.end() ? std::string() : found->second.kind;
}

int Lanes::failures(const std::string& name) const {
  const auto found = lanes_.find(name);
  return found == lanes_.end() ? 0 : found->second.failures;
}

void Lanes::count_failure(const std::string& name) {
  ++lanes_[name].failures;
}

}  // namespace patchbay::outbox
