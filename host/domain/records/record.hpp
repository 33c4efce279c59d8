#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/id.hpp"

namespace patchbay::domain::records {

// A business object: a contact, a case, what an admin added.
struct Record {
  Id id = 0;
  std::string object;
  std::string state = "live";                        // live, removed, merged
  std::int64_t version = 1;                          // one more with each change
  nlohmann::json fields = nlohmann::json::object();  // by code; what is empty is absent
  std::optional<Id> merged_into;
  std::int64_t created_at = 0;  // Unix milliseconds
  std::string created_by;
  std::int64_t updated_at = 0;
  std::string updated_by;
};

// As it is shown and told.
nlohmann::json to_json(const Record& record);

// Where a change comes from. What an admin made required is asked of a person and of nobody else (REC-6).
enum class Source { person, outside };

// Who makes a change.
struct Author {
  Author(std::string name_, Source source_) : name(std::move(name_)), source(source_) {}
  std::string name;  // "user:<login>", "token:<name>", "plugin:<id>"
  Source source;
};

// What a record is called elsewhere; one record may have many such names (REC-2).
struct ExternalName {
  ExternalName(std::string source_, std::string id_) : source(std::move(source_)), id(std::move(id_)) {}
  bool operator==(const ExternalName&) const = default;
  std::string source;  // "crm"
  std::string id;
};

// One change, with old and new of each field that is another one now.
struct Change {
  Id id = 0;
  std::int64_t at = 0;
  std::string actor;
  std::string action;  // change, remove, merge
  std::int64_t version = 0;
  nlohmann::json changes;  // {"<code>": {"old", "new"}}; null for what is empty
};

}  // namespace patchbay::domain::records
