#include <algorithm>
#include <tuple>

#include "domain/routing/impl/rules/rules.hpp"

namespace patchbay::domain::routing {
namespace {

// To the free one (CHAT-4).
class LeastBusy final : public Rule {
 public:
  std::string_view name() const override { return "least_busy"; }
  bool assigns() const override { return true; }
  const Operator* choose(std::span<const Operator* const> free) const override {
    return *std::min_element(free.begin(), free.end(), [](const Operator* a, const Operator* b) {
      return std::tie(a->chats, a->last_taken, a->id) < std::tie(b->chats, b->last_taken, b->id);
    });
  }
};

constexpr LeastBusy kLeastBusy;

}  // namespace

const Rule& least_busy() {
  return kLeastBusy;
}

}  // namespace patchbay::domain::routing
