#include "jobs/impl/turns.hpp"

#include <algorithm>

namespace patchbay::jobs {

void Turns::enqueue(Id integration, Line& line) {
  if (line.in_order || line.waiting.empty() || line.running >= share_) return;
  line.in_order = true;
  order_.push_back(integration);
}

void Turns::add(Id integration, Id job) {
  auto& line = lines_[integration];
  if (std::find(line.waiting.begin(), line.waiting.end(), job) != line.waiting.end()) return;
  line.waiting.push_back(job);
  enqueue(integration, line);
}

void Turns::remove(Id integration, Id job) {
  const auto found = lines_.find(integration);
  if (found == lines_.end()) return;
  auto& line = found->second;
  std::erase(line.waiting, job);
  if (!line.waiting.empty()) return;
  if (std::exchange(line.in_order, false)) std::erase(order_, integration);
  if (line.running == 0) lines_.erase(found);
}

std::optional<Id> Turns::next() {
  if (running_ >= most_ || order_.empty()) return std::nullopt;
  const auto integration = order_.front();
  order_.pop_front();
  auto& line = lines_.at(integration);
  line.in_order = false;
  const auto job = line.waiting.front();
  line.waiting.pop_front();
  ++line.running;
  ++running_;
  enqueue(integration, line);
  return job;
}

void Turns::ended(Id integration) {
  const auto found = lines_.find(integration);
  if (found == lines_.end() || found->second.running == 0) return;
  --running_;
  auto& line = found->second;
  --line.running;
  enqueue(integration, line);
  if (line.running == 0 && line.waiting.empty()) lines_.erase(found);
}

}  // namespace patchbay::jobs
