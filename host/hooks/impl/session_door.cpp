#include "hooks/session_door.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include "hooks/form.hpp"
#include "hooks/impl/spec.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kNetworkBytes = 8;

Answer too_many(Duration wait) {
  Answer answer(429);
  answer.retry_after = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count());
  return answer;
}

}  // namespace

std::string bearer_token(const Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string* value = request.header("authorization");
  if (!value || value->size() < kScheme.size()) return {};
  if (lower_case(value->substr(0, kScheme.size())) != kScheme) return {};
  return value->substr(kScheme.size());
}

std::string any_token(const Request& request) {
  auto token = bearer_token(request);
  return token.empty() ? form_field(request.query, "token").value_or("") : token;
}

std::string network_of(const std::string& peer) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(peer, error);
  if (error || address.is_v4()) return peer;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string();
}

SessionDoor::SessionDoor(SessionTokens& tokens, const Clock& clock, Limits limits)
    : tokens_(tokens), clock_(clock), limits_(limits), buckets_(clock) {}

SessionDoor::SessionDoor(SessionTokens& tokens, const Clock& clock) : SessionDoor(tokens, clock, Limits()) {}

asio::awaitable<std::optional<VisitorSession>> SessionDoor::session_of(std::shared_ptr<const Route> route,
                                                                       std::string token) {
  auto verifying = tokens_.verify(std::move(token), route->integration);
  co_return co_await std::move(verifying);
}

asio::awaitable<Answer> SessionDoor::make(std::shared_ptr<const Route> route, std::string token,
                                          std::string peer) {
  net::RateBuckets::Want want(network_of(peer), limits_.sessions);
  const auto wait = buckets_.take({std::move(want)});
  if (wait != Duration(0)) co_return too_many(wait);
  std::string id = SessionTokens::new_id();
  if (!token.empty()) {
    auto verifying = tokens_.verify(std::move(token), route->integration);
    const auto known = co_await std::move(verifying);
    if (!known) co_return Answer(401);
    id = known->id;
  }
  VisitorSession session(route->integration, std::move(id),
                         std::chrono::ceil<std::chrono::seconds>(clock_.now() + route->session_ttl));
  auto signing = tokens_.sign(session);
  const auto made = co_await std::move(signing);
  const json body = {
      {"token", made}, {"session", session.id}, {"expires_at", to_rfc3339(session.expires_at)}};
  co_return Answer(200, "application/json", body.dump());
}

asio::awaitable<Answer> SessionDoor::open(std::shared_ptr<const Route> route, std::string token) {
  auto verifying = tokens_.verify(std::move(token), route->integration);
  auto session = co_await std::move(verifying);
  if (!session) co_return Answer(401);
  Answer answer(200);
  answer.live.emplace(route->integration, std::move(session->id), session->expires_at);
  co_return answer;
}

}  // namespace patchbay::hooks
