#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace patchbay::web {

// What a route says about itself: the OpenAPI document is made from it, and the router checks requests
// against it. Schemas are JSON texts; answers may refer to "#/components/schemas/<name>" (Router::component),
// request bodies stand alone (draft-07).
class Doc {
 public:
  enum class Takes { nothing, json, stream };

  struct Parameter {
    Parameter(std::string name_, std::string where_, std::string about_, std::string schema_)
        : name(std::move(name_)),
          where(std::move(where_)),
          about(std::move(about_)),
          schema(std::move(schema_)) {}
    std::string name;
    std::string where;  // "path", "query", "header"
    std::string about;
    std::string schema;
  };
  struct Answer {
    Answer(int status_, std::string about_, std::string schema_, std::string type_)
        : status(status_), about(std::move(about_)), schema(std::move(schema_)), type(std::move(type_)) {}
    int status;
    std::string about;
    std::string schema;  // empty: no body, or not JSON
    std::string type;
  };

  // `summary`: "Send a message". The operation's id is made from verb and path.
  explicit Doc(std::string summary_) : summary(std::move(summary_)) {}

  Doc& about(std::string text);
  // Describes a path parameter; undescribed ones are ids.
  Doc& path(std::string name, std::string text, std::string schema = kText);
  // A query parameter that is not declared is refused with 422.
  Doc& query(std::string name, std::string text, std::string schema = kText);
  Doc& header(std::string name, std::string text);
  // limit and cursor.
  Doc& paged();
  // A JSON body (415 for another type, 400 broken, 422 against the schema).
  Doc& json(std::string schema, std::uint64_t limit = 1u << 20);
  // The body may be absent; then Call::json() is {}.
  Doc& optional();
  // The handler reads Request::body or Request::stream itself. `type`: "multipart/form-data".
  Doc& stream(std::string type, std::uint64_t limit);
  // `schema` empty with `type` empty: no body.
  Doc& answers(int status, std::string text, std::string schema = {}, std::string type = {});
  // 200 with {"items": [...], "next"}; implies paged().
  Doc& lists(std::string item_schema);
  // Further statuses that may come: 404, 409. 400, 401, 403, 422, 500 are added where they apply.
  Doc& errors(std::vector<int> statuses);

  static constexpr const char* kText = R"({"type":"string"})";
  static constexpr const char* kId = R"({"type":"string","pattern":"^[1-9][0-9]{0,18}$"})";

  std::string summary;
  std::string description;
  std::vector<Parameter> parameters;
  Takes takes = Takes::nothing;
  bool body_required = true;
  std::string body_schema;
  std::string body_type;
  std::uint64_t body_limit = 64u << 10;
  std::vector<Answer> all_answers;
  std::vector<int> all_errors;
};

}  // namespace patchbay::web
