#include "web/precondition.hpp"

#include <charconv>

#include "web/problem.hpp"

namespace patchbay::web {

namespace asio = boost::asio;

namespace {

asio::awaitable<Response> handle(Handler handler, Call call) {
  try {
    auto work = handler(std::move(call));
    co_return co_await std::move(work);
  } catch (const Error& error) {
    if (error.text().id() != "domain.records.changed") throw;
    throw StatusError(412, error.text(), Code::conflict);
  }
}

}  // namespace

std::string etag_of(std::int64_t version) {
  return '"' + std::to_string(version) + '"';
}

void add_etag(Response& response, std::int64_t version) {
  response.headers.add("ETag", etag_of(version));
}

std::optional<std::int64_t> wanted_version(const Call& call) {
  const std::string given(call.request.headers.get("if-match"));
  if (given.empty()) throw StatusError(428, Text("web.if_match"), Code::conflict);
  if (given == "*") return std::nullopt;
  std::int64_t version = 0;
  const auto* end = given.data() + given.size() - 1;
  const bool quoted = given.size() > 2 && given.front() == '"' && given.back() == '"';
  if (quoted) {
    const auto [stop, error] = std::from_chars(given.data() + 1, end, version);
    if (error == std::errc() && stop == end) return version;
  }
  throw StatusError(412, Text("web.wrong_etag", {{"etag", given.substr(0, 100)}}), Code::conflict);
}

Handler guarded(Handler handler) {
  return [handler = std::move(handler)](Call call) { return handle(handler, std::move(call)); };
}

}  // namespace patchbay::web
