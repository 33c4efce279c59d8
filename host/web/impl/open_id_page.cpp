#include "web/open_id_page.hpp"

#include "base/error.hpp"
#include "hooks/form.hpp"
#include "web/impl/browser_page.hpp"
#include "web/impl/cookie.hpp"
#include "web/impl/route_table.hpp"
#include "web/problem.hpp"

namespace patchbay::web {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kCookie = "pb_sign_in";
constexpr std::string_view kBelow = "/sign-in";

Response sent_to(const std::string& address) {
  Response response(303);
  response.headers.add("Location", address);
  // The address that the browser comes from holds the code.
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

Response failed(const Request& request, const Error& error) {
  const auto language = language_of(request.headers.get("accept-language"));
  const auto status = error.code() == Code::invalid       ? 400
                      : error.code() == Code::unsupported ? 404
                                                          : status_of(error.code());
  return browser_page(status, language, Text("web.sign_in_failed"), error.text().in(language));
}

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

BodyPlan OpenIdPage::plan(const Request&) {
  return BodyPlan(0);
}

std::string OpenIdPage::redirect_uri() const {
  return parts_.address() + std::string(kCallback);
}

asio::awaitable<Response> OpenIdPage::handle(Request request) {
  const std::string path(strip_base(request.path(), parts_.site.path()));
  if (path != kStart && path != kCallback)
    throw Error(Code::not_found, Text("base.not_found", {{"what", path.substr(0, 100)}}));
  if (request.method != "GET") {
    Response refused(405);
    refused.headers.add("allow", "GET");
    co_return refused;
  }
  auto answering = path == kStart ? begin(std::move(request)) : finish(std::move(request));
  co_return co_await std::move(answering);
}

asio::awaitable<Response> OpenIdPage::begin(Request request) {
  std::string return_to = "/";
  for (auto& [name, value] : hooks::parse_form(request.query())) {
    if (name == "return_to" && domain::access::is_local_path(value)) return_to = std::move(value);
  }
  std::optional<Error> error;
  try {
    const auto begun = co_await parts_.open_id.begin(redirect_uri(), return_to);
    auto response = sent_to(begun.address);
    response.headers.add("Set-Cookie", cookie_of(parts_.site, kCookie, begun.cookie,
                                                 seconds(domain::access::OpenId::kTime), kBelow));
    co_return response;
  } catch (const Error& caught) {
    error = caught;
  }
  co_return failed(request, *error);
}

asio::awaitable<Response> OpenIdPage::finish(Request request) {
  const auto peer = request.peer;
  if (failures_.count(peer, parts_.clock.monotonic()) >= kFailuresOfAddress)
    throw Error(Code::rate_limited, Text("web.too_many_failures", {{"peer", peer}}))
        .retry_after(Duration{60'000});
  domain::access::OpenId::Back back;
  back.callback = read_callback(request.query());
  back.cookie = request.cookie(kCookie);
  back.redirect_uri = redirect_uri();
  domain::access::Client client(peer, std::string(request.headers.get("user-agent")));
  auto finishing = parts_.open_id.finish(std::move(back), std::move(client));
  Response response;
  try {
    const auto done = co_await std::move(finishing);
    response = sent_to(parts_.site.path() + done.return_to);
    response.headers.add("Set-Cookie", session_cookie(parts_.site, done.in.token,
                                                      seconds(domain::access::Sessions::kLongest)));
  } catch (const Error& error) {
    if (error.code() == Code::invalid) failures_.note(peer, parts_.clock.monotonic());
    response = failed(request, error);
  }
  response.headers.add("Set-Cookie", cookie_of(parts_.site, kCookie, "", 0, kBelow));
  co_return response;
}

}  // namespace patchbay::web
