#include "oauth/replies.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::oauth {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t kLongestToken = 64u << 10;
constexpr std::size_t kLongestWords = 500;
constexpr int kServerError = 500;
constexpr Duration kLongestLifetime = std::chrono::days(3650);
constexpr Duration kInterval = 5s;  // RFC 8628, 3.2
constexpr Duration kLongestInterval = 60s;

[[noreturn]] void unreadable(int status) {
  throw Error(Code::unavailable, Text("oauth.unreadable", {{"status", std::to_string(status)}}));
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string words_at(const json& object, const char* key) {
  return repair_utf8(text_at(object, key).substr(0, kLongestWords));
}

// Seconds, which some write as a text.
std::optional<Duration> seconds_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  double seconds = -1;
  if (found->is_number()) {
    seconds = found->get<double>();
  } else if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    std::int64_t whole = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) seconds = static_cast<double>(whole);
  }
  constexpr double kMost =
      static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(kLongestLifetime).count());
  if (!(seconds >= 0)) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, kMost)));
}

// The claims of an ID token that came straight from the token endpoint: its TLS connection vouches for it in
// place of the signature (OpenID Connect Core, 3.1.3.7).
json claims_of(const std::string& id_token) {
  const auto first = id_token.find('.');
  const auto second = id_token.find('.', first == id_token.npos ? first : first + 1);
  if (second == id_token.npos) return json::object();
  const auto decoded =
      crypto::from_base64url(std::string_view(id_token).substr(first + 1, second - first - 1));
  if (!decoded) return json::object();
  auto claims = json::parse(*decoded, nullptr, false);
  return claims.is_object() ? claims : json::object();
}

bool is_meant_for(const json& claims, std::string_view client_id) {
  const auto audience = claims.find("aud");
  if (audience == claims.end()) return false;
  const auto is_us = [&](const json& each) {
    return each.is_string() && each.get_ref<const std::string&>() == client_id;
  };
  return audience->is_array() ? std::any_of(audience->begin(), audience->end(), is_us) : is_us(*audience);
}

void add_identity(const json& reply, std::string_view client_id, Granted& granted) {
  const auto claims = claims_of(text_at(reply, "id_token"));
  const auto subject = words_at(claims, "sub");
  if (subject.empty() || !is_meant_for(claims, client_id)) return;
  granted.identity = words_at(claims, "iss") + "#" + subject;
  for (const auto* claim : {"email", "preferred_username", "name", "sub"}) {
    granted.title = words_at(claims, claim);
    if (!granted.title.empty()) return;
  }
}

// Most say {"error": "invalid_grant"}; some put an object there.
Refused refused_by(const json& reply) {
  Refused refused;
  const auto& error = reply.at("error");
  if (error.is_object()) {
    refused.error = words_at(error, "type");
    refused.description = words_at(error, "message");
  } else {
    refused.error = words_at(reply, "error");
    refused.description = words_at(reply, "error_description");
  }
  if (refused.error.empty()) refused.error = "error";
  return refused;
}

json read_object(int status, std::string_view body) {
  if (status >= kServerError || status < 200) unreadable(status);
  auto reply = json::parse(body, nullptr, false);
  if (!reply.is_object()) unreadable(status);
  return reply;
}

}  // namespace

TokenReply read_token_reply(int status, std::string_view body, std::string_view client_id) {
  const auto reply = read_object(status, body);
  if (reply.contains("error")) {
    auto refused = refused_by(reply);
    if (refused.error == "temporarily_unavailable" || refused.error == "server_error") unreadable(status);
    return refused;
  }
  Granted granted;
  granted.access_token = text_at(reply, "access_token");
  granted.refresh_token = text_at(reply, "refresh_token");
  const bool fits = !granted.access_token.empty() && granted.access_token.size() <= kLongestToken &&
                    granted.refresh_token.size() <= kLongestToken;
  if (status >= 300 || !fits) unreadable(status);
  granted.lifetime = seconds_at(reply, "expires_in");
  granted.scopes = words_at(reply, "scope");
  granted.id_token = text_at(reply, "id_token");
  add_identity(reply, client_id, granted);
  return granted;
}

DeviceCode read_device_reply(int status, std::string_view body) {
  const auto reply = read_object(status, body);
  if (reply.contains("error")) throw Error(Code::invalid, refusal_text(refused_by(reply)));
  DeviceCode code;
  code.device_code = text_at(reply, "device_code");
  code.user_code = words_at(reply, "user_code");
  code.address = words_at(reply, "verification_uri");
  if (code.address.empty()) code.address = words_at(reply, "verification_url");
  code.complete_address = words_at(reply, "verification_uri_complete");
  code.lifetime = seconds_at(reply, "expires_in").value_or(Duration(0));
  code.interval =
      std::clamp(seconds_at(reply, "interval").value_or(kInterval), Duration(1s), kLongestInterval);
  if (status >= 300 || code.device_code.empty() || code.user_code.empty() || code.address.empty() ||
      code.lifetime <= Duration(0))
    unreadable(status);
  return code;
}

Text refusal_text(const Refused& refused) {
  return Text("oauth.refused",
              {{"error", refused.error},
               {"description", refused.description.empty() ? refused.error : refused.description}});
}

}  // namespace patchbay::oauth
