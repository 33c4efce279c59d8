#include "domain/records/impl/plan.hpp"

#include <algorithm>

#include "base/rfc3339.hpp"
#include "base/text.hpp"
#include "crypto/encoding.hpp"
#include "domain/records/impl/definition_table.hpp"
#include "domain/records/impl/values.hpp"
#include "schema/nearest.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr std::size_t kMostConditions = 20;
constexpr std::size_t kMostValues = 100;
constexpr std::size_t kMaxCursor = 1000;

std::string pointer(std::string_view code) {
  std::string out = "/filter/";
  for (const char c : code) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

Range exactly(const std::string& key) {
  return Range(key, key + '\0');
}

// Reads the filter; what is wrong is collected.
class FilterReader {
 public:
  FilterReader(const Object& object, Findings& findings, const Dialling& home)
      : object_(object), findings_(findings), home_(home) {}

  std::vector<Condition> read(const json& filter) {
    std::vector<Condition> conditions;
    for (const auto& [code, wanted] : filter.items()) {
      const auto* field = require(code, pointer(code));
      if (field == nullptr) continue;
      auto& condition = conditions.emplace_back();
      condition.field = field;
      condition.ranges = ranges(*field, wanted, pointer(code));
    }
    if (conditions.size() > kMostConditions)
      findings_.emplace_back("/filter",
                             Text("domain.records.too_many", {{"max", std::to_string(kMostConditions)}}));
    return conditions;
  }

  // One that records can be found by.
  const Field* require(const std::string& code, const std::string& at) {
    if (code == kUpdatedAt) return &object_.updated_at;
    const auto* field = object_.find(code);
    if (field == nullptr) {
      std::vector<std::string> known = {kUpdatedAt};
      for (const auto& one : object_.fields) known.push_back(one.code);
      const auto near = schema::nearest(code, known);
      findings_.emplace_back(
          at, Text(near.empty() ? "domain.records.no_field" : "domain.records.no_field_nearest",
                   {{"code", code.substr(0, 100)}, {"nearest", near}}));
      return nullptr;
    }
    if (field->is_indexed()) return field;
    findings_.emplace_back(at, Text("domain.records.not_searchable", {{"code", code}}));
    return nullptr;
  }

 private:
  std::optional<std::string> key(const Field& field, const json& value, const std::string& at) {
    auto one = field;
    one.many = false;
    const auto read = normal_value(one, value, at, Intake(findings_, home_));
    if (read.is_null()) return std::nullopt;
    return key_of(field.type, read);
  }

  std::vector<Range> ranges(const Field& field, const json& wanted, const std::string& at) {
    if (wanted.is_object()) return {bounds(field, wanted, at)};
    std::vector<Range> all;
    const auto list = wanted.is_array() ? wanted : json::array({wanted});
    for (std::size_t i = 0; i < list.size() && i < kMostValues; ++i) {
      const auto place = wanted.is_array() ? at + "/" + std::to_string(i) : at;
      all.push_back(exactly(list[i].is_null() ? std::string() : key(field, list[i], place).value_or("")));
    }
    if (list.size() > kMostValues)
      findings_.emplace_back(at, Text("domain.records.too_many", {{"max", std::to_string(kMostValues)}}));
    return all;
  }

  Range bounds(const Field& field, const json& wanted, const std::string& at) {
    Range range("\x01", std::string(kAboveAll));
    for (const auto& [word, value] : wanted.items()) {
      if (word == "starts" && value.is_string()) {
        range.low = std::max(range.low, prefix_key(value.get_ref<const std::string&>()));
        range.high = std::min(range.high, after(prefix_key(value.get_ref<const std::string&>())));
        continue;
      }
      const bool low = word == "from" || word == "above";
      if (!low && word != "to" && word != "below") {
        findings_.emplace_back(at, Text("domain.records.range"));
        continue;
      }
      const auto bound = key(field, value, at + "/" + word).value_or("");
      const auto edge = word == "above" || word == "to" ? bound + '\0' : bound;
      if (low) range.low = std::max(range.low, edge);
      if (!low) range.high = std::min(range.high, edge);
    }
    return range;
  }

  const Object& object_;
  Findings& findings_;
  const Dialling& home_;
};

std::optional<Position> position_of(const std::string& cursor) {
  Position position;
  const auto dot = std::min(cursor.find('.'), cursor.size());
  const auto id = parse_id(cursor.substr(0, dot));
  if (!id || cursor.size() > kMaxCursor) return std::nullopt;
  position.record = *id;
  if (dot == cursor.size()) return position;
  auto key = crypto::from_base64url(cursor.substr(dot + 1));
  if (!key) return std::nullopt;
  position.key = std::move(*key);
  return position;
}

}  // namespace

bool Condition::is_exact() const {
  return ranges.size() == 1 && ranges.front().high == ranges.front().low + '\0';
}

std::vector<std::string> all_keys(const Object& object, const Field& field, const Record& record) {
  if (&field == &object.words) return word_keys(object, record.fields);
  if (&field == &object.updated_at)
    return {key_of(FieldType::datetime, to_rfc3339(TimePoint(Duration(record.updated_at))))};
  return keys_of(field, record.fields);
}

bool Plan::fits(const Object& object, const Record& record) const {
  const Field* read = nullptr;
  std::vector<std::string> keys;
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    // Those of the words stand side by side, and are many.
    if (read != condition.field) keys = all_keys(object, *condition.field, record);
    read = condition.field;
    return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return std::any_of(condition.ranges.begin(), condition.ranges.end(),
                         [&](const Range& range) { return range.has(key); });
    });
  });
}

std::string Plan::place_of(const Record& record) const {
  if (order == nullptr) return {};
  if (order->code == kUpdatedAt)
    return key_of(FieldType::datetime, to_rfc3339(TimePoint(Duration(record.updated_at))));
  return keys_of(*order, record.fields).front();
}

bool Plan::before(const Hit& one, const Hit& other) const {
  const auto less = [](const Hit& a, const Hit& b) {
    return a.key != b.key ? a.key < b.key : a.record.id < b.record.id;
  };
  return descending ? less(other, one) : less(one, other);
}

Range Plan::range() const {
  Range all("", std::string(kAboveAll));
  for (const auto& condition : conditions) {
    if (condition.field == order && condition.ranges.size() == 1) return condition.ranges.front();
  }
  return all;
}

Plan plan_of(const Object& object, const Query& query, const Dialling& home) {
  Findings findings;
  Plan plan;
  FilterReader reader(object, findings, home);
  plan.conditions = reader.read(query.filter);
  auto words = words_of(query.search);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  if (words.size() > kMostConditions) {
    findings.emplace_back("/search",
                          Text("domain.records.search_words", {{"max", std::to_string(kMostConditions)}}));
    words.clear();
  }
  for (const auto& word : words) {
    auto& condition = plan.conditions.emplace_back();
    condition.field = &object.words;
    const auto key = prefix_key(word);
    condition.ranges.emplace_back(key, after(key));
  }
  plan.descending = query.order.substr(0, 1) == "-";
  const auto order = query.order.substr(plan.descending ? 1 : 0);
  if (!order.empty() && order != "id") plan.order = reader.require(order, "/order");
  if (plan.order != nullptr && plan.order->many)
    findings.emplace_back("/order", Text("domain.records.order_list", {{"code", order}}));
  if (!query.cursor.empty()) {
    plan.after = position_of(query.cursor);
    if (!plan.after) findings.emplace_back("/cursor", Text("domain.records.cursor"));
  }
  if (findings.empty()) return plan;
  Error error(Code::invalid, Text("domain.records.query"));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

std::string cursor_of(const Plan& plan, const Hit& last) {
  auto cursor = to_string_id(last.record.id);
  if (plan.order != nullptr) cursor += "." + crypto::to_base64url(last.key);
  return cursor;
}

}  // namespace patchbay::domain::records
