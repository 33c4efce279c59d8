#include "domain/records/record.hpp"

#include "base/clock.hpp"

namespace patchbay::domain::records {

nlohmann::json to_json(const Record& record) {
  const auto time = [](std::int64_t ms) { return to_rfc3339(TimePoint(Duration(ms))); };
  return {{"id", to_string_id(record.id)},
          {"object", record.object},
          {"version", record.version},
          {"fields", record.fields},
          {"created_at", time(record.created_at)},
          {"created_by", record.created_by},
          {"updated_at", time(record.updated_at)},
          {"updated_by", record.updated_by}};
}

}  // namespace patchbay::domain::records
