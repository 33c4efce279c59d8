#pragma once

#include <set>
#include <string>
#include <string_view>

#include "hooks/request.hpp"

namespace patchbay::hooks {

// Which pages of other origins may call a route (Fetch standard, 3.2): those that an administrator listed in
// a setting, and never with cookies. Immutable; any thread.
class Cors {
 public:
  // `settings`: a JSON object; `pointer`: where the list of origins lies in it ("https://shop.example"). What
  // is no origin there stands for nobody; no list, for nobody at all.
  Cors(const std::string& settings, const std::string& pointer);

  // As browsers send it in Origin.
  bool allows(std::string_view origin) const { return origins_.contains(origin); }
  // What a browser asks before it sends a request that a plain form could not send.
  static bool is_preflight(const Request& request);
  // `methods`: of the route, joined by commas.
  static Answer preflight(std::string methods);
  // Lets the page at `origin`, which is allowed, read the answer. Empty: no page has asked.
  static void mark(Answer& answer, const std::string& origin);

 private:
  std::set<std::string, std::less<>> origins_;
};

}  // namespace patchbay::hooks
