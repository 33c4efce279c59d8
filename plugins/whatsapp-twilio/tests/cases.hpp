#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "translate.hpp"

namespace twilio {

// The time at which every case was received: what carries no time of its own gets it.
inline const char* case_received_at() {
  return "2026-11-21T10:00:00Z";
}

inline Json load_json(const std::filesystem::path& file) {
  std::ifstream in(file);
  return Json::parse(in);
}

// The names of the table's files without ".json", sorted.
inline std::vector<std::string> case_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline Form form_of(const Json& fields) {
  Form form;
  for (const auto& [name, value] : fields.items()) {
    if (value.is_string()) form.add(name, value.get<std::string>());
  }
  return form;
}

// The events of a form on a route, as the plugin makes them of the bytes.
inline Json translated(const std::string& route, const Form& form,
                       const std::string& received_at = case_received_at()) {
  const Form read = Form::parse(form.encoded());
  return route == "status" ? translate_status(read, received_at) : translate_message(read, received_at);
}

}  // namespace twilio
