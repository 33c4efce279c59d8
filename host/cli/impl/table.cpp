#include "cli/impl/table.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>

#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

// What came from outside may not steer the terminal.
std::string words(const json& value) {
  auto text = value.is_string() ? value.get<std::string>() : value.dump();
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text;
}

std::string cell(const json& item, const std::string& column) {
  std::string path = "/" + column;
  std::replace(path.begin(), path.end(), '.', '/');
  const json::json_pointer pointer(path);
  if (!item.contains(pointer) || item.at(pointer).is_null()) return "-";
  auto text = words(item.at(pointer));
  return text.empty() ? "-" : text;
}

std::string padded(std::string text, std::size_t width) {
  const auto length = utf16_length(text);
  return length < width ? text + std::string(width - length, ' ') : text;
}

std::string heading(std::string column) {
  std::transform(column.begin(), column.end(), column.begin(),
                 [](unsigned char c) { return c == '.' ? ' ' : std::toupper(c); });
  return column;
}

}  // namespace

void print_list(const json& items, const std::vector<std::string>& columns, bool as_json) {
  if (as_json) {
    std::cout << items.dump(2) << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : columns) rows[0].push_back(heading(column));
  for (const auto& item : items) {
    rows.emplace_back();
    for (const auto& column : columns) rows.back().push_back(cell(item, column));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], utf16_length(row[i]));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) std::cout << padded(row[i], widths[i] + 2);
    std::cout << row.back() << '\n';
  }
}

void print_object(const json& object, bool as_json) {
  if (as_json) {
    std::cout << object.dump(2) << '\n';
    return;
  }
  for (const auto& item : object.items()) std::cout << item.key() << ": " << words(item.value()) << '\n';
}

}  // namespace patchbay::cli
