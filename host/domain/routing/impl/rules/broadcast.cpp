#include "domain/routing/impl/rules/rules.hpp"

namespace patchbay::domain::routing {
namespace {

// To all (CHAT-3).
class Broadcast final : public Rule {
 public:
  std::string_view name() const override { return "broadcast"; }
  bool assigns() const override { return false; }
  const Operator* choose(std::span<const Operator* const> /*free*/) const override { return nullptr; }
};

constexpr Broadcast kBroadcast;

}  // namespace

const Rule& broadcast() {
  return kBroadcast;
}

}  // namespace patchbay::domain::routing
