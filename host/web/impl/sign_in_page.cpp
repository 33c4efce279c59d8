#include "web/sign_in_page.hpp"

#include "web/impl/browser_page.hpp"
#include "web/impl/route_table.hpp"

namespace patchbay::web {
SignInPage::SignInPage(oauth::SignIns& sign_ins, SiteAddress site)
    : sign_ins_(sign_ins), site_(std::move(site)) {}

BodyPlan SignInPage::plan(const Request&) {
  return BodyPlan(0);
}

boost::asio::awaitable<Response> SignInPage::handle(Request request) {
  if (strip_base(request.path(), site_.path()) != "/oauth/callback")
    throw Error(Code::not_found,
                Text("base.not_found", {{"what", std::string(request.path().substr(0, 100))}}));
  if (request.method != "GET") {
    Response refused(405);
    refused.headers.add("allow", "GET");
    co_return refused;
  }
  const auto language = language_of(request.headers.get("accept-language"));
  auto callback = read_callback(request.query());
  oauth::SignIn done;
  std::optional<Error> failed;
  try {
    done = co_await sign_ins_.finish(std::move(callback));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) {
    const bool ours = failed->code() == Code::unavailable || failed->code() == Code::internal;
    co_return browser_page(ours ? 503 : 400, language, Text("web.sign_in_failed"),
                           failed->text().in(language));
  }
  if (done.state != "done")
    co_return browser_page(400, language, Text("web.sign_in_failed"),
                           Text::from_kept(done.reason).in(language));
  co_return browser_page(200, language, Text("web.signed_in"), Text("web.signed_in_words").in(language));
}

}  // namespace patchbay::web
