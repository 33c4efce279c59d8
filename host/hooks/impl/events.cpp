#include "hooks/events.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace patchbay::hooks {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxKey = 500;  // bytes: keys are indexed

[[noreturn]] void refuse(std::size_t index, const std::string& field) {
  throw Error(Code::invalid, Text("hooks.event_field", {{"index", std::to_string(index)}, {"field", field}}));
}

std::string text_field(const json& event, std::size_t index, const char* field, bool required) {
  const auto found = event.find(field);
  if (found == event.end() || found->is_null()) {
    if (required) refuse(index, field);
    return {};
  }
  if (!found->is_string()) refuse(index, field);
  const auto& text = found->get_ref<const std::string&>();
  if ((required && text.empty()) || text.size() > kMaxKey) refuse(index, field);
  return repair_utf8(text);
}

std::optional<PartOf> part_of(const json& event, std::size_t index) {
  const auto found = event.find("part_of");
  if (found == event.end() || found->is_null()) return std::nullopt;
  if (!found->is_object()) refuse(index, "part_of");
  PartOf part;
  part.key = text_field(*found, index, "key", true);
  const auto quiet = found->find("quiet_ms");
  if (quiet != found->end()) {
    if (!quiet->is_number_unsigned() || *quiet > 3'600'000) refuse(index, "part_of");
    part.quiet_ms = quiet->get<std::int64_t>();
  }
  return part;
}

Event parse_event(const json& given, std::size_t index) {
  if (!given.is_object()) refuse(index, "");
  Event event;
  event.type = text_field(given, index, "type", true);
  event.dedupe_key = text_field(given, index, "dedupe_key", true);
  event.order_key = text_field(given, index, "order_key", false);
  event.identity = text_field(given, index, "identity", false);
  event.part_of = part_of(given, index);
  const auto data = given.find("data");
  if (data == given.end()) {
    event.data = "{}";
  } else if (data->is_object()) {
    event.data = data->dump(-1, ' ', false, json::error_handler_t::replace);
  } else {
    refuse(index, "data");
  }
  return event;
}

}  // namespace

std::string events_text(const std::vector<Event>& events) {
  json list = json::array();
  for (const auto& event : events) {
    json one = {{"type", event.type}, {"dedupe_key", event.dedupe_key}, {"order_key", event.order_key}};
    one["data"] = json::parse(event.data, nullptr, false);
    if (!event.identity.empty()) one["identity"] = event.identity;
    if (event.part_of) one["part_of"] = {{"key", event.part_of->key}, {"quiet_ms", event.part_of->quiet_ms}};
    list.push_back(std::move(one));
  }
  return json({{"events", std::move(list)}}).dump();
}

std::vector<Event> parse_events(const std::string& text) {
  std::vector<Event> events;
  if (text.empty()) return events;
  const auto message = json::parse(text, nullptr, false);
  if (!message.is_object()) throw Error(Code::invalid, Text("hooks.events_json"));
  const auto list = message.find("events");
  if (list == message.end()) return events;
  if (!list->is_array()) throw Error(Code::invalid, Text("hooks.events_json"));
  for (std::size_t i = 0; i < list->size(); ++i) events.push_back(parse_event((*list)[i], i));
  return events;
}

}  // namespace patchbay::hooks
