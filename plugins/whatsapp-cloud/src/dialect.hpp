#pragma once

#include <cstdint>
#include <string>

#include "meta/errors.hpp"
#include "using.hpp"

namespace whatsapp {

// What error codes mean to the Cloud API (the table is in README.md).
const meta::Dialect& dialect();

// Why a message was not delivered, from the errors[] of a status: in all languages, with the cure. Pure.
Json reason_of(const Json& errors);

// Whether the first of such errors says that nothing can be delivered to this person.
bool is_person_out_of_reach(const Json& errors);

}  // namespace whatsapp
