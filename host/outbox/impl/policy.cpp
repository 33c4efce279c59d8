#include "outbox/impl/policy.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"

namespace patchbay::outbox {
namespace {

using nlohmann::json;
using Next = Decision::Next;

constexpr int kInternalTries = 3;
constexpr int kLookupTries = 10;
constexpr Duration kLeastPause{1000};
constexpr Duration kFirstBackOff{1000};
constexpr Duration kLongestBackOff{60'000};

json object_of(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number_at(const json& object, const char* key, double otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::vector<std::string> ids_of(const json& reply) {
  std::vector<std::string> ids;
  const auto list = reply.find("provider_ids");
  if (list == reply.end() || !list->is_array()) return ids;
  for (const auto& id : *list) {
    if (id.is_string()) ids.push_back(id.get<std::string>());
    if (id.is_number_integer()) ids.push_back(id.dump());
  }
  return ids;
}

// What has arrived keeps its names, also where the rest of the part has not.
Decision final_as(Next next, Outcome::Kind kind, const std::string& reason, const json& reply) {
  Decision decision(next, reason);
  decision.outcome.kind = kind;
  decision.outcome.provider_ids = ids_of(reply);
  decision.outcome.sent_at = text_at(reply, "sent_at");
  decision.outcome.moved_to = text_at(reply, "moved_to");
  return decision;
}

Decision sent_as(const json& reply) {
  return final_as(Next::sent, Outcome::Kind::sent, {}, reply);
}

Decision uncertain_as(const port::Result& result) {
  return final_as(Next::uncertain, Outcome::Kind::uncertain, result.reason(), object_of(result.message.json));
}

Decision refused_as(const port::Result& result) {
  const auto reply = object_of(result.message.json);
  auto decision = final_as(Next::failed, Outcome::Kind::failed, result.reason(), reply);
  const auto scope = text_at(reply, "scope");
  decision.outcome.refused = result.code == Code::denied && (scope.empty() || scope == "conversation");
  return decision;
}

Decision limited_as(const port::Result& result) {
  const auto scope = text_at(object_of(result.message.json), "scope");
  Decision decision(scope == "conversation" ? Next::wait_conversation : Next::wait_integration,
                    result.reason());
  decision.delay = std::max(result.retry_after, kLeastPause);
  decision.scope = scope;
  return decision;
}

Decision unknown_as(const Policy& policy, const port::Result& result) {
  auto decision = [&] {
    switch (policy.idempotency) {
      case Policy::Idempotency::provider:
        return Decision(Next::retry, result.reason());
      case Policy::Idempotency::lookup:
        return Decision(Next::look_up, result.reason());
      case Policy::Idempotency::none:
        break;
    }
    return uncertain_as(result);
  }();
  decision.provider_down = true;
  return decision;
}

Decision retry_as(const port::Result& result, bool provider_down) {
  Decision decision(Next::retry, result.reason());
  decision.provider_down = provider_down;
  decision.delay = result.retry_after;
  return decision;
}

// Within a conversation one goes after another anyway.
void read_concurrency(const json& channel, Policy& policy) {
  const auto limits = channel.find("concurrency");
  if (limits == channel.end() || !limits->is_array()) return;
  for (const auto& item : *limits) {
    if (!item.is_object()) continue;
    const int most = static_cast<int>(std::clamp(number_at(item, "max", 1), 1.0, 1000.0));
    if (text_at(item, "scope") == "integration") policy.integration_at_once = most;
    if (text_at(item, "scope") == "grant") policy.grant_at_once = most;
    if (text_at(item, "scope") == "profile") policy.profile_at_once = most;
  }
}

}  // namespace

Policy read_policy(const std::string& manifest) {
  const auto channel = object_of(manifest);
  Policy policy;
  const auto idempotency = text_at(channel, "idempotency");
  if (idempotency == "lookup") policy.idempotency = Policy::Idempotency::lookup;
  if (idempotency == "provider") policy.idempotency = Policy::Idempotency::provider;
  policy.acknowledge = channel.contains("acknowledge") && channel["acknowledge"] == true;
  policy.release = channel.contains("release") && channel["release"] == true;
  read_concurrency(channel, policy);
  const auto rates = channel.find("rates");
  if (rates == channel.end() || !rates->is_array()) return policy;
  for (const auto& item : *rates) {
    if (!item.is_object()) continue;
    const auto per = number_at(item, "per_ms", 1000);
    const auto rate = number_at(item, "rate", 0);
    if (!(rate > 0) || !(per >= 1) || per > 1e12) continue;
    const net::Rate allowed(rate, Duration(static_cast<std::int64_t>(per)), number_at(item, "burst", 1));
    if (text_at(item, "scope") == "conversation")
      policy.conversation.emplace_back(text_at(item, "kind"), allowed);
    if (text_at(item, "scope") == "integration") policy.integration = allowed;
    if (text_at(item, "scope") == "grant") policy.grant = allowed;
    if (text_at(item, "scope") == "profile") policy.profile = allowed;
  }
  return policy;
}

Decision decide(const Policy& policy, const port::Result& result, int failures) {
  if (result.poison && result.code == Code::outcome_unknown) return uncertain_as(result);
  switch (result.code) {
    case Code::ok:
      return sent_as(object_of(result.message.json));
    case Code::rate_limited:
      return limited_as(result);
    case Code::unavailable:
    case Code::deadline:
      return retry_as(result, true);
    case Code::outcome_unknown:
      return unknown_as(policy, result);
    case Code::unauthenticated:
      return Decision(Next::signed_out, result.reason());
    case Code::internal:
      if (!result.poison && failures + 1 < kInternalTries) return retry_as(result, false);
      return refused_as(result);
    case Code::cancelled:  // the plugin's own doing: where it was ours, the supervisor says what came of it
    case Code::invalid:
    case Code::denied:
    case Code::not_found:
    case Code::conflict:
    case Code::unsupported:
      break;
  }
  return refused_as(result);
}

Decision decide_lookup(const port::Result& result, int failures) {
  const auto reply = object_of(result.message.json);
  if (result.ok() && reply.contains("found") && reply["found"] == true) return sent_as(reply);
  if (result.ok()) return Decision(Next::retry, Text("outbox.sent_again").kept());
  switch (result.code) {
    case Code::unavailable:
    case Code::deadline:
    case Code::outcome_unknown:
    case Code::cancelled:
    case Code::rate_limited:
    case Code::unauthenticated:
      if (failures < kLookupTries) {
        Decision again(Next::look_up, result.reason());
        again.delay = std::max(result.retry_after, kLeastPause);
        return again;
      }
      break;
    default:
      break;
  }
  return uncertain_as(result);
}

Duration back_off(int failures, double jitter) {
  const auto base = patchbay::back_off(kFirstBackOff, kLongestBackOff, failures).count();
  return Duration(base + static_cast<std::int64_t>(static_cast<double>(base) * jitter / 5));
}

Duration upload_time(const std::string& request) {
  constexpr double kSlowest = 50;                // bytes a millisecond
  constexpr double kLongest = 24 * 3600 * 1000;  // ms
  const auto parsed = object_of(request);
  const auto files = parsed.find("attachments");
  if (files == parsed.end() || !files->is_array()) return Duration{0};
  double bytes = 0;
  for (const auto& file : *files) {
    if (file.is_object()) bytes += std::max(0.0, number_at(file, "size", 0));
  }
  return Duration(static_cast<std::int64_t>(std::min(bytes / kSlowest, kLongest)));
}

}  // namespace patchbay::outbox
