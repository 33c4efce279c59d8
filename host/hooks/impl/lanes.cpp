#include "hooks/impl/lanes.hpp"

#include <iterator>

namespace patchbay::hooks {

std::shared_ptr<Lanes::Lane> Lanes::find_or_make(const Key& key) {
  const auto found = lanes_.find(key);
  if (found != lanes_.end()) return found->second;
  Share& share = shares_[key.first];
  if (share.lanes >= limits_.lanes) {
    share.overflow = share.turned_away = share.unlisted = true;
    return nullptr;
  }
  ++share.lanes;
  auto lane = std::make_shared<Lane>(key);
  lanes_.emplace(key, lane);
  return lane;
}

void Lanes::push(Lane& lane, InboxRow row) {
  held_.insert(row.id);
  ++shares_[row.integration].rows;
  bytes_ += row.bytes();
  lane.rows.push_back(std::move(row));
}

std::shared_ptr<Lanes::Lane> Lanes::accept(InboxRow row) {
  if (knows(row.id)) return nullptr;
  auto lane = find_or_make({row.integration, row.lane});
  if (!lane) return nullptr;
  const Share& share = shares_[row.integration];
  const bool fits = lane->rows.size() < limits_.per_lane && held_.size() < limits_.rows &&
                    share.rows < limits_.rows / 4 && bytes_ + row.bytes() <= limits_.bytes;
  if (lane->behind || lane->reading || !fits || !complete_ || share.unlisted) {
    lane->behind = true;
  } else {
    push(*lane, std::move(row));
  }
  return lane;
}

std::shared_ptr<Lanes::Lane> Lanes::missed(Id row, const Key& key) {
  if (knows(row)) return nullptr;
  auto lane = find_or_make(key);
  if (lane) lane->behind = true;
  return lane;
}

std::size_t Lanes::begin_refill(Lane& lane) {
  lane.read = begin_read();
  lane.behind = false;
  lane.reading = true;
  return held_.size() < limits_.rows && bytes_ < limits_.bytes ? limits_.per_lane : 1;
}

void Lanes::refill(Lane& lane, std::vector<InboxRow> rows, bool all) {
  lane.reading = false;
  if (!all) lane.behind = true;
  for (auto& row : rows) {
    if (!knows(row.id)) push(lane, std::move(row));
  }
  end_read(lane.read);
}

void Lanes::pop(Lane& lane) {
  const InboxRow& row = lane.rows.front();
  held_.erase(row.id);
  --shares_[row.integration].rows;
  if (!reads_.empty() && ended_.insert(row.id).second) ended_in_order_.emplace_back(++moment_, row.id);
  bytes_ -= row.bytes();
  lane.rows.pop_front();
}

void Lanes::release(const std::shared_ptr<Lane>& lane) {
  if (!lane->rows.empty() || lane->behind) return;
  lanes_.erase(lane->key);
  const auto share = shares_.find(lane->key.first);
  --share->second.lanes;
  if (share->second.idle()) shares_.erase(share);
}

bool Lanes::take_overflow(Id integration) {
  const auto share = shares_.find(integration);
  if (share == shares_.end() || !share->second.overflow) return false;
  share->second.overflow = false;
  if (share->second.idle()) shares_.erase(share);
  return true;
}

bool Lanes::overflows(Id integration) const {
  const auto share = shares_.find(integration);
  return share != shares_.end() && share->second.turned_away;
}

std::uint64_t Lanes::begin_read() {
  reads_.insert(++moment_);
  return moment_;
}

// What ended before the oldest read began is of no use any more.
void Lanes::end_read(std::uint64_t began) {
  reads_.erase(began);
  while (!ended_in_order_.empty() && (reads_.empty() || ended_in_order_.front().first < *reads_.begin())) {
    ended_.erase(ended_in_order_.front().second);
    ended_in_order_.pop_front();
  }
}

void Lanes::begin_listing() {
  listing_ = true;
  for (auto& [integration, share] : shares_) share.turned_away = false;
}

void Lanes::end_listing() {
  if (!listing_) return;
  complete_ = true;
  for (auto share = shares_.begin(); share != shares_.end();) {
    share->second.unlisted = share->second.turned_away;
    share = share->second.idle() ? shares_.erase(share) : std::next(share);
  }
}

}  // namespace patchbay::hooks
