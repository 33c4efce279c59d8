#include "cli/impl/settings_input.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::cli {

using nlohmann::json;

json read_json(const std::string& file) {
  std::ifstream opened(file);
  std::istream& in = file == "-" ? std::cin : opened;
  if (!in) throw Error(Code::not_found, Text("config.no_file", {{"file", file}}));
  return json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
}

void SettingsInput::add_to(CLI::App& command) {
  command.add_option("--settings", file, "JSON file with settings; - reads standard input");
  command.add_option("--set", set, "KEY=VALUE, may be repeated");
}

json SettingsInput::read() const {
  json settings = json::object();
  if (!file.empty()) {
    settings = read_json(file);
    if (!settings.is_object()) throw Error(Code::invalid, Text("cli.settings_no_object", {{"file", file}}));
  }
  for (const auto& entry : set) {
    const auto equals = entry.find('=');
    if (equals == entry.npos) throw Error(Code::invalid, Text("cli.set_needs_value", {{"entry", entry}}));
    settings[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return settings;
}

}  // namespace patchbay::cli
