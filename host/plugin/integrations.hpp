#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugin/integration.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// What is seen of a change by another host.
struct Revision {
  Id integration = 0;
  std::int64_t number = 0;
  std::int64_t changed_by = 0;
  bool open = false;  // connected or about to be: its routes are mounted
};

// What an integration had before its plugin was upgraded.
struct Copy {
  Id integration = 0;
  std::string version;
  int setup_version = 1;
  std::string settings;     // JSON
  std::string checkpoints;  // JSON: by job
};

// The table of integrations. Each function runs in the caller's transaction.
class Integrations {
 public:
  void insert(store::Session& session, const Integration& integration) const;
  std::optional<Integration> find(store::Session& session, Id id) const;
  // Ordered by id, after `after`; at most `limit`.
  std::vector<Integration> list(store::Session& session, Id after, std::int64_t limit) const;
  std::vector<Integration> declared(store::Session& session) const;
  // Drafts that nobody has touched since.
  std::vector<Id> old_drafts(store::Session& session, std::int64_t before) const;
  std::vector<Integration> connected(store::Session& session) const;

  void set_settings(
      store::Session& session,
      const Integration& integration) const;  // name, settings, profile, version, setup_version, updated_at
  // State, reason, version, notice, updated_at, and what a check found out: identity, title, name.
  void set_state(store::Session& session, const Integration& integration) const;
  void set_consent(store::Session& session, Id id, std::optional<std::int64_t> at) const;
  void set_remote(store::Session& session, const Integration& integration) const;  // remote_state
  void set_setup(store::Session& session, Id id, const std::string& setup, std::int64_t now) const;
  void set_declared(store::Session& session, Id id, const std::optional<std::string>& name) const;
  void set_notice(store::Session& session, Id id, const std::string& notice) const;
  void keep_copy(store::Session& session, const Copy& copy, std::int64_t now) const;
  std::optional<Copy> copy_of(store::Session& session, Id id) const;
  // Whether the plugin has integrations.
  bool any_of(store::Session& session, std::string_view plugin) const;
  void remove(store::Session& session, Id id) const;

  // Lets other hosts see that host `by` has changed it.
  void touch(store::Session& session, Id id, Id by) const;
  std::vector<Revision> revisions(store::Session& session) const;

  // Takes the identity for this integration while it is connected. False when another one of the same plugin
  // holds it: see holder(). Idempotent.
  bool claim(store::Session& session, const Integration& integration) const;
  void release(store::Session& session, Id id) const;
  std::optional<Integration> holder(store::Session& session, std::string_view plugin,
                                    std::string_view identity) const;
};

}  // namespace patchbay::plugin
