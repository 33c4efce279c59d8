#include "web/problem.hpp"

#include <array>
#include <chrono>

#include <nlohmann/json.hpp>

namespace patchbay::web {
namespace {

struct Reason {
  int status;
  std::string_view words;
};

constexpr std::array kReasons{
    Reason{100, "Continue"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{206, "Partial Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

// The sentence of one finding: what is wrong, then what to do.
std::string finding(const Diagnostic& diagnostic, std::string_view language) {
  std::string words = diagnostic.summary.in(language);
  if (diagnostic.remedy.empty()) return words;
  if (!words.empty() && words.back() != '.') words += '.';
  return words + ' ' + diagnostic.remedy.in(language);
}

std::string detail_of(const Error& error, int status, std::string_view language) {
  if (status != 500) return error.text().in(language);
  return Text("web.internal").in(language);
}

std::string title_of(int status, std::string_view language) {
  const std::string id = "web.title_" + std::to_string(status);
  const std::string words = Text(id).in(language);
  return words == id ? std::string(reason_of(status)) : words;
}

void add_retry(Response& response, const Error& error) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after()).count();
  const bool asked = seconds > 0;
  if (!asked && response.status != 429 && response.status != 503) return;
  response.headers.add("retry-after", std::to_string(asked ? seconds : 1));
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 422;
    case Code::unauthenticated:
      return 401;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::rate_limited:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::deadline:
      return 504;
    case Code::cancelled:
      return 503;
    case Code::unsupported:
      return 501;
    case Code::outcome_unknown:
      return 502;
    case Code::ok:
    case Code::internal:
      break;
  }
  return 500;
}

std::string_view reason_of(int status) {
  for (const auto& reason : kReasons) {
    if (reason.status == status) return reason.words;
  }
  return {};
}

Response problem(const Error& error, std::string_view language, std::string_view request_id) {
  const auto* exact = dynamic_cast<const StatusError*>(&error);
  Response response(exact != nullptr ? exact->status() : status_of(error.code()));
  if (exact != nullptr) response.headers = exact->headers;
  nlohmann::ordered_json body;
  body["type"] = "urn:patchbay:problem:" + std::string(code_name(error.code()));
  body["title"] = title_of(response.status, language);
  body["status"] = response.status;
  body["detail"] = detail_of(error, response.status, language);
  if (response.status != 500 && !error.text().id().empty()) body["code"] = error.text().id();
  body["errors"] = nlohmann::ordered_json::array();
  for (const auto& diagnostic : error.diagnostics()) {
    nlohmann::ordered_json entry;
    entry["pointer"] = diagnostic.path;
    entry["detail"] = finding(diagnostic, language);
    body["errors"].push_back(std::move(entry));
  }
  body["request_id"] = request_id;
  response.type = "application/problem+json";
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (response.status == 401 && !response.headers.has("www-authenticate")) {
    response.headers.add("www-authenticate", "Bearer realm=\"patchbay\"");
  }
  add_retry(response, error);
  return response;
}

}  // namespace patchbay::web
