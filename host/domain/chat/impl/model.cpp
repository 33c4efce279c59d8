#include "domain/chat/model.hpp"

#include <array>

namespace patchbay::domain::chat {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"received", "queued", "sending",   "uncertain",
                                                    "sent",     "failed", "delivered", "read"};

}  // namespace

std::string_view delivery_name(Delivery state) {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<Delivery> parse_delivery(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Delivery>(i);
  }
  return std::nullopt;
}

}  // namespace patchbay::domain::chat
