#pragma once

#include "meta/errors.hpp"

namespace messenger {

// What error codes mean on the Messenger Platform (the table is in README.md).
const meta::Dialect& dialect();

// The conversation belongs to another app: subcode 2018300.
bool is_not_owner(const patchbay::Error& error);

}  // namespace messenger
