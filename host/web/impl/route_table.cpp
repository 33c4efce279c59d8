#include "web/impl/route_table.hpp"

#include <algorithm>

#include "web/problem.hpp"

namespace patchbay::web {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_param(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{';
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_param(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

Call::Fields params_of(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  Call::Fields params;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!is_param(pattern[i])) continue;
    auto value = percent_decode(path[i]);
    if (!value) throw StatusError(400, Text("web.bad_path"));
    params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
  }
  return params;
}

}  // namespace

std::string_view strip_base(std::string_view path, std::string_view base_path) {
  const bool carries = !base_path.empty() && path.size() > base_path.size() && path.starts_with(base_path) &&
                       path[base_path.size()] == '/';
  return carries ? path.substr(base_path.size()) : path;
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == path.npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    const auto byte = static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    if (byte == '\0') return std::nullopt;
    out += byte;
    i += 2;
  }
  return out;
}

Router::Table::Match Router::Table::find(std::string_view method, std::string_view path) const {
  Match match;
  const auto segments = split_path(strip_base(path, site.path()));
  if (method == "HEAD") method = "GET";
  for (const auto& route : routes) {
    if (!fits(route.segments, segments)) continue;
    const auto verb = verb_name(route.verb);
    if (verb == method && match.route == nullptr) match.route = &route;
    if (match.allowed.find(verb) != std::string::npos) continue;
    match.allowed.append(match.allowed.empty() ? "" : ", ").append(verb);
    if (route.verb == Verb::get) match.allowed.append(", HEAD");
  }
  if (match.route == nullptr && match.allowed.empty()) {
    throw Error(Code::not_found, Text("web.no_such_path", {{"path", std::string(path.substr(0, 200))}}));
  }
  if (match.route == nullptr) {
    StatusError error(
        405, Text("web.wrong_method", {{"method", std::string(method)}, {"allowed", match.allowed}}));
    error.headers.add("allow", match.allowed);
    throw error;
  }
  match.params = params_of(match.route->segments, segments);
  return match;
}

bool Router::Table::knows(std::string_view path) const {
  const auto segments = split_path(strip_base(path, site.path()));
  return std::any_of(routes.begin(), routes.end(),
                     [&](const Route& route) { return fits(route.segments, segments); });
}

Application* Router::Table::mounted(std::string_view path) const {
  const auto local = strip_base(path, site.path());
  for (const auto& [prefix, application] : mounts) {
    if (local.starts_with(prefix)) return application;
  }
  return nullptr;
}

}  // namespace patchbay::web
