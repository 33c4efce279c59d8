#include "domain/routing/model.hpp"

#include <array>

namespace patchbay::domain::routing {
namespace {

constexpr std::array<std::string_view, 6> kStages{"held",     "with_bot",    "waiting",
                                                  "assigned", "in_progress", "finished"};
constexpr std::array<std::string_view, 17> kReasons{
    "distributed", "accepted", "missed",         "operator_left",    "transferred",   "handed_back",
    "bot_passed",  "bot_took", "channel_on",     "channel_off",      "finished",      "timed_out",
    "opened",      "merged",   "contact_linked", "contact_unlinked", "action_started"};

}  // namespace

std::string_view stage_name(Stage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}

std::optional<Stage> parse_stage(std::string_view name) {
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    if (kStages[i] == name) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

std::string_view reason_name(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)];
}

std::string_view status_name(const Operator& one) {
  if (!one.present) return "offline";
  return one.available ? "active" : "inactive";
}

}  // namespace patchbay::domain::routing
