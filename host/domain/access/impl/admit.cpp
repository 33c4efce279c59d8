#include "domain/access/impl/admit.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "domain/access/identities.hpp"
#include "domain/access/impl/checks.hpp"
#include "domain/access/people.hpp"
#include "domain/journal/journal.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::access {
namespace {

using nlohmann::json;

constexpr const char* kActor = "identity_server";

class Admitting {
 public:
  Admitting(store::Session& session, const Identity& identity, const Admission& admission)
      : session_(session), identity_(identity), admission_(admission) {}

  User find_or_make() {
    if (const auto known = identities_.user(identity_.issuer, identity_.subject))
      return require_user(people_, *known);
    auto user = people_.named(identity_.login);
    if (user && identities_.has(user->id, identity_.issuer))
      throw Error(Code::conflict, Text("domain.identity.login_taken", {{"login", identity_.login}}));
    // Who may choose his login there must not become whoever has it here, by a password or as a person of
    // another identity server.
    if (user && !admission_.links_users && (people_.password(user->id) || identities_.has(user->id)))
      throw Error(Code::denied, Text("domain.identity.not_linked", {{"login", identity_.login}}));
    if (!user) user = make();
    identities_.insert(identity_.issuer, identity_.subject, user->id, now());
    audit("user.link_identity", "user:" + to_string_id(user->id),
          {{"issuer", identity_.issuer}, {"subject", identity_.subject}});
    return *user;
  }

  void follow_roles(Id user) {
    const auto wanted = wanted_roles();
    const auto given = identities_.roles_given(user);
    for (const auto role : given) {
      if (wanted.contains(role)) continue;
      identities_.forget_role(role, user);
      if (people_.remove_member(role, user)) audit_role("role.remove_member", role, user);
    }
    for (const auto role : wanted) {
      // One that is there already was given by hand, or is noted.
      if (!people_.add_member(role, user)) continue;
      identities_.note_role(role, user);
      audit_role("role.add_member", role, user);
    }
  }

 private:
  std::int64_t now() const { return admission_.now.time_since_epoch().count(); }

  User make() {
    if (!admission_.adds_users)
      throw Error(Code::denied, Text("domain.identity.unknown_user", {{"login", identity_.login}}));
    UserChange wanted;
    wanted.login = identity_.login;
    wanted.name = identity_.name;
    wanted.email = identity_.email;
    wanted.language = identity_.language.empty() ? admission_.language : identity_.language;
    User user;
    user.id = admission_.ids.next();
    user.created_at = user.updated_at = now();
    apply(wanted, user);
    people_.insert(user);
    audit("user.create", "user:" + to_string_id(user.id), {{"login", {{"new", user.login}}}});
    return user;
  }

  std::set<Id> wanted_roles() {
    std::set<Id> wanted;
    for (const auto& value : identity_.roles) {
      auto role = people_.role_named(value);
      if (const auto id = parse_id(value); !role && id) role = people_.role(*id);
      if (role) wanted.insert(role->id);
    }
    return wanted;
  }

  void audit_role(const char* action, Id role, Id user) {
    audit(action, "role:" + to_string_id(role), {{"user", to_string_id(user)}});
  }
  void audit(const char* action, const std::string& object, const json& detail) {
    store::write_audit(
        session_, store::AuditEntry(admission_.ids.next(), now(), kActor, action, object, detail.dump()));
    journal::write(session_, admission_.ids, admission_.now, journal::Entry("access.changed"));
  }

  store::Session& session_;
  const Identity& identity_;
  const Admission& admission_;
  People people_{session_};
  Identities identities_{session_};
};

}  // namespace

User admit(store::Session& session, const Identity& identity, const Admission& admission) {
  Admitting admitting(session, identity, admission);
  auto user = admitting.find_or_make();
  if (!user.active) throw Error(Code::denied, Text("domain.identity.inactive", {{"login", user.login}}));
  admitting.follow_roles(user.id);
  return user;
}

}  // namespace patchbay::domain::access
