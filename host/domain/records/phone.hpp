#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::domain::records {

// How telephone numbers are dialled at home, for those that are written without a country.
struct Dialling {
  Dialling() = default;
  Dialling(std::string country_, std::string trunk_)
      : country(std::move(country_)), trunk(std::move(trunk_)) {}
  std::string country;  // calling code: "7"; empty: not known
  std::string trunk;    // stands before a number within the country: "8", "0"; may be empty
};

// In a country by its two letters (ISO 3166-1 alpha-2, capitals); nothing for one that is none, or has no
// telephones.
std::optional<Dialling> dialling_in(std::string_view country);

// "+79123456789" of "8 (912) 345-67-89": ITU-T E.164. A number without a country stays its digits where the
// country is not known. An extension ("ext. 12") is left out. Nothing for what is no number: letters, fewer
// than 3 digits, more than 15.
std::optional<std::string> normal_phone(std::string_view text, const Dialling& home = {});

}  // namespace patchbay::domain::records
