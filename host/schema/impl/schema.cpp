#include "schema/schema.hpp"

#include <regex>
#include <set>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "schema/impl/explain.hpp"

namespace patchbay::schema {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
// std::regex recurses once a character: a longer string could overflow the stack.
constexpr std::size_t kLongestForPattern = 8192;

[[noreturn]] void not_a_schema(std::string_view name, std::string why) {
  throw Error(Code::invalid,
              Text("schema.not_a_schema", {{"name", std::string(name)}, {"why", std::move(why)}}));
}

// Faults that valijson would pass over or run away with: foreign references, broken patterns, endless
// nesting.
void check_document(const json& part, std::string_view name, int depth, bool& has_pattern) {
  if (depth > kDeepest) not_a_schema(name, "it is nested more than 64 levels deep");
  if (part.is_array()) {
    for (const auto& item : part) check_document(item, name, depth + 1, has_pattern);
    return;
  }
  if (!part.is_object()) return;
  // A property may have that name; a mark that is neither true nor false would keep nothing secret.
  if (const auto mark = part.find("x-secret");
      mark != part.end() && !mark->is_boolean() && !mark->is_structured())
    not_a_schema(name, "x-secret must be true or false");
  if (const auto reference = part.find("$ref"); reference != part.end() && reference->is_string()) {
    if (reference->get<std::string>().rfind("#/definitions/", 0) != 0)
      not_a_schema(name, "$ref must point to #/definitions/...");
  }
  if (const auto pattern = part.find("pattern"); pattern != part.end() && pattern->is_string()) {
    has_pattern = true;
    try {
      const std::regex compiled(pattern->get<std::string>());
    } catch (const std::regex_error&) {
      not_a_schema(name, "the pattern " + pattern->get<std::string>() + " is no regular expression");
    }
  }
  for (const auto& item : part.items()) check_document(item.value(), name, depth + 1, has_pattern);
}

// Nothing for a pointer that is none ("/a~") or that leads nowhere.
const json* find(const json& root, const std::string& pointer) {
  try {
    return &root.at(json::json_pointer(pointer));
  } catch (const json::exception&) {
    return nullptr;
  }
}

// A chain of references that comes back to itself would never end.
void check_references(const json& root, const json& part, std::string_view name) {
  const json* at = &part;
  for (int hops = 0; at->is_object() && at->contains("$ref") && at->at("$ref").is_string(); ++hops) {
    const auto pointer = at->at("$ref").get<std::string>().substr(1);
    if (hops > 16) not_a_schema(name, "$ref " + pointer + " refers to itself");
    at = find(root, pointer);
    if (at == nullptr) not_a_schema(name, "$ref " + pointer + " points to nothing");
  }
  for (const auto& child : part) {
    if (child.is_structured()) check_references(root, child, name);
  }
}

// Every "x-secret": true, wherever it stands, as a pointer into the schema.
void find_marks(const json& part, const json::json_pointer& at, std::set<std::string>& out) {
  if (part.is_object()) {
    for (const auto& item : part.items()) {
      if (item.key() == "x-secret" && item.value() == true) out.insert(at.to_string());
      find_marks(item.value(), at / item.key(), out);
    }
  } else if (part.is_array()) {
    for (std::size_t i = 0; i < part.size(); ++i) find_marks(part[i], at / i, out);
  }
}

// "/a/b" is "/properties/a/properties/b".
std::string schema_pointer_of(const std::string& value_pointer) {
  std::string out;
  for (const char c : value_pointer) out += c == '/' ? std::string("/properties/") : std::string(1, c);
  return out;
}

// A secret that secrets() does not name would be stored in clear.
void refuse_hidden_secrets(const json& document, const std::vector<std::string>& secrets,
                           std::string_view name) {
  std::set<std::string> marks;
  find_marks(document, json::json_pointer(), marks);
  for (const auto& secret : secrets) {
    marks.erase(schema_pointer_of(secret));
  }
  if (marks.empty()) return;
  not_a_schema(
      name, "x-secret at " + *marks.begin() + " is not reached: it may stand only in properties of objects");
}

void find_secrets(const json& part, const json::json_pointer& at, std::vector<std::string>& out) {
  if (!part.is_object()) return;
  const auto properties = part.find("properties");
  if (properties == part.end() || !properties->is_object()) return;
  for (const auto& item : properties->items()) {
    const auto pointer = at / item.key();
    const auto& value = item.value();
    if (value.is_object() && value.contains("x-secret") && value.at("x-secret") == true)
      out.push_back(pointer.to_string());
    find_secrets(item.value(), pointer, out);
  }
}

void add_defaults(const json& part, json& value) {
  const auto properties = part.find("properties");
  if (!value.is_object() || properties == part.end()) return;
  for (const auto& item : properties->items()) {
    if (!item.value().is_object()) continue;
    if (!value.contains(item.key()) && item.value().contains("default"))
      value[item.key()] = item.value().at("default");
    if (value.contains(item.key())) add_defaults(item.value(), value[item.key()]);
  }
}

// Pointers to strings that are too long to be matched safely.
void find_too_long(const json& value, const json::json_pointer& at, std::vector<Diagnostic>& out) {
  if (value.is_string() && value.get_ref<const std::string&>().size() > kLongestForPattern) {
    out.emplace_back(at.to_string(), Text("schema.too_long", {{"most", std::to_string(kLongestForPattern)}}));
  }
  if (value.is_object()) {
    for (const auto& item : value.items()) find_too_long(item.value(), at / item.key(), out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) find_too_long(value[i], at / i, out);
  }
}

}  // namespace

struct Schema::Compiled {
  json document;
  valijson::Schema schema;
  std::vector<std::string> secrets;
  bool has_pattern = false;
};

Schema Schema::compile(const json& document, std::string_view name) {
  if (!document.is_object()) not_a_schema(name, "it is not a JSON object");
  auto compiled = std::make_shared<Compiled>();
  compiled->document = document;
  check_document(document, name, 0, compiled->has_pattern);
  check_references(document, document, name);
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    const valijson::adapters::NlohmannJsonAdapter adapter(compiled->document);
    parser.populateSchema(adapter, compiled->schema);
  } catch (const std::exception& e) {
    not_a_schema(name, e.what());
  }
  find_secrets(document, json::json_pointer(), compiled->secrets);
  refuse_hidden_secrets(document, compiled->secrets, name);
  return Schema(std::move(compiled));
}

std::vector<Diagnostic> Schema::check(const json& value) const {
  std::vector<Diagnostic> too_long;
  if (compiled_->has_pattern) find_too_long(value, json::json_pointer(), too_long);
  if (!too_long.empty()) return too_long;
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter adapter(value);
  if (validator.validate(compiled_->schema, adapter, &results)) return {};
  std::vector<Finding> findings;
  for (const auto& error : results) findings.push_back({error.context, error.description});
  auto out = explain(compiled_->document, value, findings);
  if (out.empty()) out.emplace_back("", Text("schema.does_not_fit", {{"why", "unknown reason"}}));
  return out;
}

const std::vector<std::string>& Schema::secrets() const {
  return compiled_->secrets;
}

json Schema::with_defaults(json value) const {
  add_defaults(compiled_->document, value);
  return value;
}

const json& Schema::document() const {
  return compiled_->document;
}

void throw_if_any(std::vector<Diagnostic> findings, Text summary) {
  if (findings.empty()) return;
  Error error(Code::invalid, std::move(summary));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

}  // namespace patchbay::schema
