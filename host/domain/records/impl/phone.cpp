#include "domain/records/phone.hpp"

#include <algorithm>

namespace patchbay::domain::records {
namespace {

constexpr std::size_t kFewest = 3;
constexpr std::size_t kMost = 15;     // E.164, 6.2.1
constexpr std::size_t kNational = 7;  // shorter ones are of a town or an office: no country makes them whole
constexpr std::string_view kSpaces = " \t\r\n-./()";

// Where an extension begins: "ext", "x", "#", ",", ";", and in Russian.
std::size_t end_of_number(std::string_view text) {
  constexpr std::string_view kWords[] = {
      "ext", "Ext", "EXT", "x", "X", "#", ",", ";", "\xD0\xB4\xD0\xBE\xD0\xB1"};
  auto end = text.size();
  for (const auto word : kWords) end = std::min(end, text.find(word));
  return end;
}

// Digits, with a "+" before them if there was one; empty for what is none. Dashes and spaces of all scripts
// are passed over.
std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, end_of_number(text))) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c == '+' && digits.empty()) {
      digits = "+";
    } else if (kSpaces.find(c) == kSpaces.npos && static_cast<unsigned char>(c) < 0x80) {
      return {};
    }
  }
  return digits;
}

}  // namespace

std::optional<std::string> normal_phone(std::string_view text, const Dialling& home) {
  auto number = digits_of(text);
  if (number.substr(0, 2) == "00") number.replace(0, 2, "+");  // ITU-T E.123, 2.2: what most dial for "+"
  const bool international = number.substr(0, 1) == "+";
  if (!international && !home.country.empty() && number.size() >= kNational) {
    if (!home.trunk.empty() && number.compare(0, home.trunk.size(), home.trunk) == 0)
      number.erase(0, home.trunk.size());
    number = "+" + home.country + number;
  }
  const auto digits = number.size() - (number.substr(0, 1) == "+" ? 1 : 0);
  if (digits < kFewest || digits > kMost) return std::nullopt;
  return number;
}

}  // namespace patchbay::domain::records
