#include "hooks/cors.hpp"

#include <optional>

#include <nlohmann/json.hpp>

#include "net/egress.hpp"

namespace patchbay::hooks {

namespace {

using nlohmann::json;

// As a browser writes it: without the scheme's own port, without a slash.
std::optional<std::string> origin_of(const std::string& text) {
  const auto url = net::parse_url(text);
  if (!url || url->target != "/") return std::nullopt;
  const bool v6 = url->host.find(':') != url->host.npos;
  const auto host = v6 ? "[" + url->host + "]" : url->host;
  const bool usual = url->port == (url->scheme == "https" ? 443 : 80);
  return url->scheme + "://" + host + (usual ? "" : ":" + std::to_string(url->port));
}

}  // namespace

Cors::Cors(const std::string& settings, const std::string& pointer) {
  const auto all = json::parse(settings, nullptr, false);
  const json::json_pointer place(pointer);
  if (!all.is_object() || !all.contains(place) || !all.at(place).is_array()) return;
  for (const auto& each : all.at(place)) {
    if (!each.is_string()) continue;
    if (auto origin = origin_of(each.get<std::string>())) origins_.insert(std::move(*origin));
  }
}

bool Cors::is_preflight(const Request& request) {
  return request.method == "OPTIONS" && request.header("access-control-request-method") != nullptr;
}

Answer Cors::preflight(std::string methods) {
  Answer answer(204);
  answer.headers.emplace_back("Access-Control-Allow-Methods", std::move(methods));
  answer.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
  return answer;
}

void Cors::mark(Answer& answer, const std::string& origin) {
  answer.headers.emplace_back("Vary", "Origin");
  if (origin.empty()) return;
  answer.headers.emplace_back("Access-Control-Allow-Origin", origin);
  answer.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
}

}  // namespace patchbay::hooks
