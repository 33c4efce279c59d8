#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/records/impl/definition_table.hpp"

namespace patchbay::domain::records {

// Throws Error{conflict} "domain.records.changed" unless the present version is the wanted one, or any is.
void require_version(std::int64_t present, std::optional<std::int64_t> wanted);
[[noreturn]] void code_taken(const std::string& code);
// Throws Error{conflict} that names the fields of that type which point to `target`, if any does.
void refuse_if_pointed_at(DefinitionTable& table, FieldType type, const std::string& target);

}  // namespace patchbay::domain::records
