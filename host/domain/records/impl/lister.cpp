#include "domain/records/impl/lister.hpp"

#include <algorithm>
#include <limits>

#include "domain/records/impl/values.hpp"

namespace patchbay::domain::records {

namespace {

constexpr std::size_t kStep = 500;
constexpr Id kLast = std::numeric_limits<Id>::max();

}  // namespace

// The fewest that a condition fits, if those are few.
std::optional<std::vector<Id>> Lister::few(const Plan& plan) {
  std::optional<std::vector<Id>> best;
  for (const auto& condition : plan.conditions) {
    std::vector<Id> found;
    for (const auto& range : condition.ranges) {
      const auto some = table_.some(condition.field->id, range, kFew + 1);
      found.insert(found.end(), some.begin(), some.end());
      if (found.size() > kFew) break;
    }
    if (found.size() > kFew || (best && best->size() <= found.size())) continue;
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    best = std::move(found);
  }
  return best;
}

Lister::Page Lister::sort(const Plan& plan, std::size_t limit, const std::vector<Id>& candidates) {
  Page page;
  Hit after;
  if (plan.after) {
    after.record.id = plan.after->record;
    after.key = plan.after->key;
  }
  for (auto& record : table_.find_all(candidates)) {
    if (record.state != "live" || !plan.fits(object_, record)) continue;
    Hit hit;
    hit.key = plan.place_of(record);
    hit.record = std::move(record);
    if (!plan.after || plan.before(after, hit)) page.hits.push_back(std::move(hit));
  }
  std::sort(page.hits.begin(), page.hits.end(),
            [&](const Hit& a, const Hit& b) { return plan.before(a, b); });
  if (page.hits.size() > limit) {
    page.hits.resize(limit);
    page.next = cursor_of(plan, page.hits.back());
  }
  return page;
}

std::vector<Hit> Lister::step(const Plan& plan, const std::optional<Position>& after, std::size_t limit) {
  const Id edge = after ? after->record : (plan.descending ? kLast : 0);
  const auto* field = plan.order;
  auto range = plan.range();
  if (field == nullptr) {
    // Those of one value come in the order of their ids.
    for (const auto& condition : plan.conditions) {
      if (!condition.is_exact()) continue;
      field = condition.field;
      range = condition.ranges.front();
      if (plan.descending) return table_.down(field->id, Range(range.low, range.low), edge, limit);
      return table_.up(field->id, range, edge, limit);
    }
    std::vector<Hit> hits;
    auto records =
        plan.descending ? table_.down(object_.code, edge, limit) : table_.up(object_.code, edge, limit);
    for (auto& record : records) hits.emplace_back().record = std::move(record);
    return hits;
  }
  if (plan.descending) {
    if (after) return table_.down(field->id, Range(range.low, after->key), after->record, limit);
    return table_.down(field->id, range, 0, limit);
  }
  if (after) return table_.up(field->id, Range(after->key, range.high), after->record, limit);
  return table_.up(field->id, range, 0, limit);
}

Lister::Page Lister::walk(const Plan& plan, std::size_t limit) {
  Page page;
  auto after = plan.after;
  for (std::size_t looked = 0;;) {
    const auto wanted = plan.conditions.empty() ? limit + 1 : std::max(kStep, limit + 1);
    auto hits = step(plan, after, wanted);
    const bool is_last = hits.size() < wanted;
    for (auto& hit : hits) {
      if (page.hits.size() == limit) {
        page.next = cursor_of(plan, page.hits.back());
        return page;
      }
      Position here;
      here.record = hit.record.id;
      here.key = hit.key;
      after = std::move(here);
      if (hit.record.state == "live" && plan.fits(object_, hit.record)) page.hits.push_back(std::move(hit));
    }
    looked += hits.size();
    if (is_last) return page;
    if (looked < kMostLooks) continue;
    Hit last;
    last.record.id = after->record;
    last.key = after->key;
    page.next = cursor_of(plan, last);
    return page;
  }
}

Lister::Page Lister::list(const Plan& plan, std::size_t limit) {
  if (const auto candidates = few(plan)) return sort(plan, limit, *candidates);
  return walk(plan, limit);
}

}  // namespace patchbay::domain::records
