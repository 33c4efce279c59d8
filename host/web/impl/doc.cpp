#include "web/doc.hpp"

namespace patchbay::web {

Doc& Doc::about(std::string text) {
  description = std::move(text);
  return *this;
}

Doc& Doc::path(std::string name, std::string text, std::string schema) {
  parameters.emplace_back(std::move(name), "path", std::move(text), std::move(schema));
  return *this;
}

Doc& Doc::query(std::string name, std::string text, std::string schema) {
  parameters.emplace_back(std::move(name), "query", std::move(text), std::move(schema));
  return *this;
}

Doc& Doc::header(std::string name, std::string text) {
  parameters.emplace_back(std::move(name), "header", std::move(text), kText);
  return *this;
}

Doc& Doc::paged() {
  query("limit", "How many items at most", R"({"type":"integer","minimum":1,"maximum":500,"default":100})");
  return query("cursor", "Where the previous page ended: its \"next\"");
}

Doc& Doc::json(std::string schema, std::uint64_t limit) {
  takes = Takes::json;
  body_schema = std::move(schema);
  body_type = "application/json";
  body_limit = limit;
  return *this;
}

Doc& Doc::optional() {
  body_required = false;
  return *this;
}

Doc& Doc::stream(std::string type, std::uint64_t limit) {
  takes = Takes::stream;
  body_type = std::move(type);
  body_limit = limit;
  return *this;
}

Doc& Doc::answers(int status, std::string text, std::string schema, std::string type) {
  if (!schema.empty() && type.empty()) type = "application/json";
  all_answers.emplace_back(status, std::move(text), std::move(schema), std::move(type));
  return *this;
}

Doc& Doc::lists(std::string item_schema) {
  paged();
  return answers(
      200, "One page, ordered by id",
      R"({"type":"object","required":["items","next"],"properties":{"items":{"type":"array","items":)" +
          item_schema + R"(},"next":{"type":["string","null"]}}})");
}

Doc& Doc::errors(std::vector<int> statuses) {
  all_errors = std::move(statuses);
  return *this;
}

}  // namespace patchbay::web
