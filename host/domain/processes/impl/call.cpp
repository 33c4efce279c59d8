#include "domain/processes/impl/call.hpp"

#include "base/utf8.hpp"
#include "domain/calls/signed_call.hpp"

namespace patchbay::domain::processes {

using nlohmann::json;

namespace {

constexpr std::size_t kMostResult = 64u << 10;

}  // namespace

net::HttpRequest request_of(const Process& process, const Run& run, const std::vector<std::string>& secrets,
                            TimePoint now) {
  const json body = {{"type", "process.run"},
                     {"timestamp", to_rfc3339(TimePoint(Duration(run.created_at)))},
                     {"data",
                      {{"run", to_string_id(run.id)},
                       {"process", process.code},
                       {"parameters", run.parameters},
                       {"started_by", run.started_by}}}};
  auto request = calls::signed_post(process.url, "run_" + to_string_id(run.id), body.dump(), secrets, now);
  request.timeout = Duration(process.timeout_ms);
  return request;
}

Outcome judge(int status) {
  if (status >= 200 && status < 300) return Outcome::done;
  const bool may_pass = status == 408 || status == 425 || status == 429 || status >= 500;
  return may_pass ? Outcome::again : Outcome::failed;
}

Outcome judge(Code code) {
  if (code == Code::ok) return Outcome::done;
  const bool may_pass = code == Code::unavailable || code == Code::deadline ||
                        code == Code::outcome_unknown || code == Code::cancelled ||
                        code == Code::rate_limited;
  return may_pass ? Outcome::again : Outcome::failed;
}

json result_of(const std::string& reply) {
  if (reply.size() > kMostResult) return {};
  const auto read = json::parse(reply, nullptr, false);
  return read.is_object() ? read.value("result", json()) : json();
}

json result_of(const net::HttpResponse& response) {
  if (response.body.empty()) return {};
  if (response.body.size() <= kMostResult) {
    auto parsed = json::parse(response.body, nullptr, false);
    if (!parsed.is_discarded()) return parsed;
  }
  return repair_utf8(response.body.substr(0, kMostResult));
}

}  // namespace patchbay::domain::processes
