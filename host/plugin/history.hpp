#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// One change of how an integration is (HOST-8).
struct Happening {
  Id id = 0;
  Id integration = 0;
  std::int64_t at = 0;  // milliseconds since 1970
  std::string what;     // "integration" or, of what runs for it, "instance"
  std::string state;    // as state_name() or supervisor::condition_name() says
  std::string code;     // of the failure that led there; empty: none
  std::string reason;   // as Text::kept
  std::string version;  // of the plugin
  std::string host;     // its name
};

// What became of integrations. In the caller's transaction.
class History {
 public:
  static constexpr std::int64_t kKept = 200;  // of each integration, by sweep()

  void add(store::Session& session, const std::vector<Happening>& all) const;
  // The newest first; `before`: 0 or the last id of the page before.
  std::vector<Happening> list(store::Session& session, Id integration, Id before, std::int64_t limit) const;
  // Removes all but the last kKept of each integration, and those of integrations that are gone.
  void sweep(store::Session& session) const;
};

}  // namespace patchbay::plugin
