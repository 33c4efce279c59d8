#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"

namespace patchbay::schema {

// What valijson found: the path to the value as it writes it ("<root>", "[name]", "[0]") and its own words.
struct Finding {
  std::vector<std::string> path;
  std::string words;
};

// The findings as sentences that an administrator understands, without those that only repeat a deeper one.
std::vector<Diagnostic> explain(const nlohmann::json& schema, const nlohmann::json& value,
                                const std::vector<Finding>& findings);

// The part of `schema` that describes the value at `path`; null when it cannot be told (several
// alternatives).
const nlohmann::json* part_for(const nlohmann::json& schema, const std::vector<std::string>& path);

}  // namespace patchbay::schema
