#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

namespace patchbay::cli {

// Settings from a file ("-" is standard input, so that secrets stay out of the process list), then --set
// KEY=VALUE over it.
struct SettingsInput {
  std::string file;
  std::vector<std::string> set;

  // --settings and --set; outlives the parser.
  void add_to(CLI::App& command);
  // Throws Error for a file that is missing or holds no object.
  nlohmann::json read() const;
};

// The whole of a JSON file or, for "-", of standard input. Throws Error{not_found}; discarded JSON when it is
// none.
nlohmann::json read_json(const std::string& file);

}  // namespace patchbay::cli
