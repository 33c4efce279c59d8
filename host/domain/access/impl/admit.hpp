#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/access/identity.hpp"
#include "domain/access/model.hpp"
#include "store/store.hpp"

namespace patchbay::domain::access {

// What the settings say of people who come from the identity server.
struct Admission {
  Admission(IdMint& ids_, TimePoint now_) : ids(ids_), now(now_) {}
  IdMint& ids;
  TimePoint now;
  bool adds_users = true;
  bool links_users = false;     // who has a password here is the person of the same login there
  std::string language = "en";  // where the identity says none
};

// The user who that person is, by what was noted at an earlier sign-in, or else by the login; made, where
// that is allowed. Gives the roles of that name or id that it has not yet, and takes back those that were
// given so and are not told any more; roles by hand stay. All in the audit log. Throws Error: denied
// "domain.identity.unknown_user", "domain.identity.inactive", "domain.identity.not_linked"; conflict
// "domain.identity.login_taken" for a login of somebody else there.
User admit(store::Session& session, const Identity& identity, const Admission& admission);

}  // namespace patchbay::domain::access
