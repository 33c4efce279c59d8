#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/records/impl/plan.hpp"
#include "domain/records/impl/values.hpp"

// Cursor, order and search on a line each, then the filter: whatever comes is a plan or is refused as
// invalid. Values of it have keys that sort, and what is a telephone number is one again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace records = patchbay::domain::records;
  std::string rest(reinterpret_cast<const char*>(data), size);
  records::Query query;
  for (auto* part : {&query.cursor, &query.order, &query.search}) {
    const auto end = rest.find('\n');
    if (end == rest.npos) return 0;
    *part = rest.substr(0, end);
    rest.erase(0, end + 1);
  }
  if (const auto phone = records::normal_phone(query.search)) {
    if (records::normal_phone(*phone) != phone) std::abort();
  }
  query.filter = nlohmann::json::parse(rest, nullptr, false);
  if (!query.filter.is_object()) return 0;
  try {
    const auto plan = records::plan_of(records::standard_objects().front(), query, {});
    for (const auto& condition : plan.conditions) {
      for (const auto& range : condition.ranges) {
        if (range.high > std::string(records::kAboveAll)) std::abort();
      }
    }
  } catch (const patchbay::Error& error) {
    if (error.code() != patchbay::Code::invalid) throw;
  }
  return 0;
}
