#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugin/integration.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// The table of integrations. Each function runs in the caller's transaction.
class Integrations {
 public:
  void insert(store::Session& session, const Integration& integration) const;
  std::optional<Integration> find(store::Session& session, Id id) const;
  // Ordered by id, after `after`; at most `limit`.
  std::vector<Integration> list(store::Session& session, Id after, std::int64_t limit) const;
  std::vector<Integration> connected(store::Session& session) const;

  void set_settings(store::Session& session,
                    const Integration& integration) const;  // name, settings, version, updated_at
  // State, reason, updated_at, and what a check found out: identity, title, name.
  void set_state(store::Session& session, const Integration& integration) const;
  void set_remote(store::Session& session, const Integration& integration) const;  // remote_state
  void remove(store::Session& session, Id id) const;

  // Takes the identity for this integration while it is connected. False when another one of the same plugin
  // holds it: see holder(). Idempotent.
  bool claim(store::Session& session, const Integration& integration) const;
  void release(store::Session& session, Id id) const;
  std::optional<Integration> holder(store::Session& session, std::string_view plugin,
                                    std::string_view identity) const;
};

}  // namespace patchbay::plugin
