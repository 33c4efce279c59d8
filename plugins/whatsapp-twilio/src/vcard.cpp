#include "vcard.hpp"

#include <algorithm>
#include <vector>

namespace twilio {
namespace {

constexpr std::size_t kMostLines = 2000;

// Lines with what was folded put together again.
std::vector<std::string> unfolded(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size() && lines.size() < kMostLines;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const bool folded = !line.empty() && (line[0] == ' ' || line[0] == '\t');
    if (folded && !lines.empty()) {
      lines.back() += line.substr(1);
    } else {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

// "TEL" of "item1.tel;type=CELL:+49...".
std::string property_of(const std::string& line) {
  std::string name = line.substr(0, line.find_first_of(":;"));
  name = name.substr(name.rfind('.') + 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

std::string unescaped(const std::string& value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escape = value[i] == '\\' && i + 1 < value.size();
    const char c = escape ? value[++i] : value[i];
    out += escape && (c == 'n' || c == 'N') ? ' ' : c;
  }
  return out;
}

// "Bo Hansen" of "Hansen;Bo;;;".
std::string spoken(const std::string& structured) {
  const std::size_t first = structured.find(';');
  if (first == std::string::npos) return structured;
  const std::size_t second = std::min(structured.find(';', first + 1), structured.size());
  const std::string given = structured.substr(first + 1, second - first - 1);
  const std::string family = structured.substr(0, first);
  return given + (given.empty() || family.empty() ? "" : " ") + family;
}

}  // namespace

Json contact_in(const std::string& vcard) {
  Json contact = Json::object();
  std::string structured;
  for (const std::string& line : unfolded(vcard)) {
    const std::string property = property_of(line);
    const std::size_t colon = line.find(':');
    if (property == "END") break;
    if (colon == std::string::npos || colon + 1 == line.size()) continue;
    const std::string value = line.substr(colon + 1);
    const char* field = property == "FN"      ? "name"
                        : property == "TEL"   ? "phone"
                        : property == "EMAIL" ? "email"
                                              : nullptr;
    if (property == "N" && structured.empty()) structured = value;
    if (field && !contact.contains(field)) contact[field] = unescaped(value);
  }
  if (const std::string name = unescaped(spoken(structured)); !contact.contains("name") && !name.empty())
    contact["name"] = name;
  return contact.empty() ? Json() : contact;
}

}  // namespace twilio
