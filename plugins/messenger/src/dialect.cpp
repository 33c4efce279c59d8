#include "dialect.hpp"

namespace messenger {
namespace {

using meta::Known;

constexpr std::int64_t kRestrictedPauseMs = 15 * 60'000;
constexpr const char* kPrefix = "messenger";
constexpr const char* kNotOwner = "not_owner";

meta::Dialect made() {
  return {kPrefix,
          {
              {10, 1893063, PB_RATE_LIMITED, "page_restricted", "integration", kRestrictedPauseMs},
              {10, 2018300, PB_INVALID, kNotOwner},
              {10, 2018278, PB_INVALID, "window_closed"},
              {10, 1545041, PB_INVALID, "window_closed"},
              {10, 2018065, PB_INVALID, "window_closed"},
              {1545041, Known::kAny, PB_INVALID, "window_closed"},
              {551, Known::kAny, PB_DENIED, "person_unavailable"},
              {368, Known::kAny, PB_INVALID, "policy"},
              {100, 2018001, PB_NOT_FOUND, "person_unknown"},
              {100, 33, PB_NOT_FOUND, "gone"},
              {100, 1893061, PB_INVALID, "tag_dead"},
              {2200, Known::kAny, PB_INVALID, "callback_refused"},
          }};
}

}  // namespace

const meta::Dialect& dialect() {
  static const meta::Dialect* const value = new meta::Dialect(made());
  return *value;
}

bool is_not_owner(const patchbay::Error& error) {
  return error.text_id == std::string(kPrefix) + "." + kNotOwner;
}

}  // namespace messenger
