#include "hooks/self_test.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNonceBytes = 16;
constexpr std::int64_t kGood = 60;  // seconds
constexpr Duration kTimeout = 15s;
constexpr std::string_view kPurpose = "self-test ";

std::int64_t seconds_of(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string signature_of(const std::string& key, std::string_view what) {
  return crypto::to_base64url(crypto::hmac(crypto::Hash::sha256, key, std::string(kPurpose).append(what)));
}

std::string digest_of(const std::string& body) {
  return crypto::to_hex(crypto::digest(crypto::Hash::sha256, body));
}

// What is not as it was sent, in words of HTTP.
std::string differences(const Request& sent, const json& arrived) {
  std::string out;
  const auto note = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (arrived.value("method", "") != sent.method) note("method");
  if (arrived.value("query", "") != sent.query) note("query");
  if (arrived.value("body_sha256", "") != digest_of(sent.body)) note("body");
  const auto headers = arrived.value("headers", json::object());
  for (const auto& [name, value] : sent.headers) {
    if (headers.value(name, "") != digest_of(value)) note(name);
  }
  return out;
}

}  // namespace

std::string outcome_name(SelfTest::Outcome outcome) {
  switch (outcome) {
    case SelfTest::Outcome::verified:
      return "verified";
    case SelfTest::Outcome::differs:
      return "differs";
    case SelfTest::Outcome::elsewhere:
      return "elsewhere";
    case SelfTest::Outcome::unreachable:
      return "unreachable";
    case SelfTest::Outcome::impossible:
      return "impossible";
  }
  return "impossible";
}

// --- marks

asio::awaitable<std::string> SelfTestMarks::make() {
  auto keyed = key_.get();
  const auto key = co_await std::move(keyed);
  const auto what = std::to_string(seconds_of(clock_.now()) + kGood) + "." +
                    crypto::to_base64url(crypto::random_bytes(kNonceBytes));
  co_return what + "." + signature_of(key, what);
}

asio::awaitable<SelfTestMarks::Mark> SelfTestMarks::take(std::string mark) {
  const auto end = mark.rfind('.');
  std::int64_t until = 0;
  const auto read = std::from_chars(mark.data(), mark.data() + mark.size(), until);
  if (end == mark.npos || read.ec != std::errc()) co_return Mark::foreign;
  auto keyed = key_.get();
  const auto key = co_await std::move(keyed);
  const auto what = mark.substr(0, end);
  if (!crypto::equal(mark.substr(end + 1), signature_of(key, what))) co_return Mark::foreign;
  const auto now = seconds_of(clock_.now());
  if (until <= now) co_return Mark::spent;
  const std::lock_guard lock(mutex_);
  std::erase_if(taken_, [now](const auto& item) { return item.second <= now; });
  co_return taken_.emplace(what, until).second ? Mark::good : Mark::spent;
}

// Digests only: whoever sees the answer learns no secret.
Answer self_test_answer(const Request& request, int status) {
  json headers = json::object();
  for (const auto& [name, value] : request.headers) headers[name] = digest_of(value);
  const json arrived = {{"path", request.path},
                        {"method", request.method},
                        {"query", request.query},
                        {"body_sha256", digest_of(request.body)},
                        {"headers", std::move(headers)}};
  Answer answer(status, "application/json", arrived.dump(-1, ' ', false, json::error_handler_t::replace));
  answer.headers.emplace_back(kSelfTestHeader, "arrived");
  return answer;
}

// --- the test

asio::awaitable<std::vector<SelfTest::Finding>> SelfTest::run(Id owner) {
  std::vector<Finding> findings;
  for (const auto& route : parts_.routes.webhooks(owner)) {
    auto trying = try_route(route);
    findings.push_back(co_await std::move(trying));
  }
  co_return findings;
}

asio::awaitable<SelfTest::Finding> SelfTest::try_route(std::shared_ptr<const Route> route) {
  const auto url = net::parse_url(route->address);
  if (!url) co_return Finding(*route, Outcome::unreachable, Text("hooks.self_test_no_address"));
  if (!route->verifier) co_return Finding(*route, Outcome::impossible, Text("hooks.self_test_closed"));
  Request sent(route->methods.front(), route->path);
  const Verifier::Context context(route->address, parts_.clock.now());
  if (!route->verifier->sign(sent, context))
    co_return Finding(*route, Outcome::impossible, Text("hooks.self_test_impossible"));
  net::HttpRequest request(sent.method, route->address + (sent.query.empty() ? "" : "?" + sent.query));
  request.headers = sent.headers;
  request.body = sent.body;
  request.timeout = kTimeout;
  auto marking = parts_.marks.make();
  auto mark = co_await std::move(marking);
  request.headers.emplace_back(kSelfTestHeader, std::move(mark));
  net::EgressRule guard;  // our own address may be a private one
  guard.opened.push_back((url->host.find(':') == url->host.npos ? url->host : "[" + url->host + "]") + ":" +
                         std::to_string(url->port));
  net::HttpResponse response;
  std::string why;
  try {
    auto fetching = parts_.http.fetch(std::move(request), std::move(guard));
    response = co_await std::move(fetching);
  } catch (const Error& error) {
    why = error.what();
  }
  if (!why.empty())
    co_return Finding(*route, Outcome::unreachable, Text("hooks.self_test_unreachable", {{"why", why}}));
  const auto status = std::to_string(response.status);
  const auto ours = std::any_of(response.headers.begin(), response.headers.end(),
                                [](const auto& header) { return header.first == kSelfTestHeader; });
  const auto arrived = json::parse(response.body, nullptr, false);
  if (!ours || !arrived.is_object())
    co_return Finding(*route, Outcome::elsewhere, Text("hooks.self_test_elsewhere", {{"status", status}}));
  if (response.status == 200) co_return Finding(*route, Outcome::verified, Text("hooks.self_test_verified"));
  if (response.status == 404) {
    co_return Finding(*route, Outcome::differs,
                      Text("hooks.self_test_path", {{"path", arrived.value("path", "")}}));
  }
  const auto what = differences(sent, arrived);
  if (what.empty())
    co_return Finding(*route, Outcome::differs, Text("hooks.self_test_refused", {{"status", status}}));
  co_return Finding(*route, Outcome::differs, Text("hooks.self_test_differs", {{"what", what}}));
}

}  // namespace patchbay::hooks
