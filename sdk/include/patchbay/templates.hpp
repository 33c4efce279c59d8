#pragma once

#include <string>
#include <utility>
#include <vector>

#include "patchbay/error.hpp"

namespace patchbay {

// A message that the provider has approved beforehand, for when nothing else may be sent.
class Template {
 public:
  Template(std::string id_, std::string name_) : id(std::move(id_)), name(std::move(name_)) {}
  // A place of the text that is filled in: "1" for {{1}}.
  class Variable {
   public:
    explicit Variable(std::string name_, std::string example_ = {})
        : name(std::move(name_)), example(std::move(example_)) {}
    std::string name;
    std::string example;
  };
  Json to_json() const {
    Json out = {
        {"id", id}, {"name", name}, {"language", language}, {"text", text}, {"variables", Json::array()}};
    for (const Variable& each : variables)
      out["variables"].push_back({{"name", each.name}, {"example", each.example}});
    return out;
  }
  std::string id;
  std::string name;      // for people
  std::string language;  // BCP 47, or empty
  std::string text;      // with its places: "Hello {{1}}"
  std::vector<Variable> variables;
};

}  // namespace patchbay
