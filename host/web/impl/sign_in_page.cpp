#include "web/sign_in_page.hpp"

#include "hooks/form.hpp"
#include "web/impl/route_table.hpp"

namespace patchbay::web {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

oauth::Callback read_callback(std::string_view query) {
  oauth::Callback out;
  for (auto& [name, value] : hooks::parse_form(query)) {
    if (name == "state")
      out.state = std::move(value);
    else if (name == "code")
      out.code = std::move(value);
    else if (name == "iss")
      out.issuer = std::move(value);
    else if (name == "error")
      out.error = std::move(value);
    else if (name == "error_description")
      out.error_description = std::move(value);
  }
  return out;
}

// No script, nothing from elsewhere: the address of this page holds the code.
Response page(int status, const std::string& language, const Text& title, const std::string& words) {
  const std::string body =
      "<!doctype html>\n<html lang=\"" + language +
      "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">"
      "<title>" +
      escaped(title.in(language)) +
      " · Patchbay</title><style>"
      "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f6f7f9;color:#1c2430;"
      "font:16px/1.5 system-ui,sans-serif}main{max-width:26rem;margin:1rem;padding:2rem;background:#fff;"
      "border:1px solid #dde2e8;border-radius:8px;overflow-wrap:anywhere}h1{margin:0 0 "
      ".5rem;font-size:1.25rem}"
      "p{margin:0}@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}"
      "main{background:#1a2029;border-color:#2c3542}}</style></head><body><main><h1>" +
      escaped(title.in(language)) + "</h1><p>" + escaped(words) + "</p></main></body></html>\n";
  Response response(status, "text/html; charset=utf-8", body);
  response.headers.add(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
  response.headers.add("content-language", language);
  return response;
}

}  // namespace

SignInPage::SignInPage(oauth::SignIns& sign_ins, std::string base_path)
    : sign_ins_(sign_ins), base_path_(without_slashes(std::move(base_path))) {}

BodyPlan SignInPage::plan(const Request&) {
  return BodyPlan(0);
}

boost::asio::awaitable<Response> SignInPage::handle(Request request) {
  if (strip_base(request.path(), base_path_) != "/oauth/callback")
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
    co_return page(ours ? 503 : 400, language, Text("web.sign_in_failed"), failed->text().in(language));
  }
  if (done.state != "done")
    co_return page(400, language, Text("web.sign_in_failed"), Text::from_kept(done.reason).in(language));
  co_return page(200, language, Text("web.signed_in"), Text("web.signed_in_words").in(language));
}

}  // namespace patchbay::web
