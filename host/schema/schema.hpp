#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"

namespace patchbay::schema {

// A compiled JSON Schema (draft-07, https://json-schema.org/specification-links#draft-7) whose findings point
// at the field and read as sentences. Immutable; any thread may check with it. Cheap to copy.
class Schema {
 public:
  // `name` is what an error calls it ("schema/setup.json"). Throws Error{invalid} "schema.not_a_schema" with
  // the reason. References must be local ("#/definitions/..."): nothing is fetched.
  static Schema compile(const nlohmann::json& document, std::string_view name);

  // Empty when `value` is valid. Unknown keys name the nearest known one.
  std::vector<Diagnostic> check(const nlohmann::json& value) const;

  // JSON Pointers of the properties marked "x-secret": true, in the order of the schema.
  const std::vector<std::string>& secrets() const;

  // `value` with the schema's "default" of every absent property of (nested) objects.
  nlohmann::json with_defaults(nlohmann::json value) const;

  const nlohmann::json& document() const;

 private:
  struct Compiled;
  explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// Throws Error{invalid} with `summary` and the findings, unless there are none.
void throw_if_any(std::vector<Diagnostic> findings, Text summary);

}  // namespace patchbay::schema
