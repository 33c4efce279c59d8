#include "domain/access/impl/discovery.hpp"

namespace patchbay::domain::access {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 10s;
constexpr std::uint64_t kLargest = 256u << 10;
constexpr std::chrono::nanoseconds kFresh = 60s;
constexpr std::chrono::nanoseconds kFailedAgain = 3s;
constexpr Id kTurn = 0;
constexpr int kOk = 200;

Error away(const std::string& address, const Text& why) {
  return Error(Code::unavailable, Text("domain.identity.away", {{"address", address}, {"why", why.kept()}}));
}

}  // namespace

std::optional<IdentityServer> Discovery::kept(const std::string& address) const {
  const std::lock_guard lock(mutex_);
  if (address_ != address) return std::nullopt;
  const auto age = parts_.clock.monotonic() - asked_;
  if (failed_ && age < kFailedAgain) throw Error(*failed_);
  return server_ && age < kFresh ? server_ : std::nullopt;
}

asio::awaitable<IdentityServer> Discovery::find(std::string address) {
  if (auto known = kept(address)) co_return std::move(*known);
  const auto turn = co_await turns_.lock(kTurn);
  if (auto known = kept(address)) co_return std::move(*known);
  std::optional<IdentityServer> server;
  std::optional<Error> failed;
  try {
    auto getting = get(address + "/.well-known/openid-configuration", {});
    const auto body = co_await std::move(getting);
    server = read_discovery(body, address);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    failed = error;
    parts_.logger.warn("the identity server cannot be used", {{"address", address}, {"error", error.what()}});
  }
  const std::lock_guard lock(mutex_);
  address_ = std::move(address);
  server_ = server;
  failed_ = failed;
  asked_ = parts_.clock.monotonic();
  if (failed) throw Error(*failed);
  co_return std::move(*server);
}

asio::awaitable<std::string> Discovery::get(std::string address, std::string token) const {
  net::HttpRequest request("GET", address);
  request.headers.emplace_back("Accept", "application/json");
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  request.timeout = kLimit;
  request.max_response = kLargest;
  net::EgressRule guard;
  guard.opened = parts_.opened();
  try {
    auto response = co_await parts_.http.fetch(std::move(request), std::move(guard));
    if (response.status == kOk) co_return std::move(response.body);
    throw away(address, Text::verbatim("HTTP " + std::to_string(response.status)));
  } catch (const Error& error) {
    if (error.code() == Code::cancelled || error.text().id() == "domain.identity.away") throw;
    throw away(address, error.text());
  }
}

}  // namespace patchbay::domain::access
