#include "web/impl/response_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "web/problem.hpp"

namespace patchbay::web {
namespace {

constexpr std::string_view kSecurity = "x-content-type-options: nosniff\r\nx-frame-options: DENY\r\n";

// A year (RFC 6797): browsers come over TLS from now on.
constexpr std::string_view kSecured = "strict-transport-security: max-age=31536000\r\n";

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

void add_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_clean(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

void add_framing(std::string& out, const Response& response, const Framing& framing) {
  const bool no_length = response.status == 204 || response.status == 304 || response.status < 200;
  if (!no_length) {
    if (framing.length) {
      out.append("content-length: ");
      add_number(out, *framing.length);
      out.append("\r\n");
    } else if (framing.http11) {
      out.append("transfer-encoding: chunked\r\n");
    }
  }
  if (!framing.keep_alive) {
    out.append("connection: close\r\n");
  } else if (!framing.http11) {
    out.append("connection: keep-alive\r\n");
  }
}

}  // namespace

void write_head(std::string& out, const Response& response, const Framing& framing) {
  out.append(framing.http11 ? "HTTP/1.1 " : "HTTP/1.0 ");
  add_number(out, static_cast<std::uint64_t>(response.status));
  out.append(" ").append(reason_of(response.status)).append("\r\n");
  out.append("date: ").append(framing.date).append("\r\n");
  if (!response.type.empty()) add_field(out, "content-type", response.type);
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers[i];
    add_field(out, name, value);
  }
  if (!response.headers.has("cache-control")) out.append("cache-control: no-store\r\n");
  if (!response.headers.has("referrer-policy")) out.append("referrer-policy: no-referrer\r\n");
  out.append(kSecurity);
  if (framing.secured) out.append(kSecured);
  out.append("x-request-id: ").append(framing.request_id).append("\r\n");
  add_framing(out, response, framing);
  out.append("\r\n");
}

std::string http_date(TimePoint time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 32> rest{};
  std::strftime(rest.data(), rest.size(), "%Y %H:%M:%S GMT", &parts);
  std::string day = std::to_string(parts.tm_mday);
  if (day.size() < 2) day.insert(0, "0");
  return std::string(kDays[static_cast<std::size_t>(parts.tm_wday)]) + ", " + day + " " +
         kMonths[static_cast<std::size_t>(parts.tm_mon)] + " " + rest.data();
}

}  // namespace patchbay::web
