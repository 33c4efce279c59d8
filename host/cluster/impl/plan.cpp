#include "cluster/impl/plan.hpp"

#include <algorithm>
#include <map>

namespace patchbay::cluster {

Plan plan_for(Id me, std::vector<Id> live, const Holders& holders) {
  std::sort(live.begin(), live.end());
  std::map<Id, std::size_t> quota;
  for (std::size_t i = 0; i < live.size(); ++i)
    quota[live[i]] = kPartitions / live.size() + (i < kPartitions % live.size() ? 1 : 0);
  std::map<Id, std::size_t> has;
  std::vector<std::size_t> free;
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto holder = holders.at(i);
    if (!quota.contains(holder)) {
      free.push_back(i);
      continue;
    }
    ++has[holder];
    if (holder == me) mine.push_back(i);
  }
  Plan plan;
  if (mine.size() < quota[me]) {
    // Each begins elsewhere, so that those who take at the same time seldom want the same.
    const auto place = static_cast<std::size_t>(std::find(live.begin(), live.end(), me) - live.begin());
    const auto lacks = std::min(quota[me] - mine.size(), free.size());
    const auto first = free.empty() ? 0 : place * free.size() / live.size();
    for (std::size_t i = 0; i < lacks; ++i) plan.take.push_back(free[(first + i) % free.size()]);
    return plan;
  }
  std::size_t wanted = 0;  // by others, beyond what is free
  for (const auto& [host, due] : quota) wanted += host != me && has[host] < due ? due - has[host] : 0;
  wanted -= std::min(wanted, free.size());
  const auto spare = std::min(mine.size() - quota[me], wanted);
  plan.give.assign(mine.end() - static_cast<std::ptrdiff_t>(spare), mine.end());
  return plan;
}

}  // namespace patchbay::cluster
