#include "domain/processes/impl/call.hpp"

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"

namespace patchbay::domain::processes {

using nlohmann::json;

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMostResult = 64u << 10;
constexpr std::uint64_t kMostAnswer = 1u << 20;
constexpr std::int64_t kLongestWait = 3'600;

}  // namespace

std::string make_secret() {
  return std::string(kPrefix) + crypto::to_base64(crypto::random_bytes(kSecretBytes));
}

std::string signature(const std::vector<std::string>& secrets, const std::string& id, std::int64_t seconds,
                      const std::string& body) {
  const auto signed_text = id + "." + std::to_string(seconds) + "." + body;
  std::string all;
  for (const auto& secret : secrets) {
    const auto key = crypto::from_base64(secret.substr(kPrefix.size())).value_or("");
    all += (all.empty() ? "v1," : " v1,") +
           crypto::to_base64(crypto::hmac(crypto::Hash::sha256, key, signed_text));
  }
  return all;
}

net::HttpRequest request_of(const Process& process, const Run& run, const std::vector<std::string>& secrets,
                            TimePoint now) {
  net::HttpRequest request("POST", process.url);
  const auto id = "run_" + to_string_id(run.id);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const json body = {{"type", "process.run"},
                     {"timestamp", to_rfc3339(TimePoint(Duration(run.created_at)))},
                     {"data",
                      {{"run", to_string_id(run.id)},
                       {"process", process.code},
                       {"parameters", run.parameters},
                       {"started_by", run.started_by}}}};
  request.body = body.dump();
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", signature(secrets, id, seconds, request.body)}};
  request.timeout = Duration(process.timeout_ms);
  request.max_response = kMostAnswer;
  return request;
}

Outcome judge(int status) {
  if (status >= 200 && status < 300) return Outcome::done;
  const bool may_pass = status == 408 || status == 425 || status == 429 || status >= 500;
  return may_pass ? Outcome::again : Outcome::failed;
}

std::optional<Duration> asked_wait(const net::HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name != "retry-after") continue;
    std::int64_t seconds = 0;
    const auto* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, seconds);
    if (error == std::errc() && stop == end && seconds >= 0)
      return Duration(std::min(seconds, kLongestWait) * 1'000);
  }
  return std::nullopt;
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
