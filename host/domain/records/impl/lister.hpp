#pragma once

#include "domain/records/impl/plan.hpp"
#include "domain/records/records.hpp"

namespace patchbay::domain::records {

// One page, within the caller's snapshot. Its work has a bound that does not depend on how many records there
// are: where a condition fits few, those are sorted; else it goes along an index and stops after a while,
// with fewer items than asked for.
class Lister {
 public:
  Lister(store::Session& session, const Object& object) : table_(session), object_(object) {}

  struct Page {
    std::vector<Hit> hits;
    std::string next;
  };
  Page list(const Plan& plan, std::size_t limit);

  static constexpr std::size_t kFew = 1000;
  static constexpr std::size_t kMostLooks = 10'000;

 private:
  std::optional<std::vector<Id>> few(const Plan& plan);
  Page sort(const Plan& plan, std::size_t limit, const std::vector<Id>& candidates);
  Page walk(const Plan& plan, std::size_t limit);
  std::vector<Hit> step(const Plan& plan, const std::optional<Position>& after, std::size_t limit);

  RecordTable table_;
  const Object& object_;
};

}  // namespace patchbay::domain::records
