#include "web/hooks_adapter.hpp"

#include "web/impl/route_table.hpp"

namespace patchbay::web {
namespace {

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

Response translate(hooks::Answer&& from) {
  Response to(from.status, std::move(from.type), std::move(from.body));
  for (const auto& [name, value] : from.headers) to.headers.add(name, value);
  if (from.retry_after > 0) to.headers.add("retry-after", std::to_string(from.retry_after));
  return to;
}

}  // namespace

HooksAdapter::HooksAdapter(hooks::Ingress& ingress, std::string base_path)
    : ingress_(ingress), base_path_(without_slashes(std::move(base_path))) {}

BodyPlan HooksAdapter::plan(const Request& head) {
  const auto limit = ingress_.body_limit(strip_base(head.path(), base_path_));
  if (limit) return BodyPlan(*limit);
  throw Error(Code::not_found, Text("web.no_such_hook"));
}

boost::asio::awaitable<Response> HooksAdapter::handle(Request request) {
  auto translated = translate(std::move(request), base_path_);
  auto answer = co_await ingress_.handle(std::move(translated));
  co_return translate(std::move(answer));
}

}  // namespace patchbay::web
