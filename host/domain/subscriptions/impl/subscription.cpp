#include "domain/subscriptions/subscription.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/records/definition.hpp"
#include "schema/nearest.hpp"

namespace patchbay::domain::subscriptions {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxDescription = 500;
constexpr std::string_view kRecord = "record.";

bool is_standard(const std::string& object) {
  const auto& all = records::standard_objects();
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.code == object; });
}

std::vector<std::string>* make_types() {
  auto all = std::make_unique<std::vector<std::string>>(
      std::vector<std::string>{"access.changed", "channel.changed", "chat.changed", "chat.created",
                               "chat.finished", "message.changed", "message.received", "message.sent",
                               "message.state", "operator.changed", "queue.changed", "settings.changed"});
  for (const auto* change : {"changed", "created", "removed"}) {
    all->push_back(std::string(kRecord) + change);
    for (const auto& object : records::standard_objects()) all->push_back(object.code + "." + change);
  }
  std::sort(all->begin(), all->end());
  return all.release();
}

// "chat.*" matches "chat.created"; "*" everything.
bool matches(const std::string& pattern, const std::string& type) {
  if (!pattern.ends_with('*')) return pattern == type;
  return type.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

bool is_pattern(const std::string& text) {
  if (text.ends_with('*') && text != "*" && !text.ends_with(".*")) return false;
  const auto& all = event_types();
  return std::any_of(all.begin(), all.end(), [&](const auto& type) { return matches(text, type); });
}

}  // namespace

const std::vector<std::string>& event_types() {
  static const auto* all = make_types();
  return *all;
}

std::string type_of(const journal::Entry& entry) {
  auto type = entry.type;
  if (type.starts_with(kRecord) && is_standard(entry.object))
    type = entry.object + "." + type.substr(kRecord.size());
  const auto& all = event_types();
  return std::binary_search(all.begin(), all.end(), type) ? type : "";
}

bool wants(const Subscription& subscription, const std::string& type) {
  return std::any_of(subscription.types.begin(), subscription.types.end(),
                     [&](const auto& pattern) { return matches(pattern, type); });
}

json to_json(const Subscription& subscription) {
  return {{"url", subscription.url},
          {"description", subscription.description},
          {"types", subscription.types},
          {"active", subscription.active}};
}

Subscription read_subscription(const json& document, const std::vector<std::string>& opened) {
  std::vector<Diagnostic> findings;
  Subscription subscription;
  subscription.url = document.value("url", "");
  if (auto refused = calls::refuse_address(subscription.url, opened))
    findings.emplace_back("/url", std::move(*refused));
  subscription.description = repair_utf8(document.value("description", ""));
  if (utf16_length(subscription.description) > kMaxDescription)
    findings.emplace_back(
        "/description", Text("domain.subscriptions.description", {{"max", std::to_string(kMaxDescription)}}));
  const auto types = document.value("types", json::array());
  if (types.empty()) findings.emplace_back("/types", Text("domain.subscriptions.no_types"));
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto type = types[i].get<std::string>();
    if (!is_pattern(type)) {
      const auto near = schema::nearest(type, event_types());
      findings.emplace_back(
          "/types/" + std::to_string(i),
          Text(near.empty() ? "domain.subscriptions.type" : "domain.subscriptions.type_nearest",
               {{"type", type.substr(0, 100)}, {"nearest", near}}));
    }
    subscription.types.push_back(type);
  }
  subscription.active = document.value("active", true);
  if (findings.empty()) return subscription;
  Error error(Code::invalid, Text("domain.refused"));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

}  // namespace patchbay::domain::subscriptions
