#include "condition.hpp"

#include <algorithm>
#include <utility>

namespace messenger {
namespace {

using meta::As;
using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::Health;
using patchbay::Task;

constexpr std::int64_t kDayMs = 24 * 3'600'000LL;
constexpr std::int64_t kWarnedMs = 14 * kDayMs;
// They hold for every message of the page.
constexpr const char* kOfThePage[] = {"messenger.page_restricted", "messenger.policy",
                                      "messenger.permission"};

}  // namespace

Task<Json> about_token(const meta::Graph& graph) {
  GraphCall call("GET", "debug_token", Effect::reads, As::app());
  call.query = {{"input_token", "{{secret:page_token}}"}};
  const Json answer = co_await graph.call(std::move(call));
  co_return member(answer, "data");
}

void Condition::failed(const Error& error) {
  const bool of_the_page = std::any_of(std::begin(kOfThePage), std::end(kOfThePage),
                                       [&](const char* each) { return error.text_id == each; });
  if (of_the_page) trouble_ = error;
}

Task<void> Condition::look() {
  const std::int64_t now = host_.now();
  if (asked_at_ && now - *asked_at_ < kDayMs) co_return;
  std::optional<Error> failed;
  Json about;
  try {
    about = co_await about_token(graph_);
  } catch (const Error& error) {
    failed = error;
  }
  if (failed && failed->code == PB_CANCELLED) throw std::move(*failed);
  if (failed) co_return;  // the next look asks again
  asked_at_ = now;
  reads_until_ = number_of(about, "data_access_expires_at").value_or(0) * 1000;
}

Health Condition::health() const {
  Health health;
  if (trouble_) {
    health.reason = trouble_->text;
    health.text_id = trouble_->text_id;
    health.args = trouble_->args;
  } else if (reads_until_ > 0 && reads_until_ - host_.now() < kWarnedMs) {
    health.text_id = "messenger.data_access_ends";
    health.args = {{"date", time_text(reads_until_).substr(0, 10)}};
    health.reason = english(health.text_id, health.args);
  }
  return health;
}

}  // namespace messenger
