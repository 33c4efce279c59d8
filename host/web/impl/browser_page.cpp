#include "web/impl/browser_page.hpp"

#include "hooks/form.hpp"

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

}  // namespace

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

Response browser_page(int status, const std::string& language, const Text& title, const std::string& words) {
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

}  // namespace patchbay::web
