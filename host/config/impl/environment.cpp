#include "config/impl/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "schema/nearest.hpp"

extern char** environ;

namespace patchbay::config {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "PATCHBAY_";
constexpr std::string_view kConfigFile = "PATCHBAY_CONFIG";  // stands for --config of every command

// The variable's name for every leaf of the schema, with its JSON Pointer and type.
struct Leaf {
  std::string variable;
  json::json_pointer pointer;
  std::string type;
};

void find_leaves(const json& part, const std::string& name, const json::json_pointer& at,
                 std::vector<Leaf>& out) {
  for (const auto& item : part.at("properties").items()) {
    if (item.key().front() == '$') continue;
    std::string upper = item.key();
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    const auto type = item.value().at("type").get<std::string>();
    if (type == "object")
      find_leaves(item.value(), name + upper + "_", at / item.key(), out);
    else
      out.push_back({name + upper, at / item.key(), type});
  }
}

json read_value(const Leaf& leaf, const std::string& text) {
  if (leaf.type == "string") return text;
  if (leaf.type == "array") {
    json list = json::array();
    std::size_t from = 0;
    while (from <= text.size() && !text.empty()) {
      const auto comma = std::min(text.find(',', from), text.size());
      list.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
    return list;
  }
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

}  // namespace

Environment environment_of_process() {
  Environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    if (equals != pair.npos && (name.rfind(kPrefix, 0) == 0 || name == "CREDENTIALS_DIRECTORY")) {
      out.emplace(name, pair.substr(equals + 1));
    }
  }
  return out;
}

void apply_environment(const json& schema, const Environment& environment, json& document) {
  std::vector<Leaf> leaves;
  find_leaves(schema, std::string(kPrefix), json::json_pointer(), leaves);
  std::vector<std::string> names;
  for (const auto& leaf : leaves) names.push_back(leaf.variable);
  for (const auto& variable : environment) {
    const auto& name = variable.first;
    if (name.rfind(kPrefix, 0) != 0 || name == kConfigFile) continue;
    const auto leaf =
        std::find_if(leaves.begin(), leaves.end(), [&](const Leaf& l) { return l.variable == name; });
    if (leaf == leaves.end()) {
      const auto near = schema::nearest(name, names);
      Text remedy = near.empty() ? Text() : Text("schema.did_you_mean", {{"key", near}});
      throw Error(Code::invalid, Text("config.unknown_variable", {{"name", name}}))
          .add(Diagnostic(name, Text("config.unknown_variable", {{"name", name}}), std::move(remedy)));
    }
    document[leaf->pointer] = read_value(*leaf, variable.second);
  }
}

}  // namespace patchbay::config
