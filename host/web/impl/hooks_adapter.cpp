#include "web/hooks_adapter.hpp"

#include "web/impl/route_table.hpp"

namespace patchbay::web {
namespace {

constexpr std::uint64_t kSelfTestBody = 4096;

hooks::Request translate(Request&& from, std::string_view base_path) {
  hooks::Request to(std::move(from.method), std::string(strip_base(from.path(), base_path)),
                    std::string(from.query()));
  to.headers.reserve(from.headers.size());
  for (std::size_t i = 0; i < from.headers.size(); ++i) {
    const auto [name, value] = from.headers[i];
    to.headers.emplace_back(name, value);
  }
  to.body = std::move(from.body);
  to.peer = std::move(from.peer);
  to.trace = std::move(from.trace);
  return to;
}

void add_headers(const hooks::Answer& from, Response& to) {
  for (const auto& [name, value] : from.headers) to.headers.add(name, value);
  if (from.retry_after > 0) to.headers.add("retry-after", std::to_string(from.retry_after));
}

}  // namespace

HooksAdapter::HooksAdapter(hooks::Ingress& ingress, EventStreams& streams, SiteAddress site)
    : ingress_(ingress), streams_(streams), site_(std::move(site)) {}

BodyPlan HooksAdapter::plan(const Request& head) {
  const auto limit = ingress_.body_limit(strip_base(head.path(), site_.path()));
  if (limit) return BodyPlan(*limit);
  // One whose path was changed on the way is to hear so.
  if (head.headers.has(hooks::kSelfTestHeader)) return BodyPlan(kSelfTestBody);
  throw Error(Code::not_found, Text("web.no_such_hook"));
}

// It ends with its route, so that nobody hears of an integration that is disconnected.
Response HooksAdapter::stream(const hooks::LiveStream& live, std::int64_t after, std::string path) {
  EventStreams::Wish wish(live::Topic(live.integration, live.topic), after, live.until,
                          [this, path = std::move(path)] { return ingress_.is_live(path); });
  return streams_.open(std::move(wish));
}

boost::asio::awaitable<Response> HooksAdapter::handle(Request request) {
  const auto after = last_event_id(request);
  auto translated = translate(std::move(request), site_.path());
  auto path = translated.path;
  auto passing = ingress_.handle(std::move(translated));
  auto answer = co_await std::move(passing);
  Response response(answer.status, std::move(answer.type), std::move(answer.body));
  if (answer.live) response = stream(*answer.live, after, std::move(path));
  add_headers(answer, response);
  co_return response;
}

}  // namespace patchbay::web
