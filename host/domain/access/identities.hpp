#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::domain::access {

// The tables of who users are at an identity server, in the caller's transaction.
class Identities {
 public:
  explicit Identities(store::Session& session) : session_(session) {}

  std::optional<Id> user(const std::string& issuer, const std::string& subject);
  // Whether the user is somebody there already.
  bool has(Id user, const std::string& issuer);
  // The same of any.
  bool has(Id user);
  void insert(const std::string& issuer, const std::string& subject, Id user, std::int64_t now);

  // Roles that it gave and that it takes back.
  std::vector<Id> roles_given(Id user);
  void note_role(Id role, Id user);
  void forget_role(Id role, Id user);

  // False: it has come back before.
  bool spend(const std::string& state, std::int64_t until);
  void sweep(std::int64_t now);

 private:
  store::Session& session_;
};

}  // namespace patchbay::domain::access
