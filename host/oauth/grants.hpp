#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::oauth {

// What one person allowed. Its tokens are in the vault, scope "grant".
struct Grant {
  Id id = 0;
  std::string plugin;
  std::string name;  // of the manifest
  std::optional<Id> profile;
  std::string identity;  // who signed in, as far as the provider tells; may be empty
  std::string title;     // the same, for people
  std::string scopes;
  bool works = true;   // false: somebody has to sign in again
  std::string reason;  // why, as Text::kept
  bool renewable = false;
  std::optional<std::int64_t> expires_at;  // of the access token; Unix milliseconds, as all that follow
  std::int64_t created_at = 0;
  std::int64_t signed_in_at = 0;
  std::int64_t refreshed_at = 0;
};

struct TokenPair {
  std::string access;
  std::string refresh;  // empty: none
};

// The table of grants with their tokens. Each function runs in the caller's transaction.
class Grants {
 public:
  // `vault` outlives it.
  explicit Grants(const vault::Vault& vault) : vault_(vault) {}

  std::optional<Grant> find(store::Session& session, Id id) const;
  // Ordered by id, after `after`; at most `limit`.
  std::vector<Grant> list(store::Session& session, Id after, std::int64_t limit) const;
  // That of the same person, who signs in once more; nothing for an empty identity.
  std::optional<Grant> of_person(store::Session& session, const Grant& grant) const;
  TokenPair tokens(store::Session& session, Id id) const;

  // Everything of it, in place of what was there.
  void put(store::Session& session, const Grant& grant, const TokenPair& tokens) const;
  // A refresh begins: until renew() or sign_out() it is not known whether the old refresh token still holds.
  void note_refresh(store::Session& session, Id id, std::int64_t now) const;
  // What a refresh with `used` brought. False, and nothing is written, when the grant is gone or holds
  // another refresh token by now: somebody has signed in meanwhile.
  bool renew(store::Session& session, const Grant& grant, const TokenPair& tokens,
             const std::string& used) const;
  // Somebody has to sign in again, as the provider said of `used`. False as above.
  bool sign_out(store::Session& session, Id id, const std::string& reason, const std::string& used) const;
  void remove(store::Session& session, Id id) const;

  // Those above `after` that something is to be done for, by id: a refresh was broken off before
  // `broken_off`, they are used, were last refreshed before `idle` and may end, or they have ended and cannot
  // be renewed.
  std::vector<Id> due(store::Session& session, Id after, std::int64_t now, std::int64_t broken_off,
                      std::int64_t idle, std::int64_t limit) const;

 private:
  bool is_still(store::Session& session, Id id, const std::string& refresh) const;

  const vault::Vault& vault_;
};

}  // namespace patchbay::oauth
