#pragma once

#include <string>

#include "domain/records/impl/definition_table.hpp"
#include "domain/version.hpp"

namespace patchbay::domain::records {

[[noreturn]] void code_taken(const std::string& code);
// Throws Error{conflict} that names the fields of that type which point to `target`, if any does.
void refuse_if_pointed_at(DefinitionTable& table, FieldType type, const std::string& target);

}  // namespace patchbay::domain::records
