#pragma once

#include <string>

#include "domain/access/access.hpp"
#include "domain/access/people.hpp"

namespace patchbay::domain::access {

// Lays the change over what is there, in one spelling. Throws Error{invalid} "domain.refused" with a
// diagnostic for each field that cannot be.
void apply(const UserChange& change, User& user);
void apply(const RoleChange& change, Role& role);

// The one spelling of a login.
std::string as_login(const std::string& given);
// Whether it can be one, in that spelling.
bool is_login(const std::string& login);
// Only what no address can be without: whether it exists is known by writing to it.
bool is_email(const std::string& email);

// Both throw Error{not_found}.
User require_user(People& people, Id id);
Role require_role(People& people, Id id);

}  // namespace patchbay::domain::access
