#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twilio {

// An application/x-www-form-urlencoded body: what Twilio's webhooks are, and what its API is told.
class Form {
 public:
  Form() = default;
  // Takes any bytes; a '%' without two digits stands for itself. At most 1,000 fields are read.
  static Form parse(std::string_view text);

  // Of the first field of that name; "" when it is not there.
  std::string text(std::string_view name) const;
  bool has(std::string_view name) const { return !text(name).empty(); }
  Form& add(std::string name, std::string value);
  // Leaves out what is empty.
  Form& add_if(std::string name, std::string value);
  std::string encoded() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// For a part of a path or of a query.
std::string percent_encoded(std::string_view text);

}  // namespace twilio
