#include "domain/access/identity.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "domain/access/impl/checks.hpp"
#include "hooks/jwt.hpp"
#include "net/egress.hpp"

namespace patchbay::domain::access {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr Duration kTolerance = 60s;
constexpr std::size_t kLongestSubject = 255;  // OpenID Connect Core, 2
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostRoles = 1000;

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string without_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

[[noreturn]] void no_document(const std::string& address, Text why) {
  throw Error(Code::unavailable,
              Text("domain.identity.no_document", {{"address", address}, {"why", why.kept()}}));
}

[[noreturn]] void bad_token(const char* claim) {
  throw Error(Code::invalid, Text("domain.identity.bad_token", {{"claim", claim}}));
}

std::string address_at(const json& document, const char* name, const std::string& address) {
  auto value = text_at(document, name);
  if (!value.empty() && !net::parse_url(value))
    no_document(address, Text("domain.identity.bad_field", {{"field", name}}));
  return value;
}

std::string required_at(const json& document, const char* name, const std::string& address) {
  auto value = address_at(document, name, address);
  if (value.empty()) no_document(address, Text("domain.identity.bad_field", {{"field", name}}));
  return value;
}

// Basic is what is used where nothing is said (OpenID Connect Discovery, 3).
bool takes_secret_in_body_only(const json& document) {
  const auto found = document.find("token_endpoint_auth_methods_supported");
  if (found == document.end() || !found->is_array()) return false;
  const auto has = [&](const char* name) {
    return std::find(found->begin(), found->end(), json(name)) != found->end();
  };
  return has("client_secret_post") && !has("client_secret_basic");
}

// One value, or a list of them.
std::vector<std::string> values_at(const json& claims, const std::string& claim) {
  std::vector<std::string> out;
  if (claim.empty()) return out;
  const json* found = nullptr;
  if (claim.starts_with('/')) {
    const auto pointer = json::json_pointer(claim);
    if (claims.contains(pointer)) found = &claims.at(pointer);
  } else if (claims.contains(claim)) {
    found = &claims.at(claim);
  }
  if (found == nullptr) return out;
  if (found->is_string()) return {found->get<std::string>()};
  if (!found->is_array()) return out;
  for (const auto& one : *found) {
    if (one.is_string() && out.size() < kMostRoles) out.push_back(one.get<std::string>());
  }
  return out;
}

// As the claim's name is set by an administrator, a broken pointer is a claim that nobody has.
std::vector<std::string> roles_of(const json& claims, const std::string& claim) {
  try {
    return values_at(claims, claim);
  } catch (const json::exception&) {
    return {};
  }
}

std::string login_of(const json& claims) {
  if (auto login = as_login(text_at(claims, "preferred_username")); is_login(login)) return login;
  // Where nobody has verified it, it is whatever its owner wrote. Some servers say so in words.
  const auto verified = claims.find("email_verified");
  if (verified != claims.end() && (*verified == true || *verified == "true")) {
    if (auto login = as_login(text_at(claims, "email")); is_login(login)) return login;
  }
  throw Error(Code::invalid, Text("domain.identity.no_login"));
}

}  // namespace

IdentityServer read_discovery(std::string_view body, const std::string& address) {
  const auto document = json::parse(body, nullptr, false);
  if (!document.is_object()) no_document(address, Text("domain.identity.no_json"));
  IdentityServer server;
  server.issuer = text_at(document, "issuer");
  if (server.issuer.empty() || without_slash(server.issuer) != without_slash(address))
    no_document(address, Text("domain.identity.other_issuer", {{"issuer", server.issuer.substr(0, 500)}}));
  server.authorize = required_at(document, "authorization_endpoint", address);
  server.token = required_at(document, "token_endpoint", address);
  server.keys = required_at(document, "jwks_uri", address);
  server.user_info = address_at(document, "userinfo_endpoint", address);
  server.end_session = address_at(document, "end_session_endpoint", address);
  server.secret_in_body = takes_secret_in_body_only(document);
  const auto names = document.find("authorization_response_iss_parameter_supported");
  server.names_itself = names != document.end() && *names == true;
  return server;
}

void check_claims(const json& claims, const IdTokenTerms& terms) {
  if (text_at(claims, "iss") != terms.issuer) bad_token("iss");
  if (!hooks::is_meant_for(claims, terms.client)) bad_token("aud");
  const auto party = claims.find("azp");
  const bool is_shared = claims.at("aud").is_array() && claims.at("aud").size() > 1;
  if (party == claims.end() ? is_shared : *party != terms.client) bad_token("azp");
  if (!hooks::is_in_time(claims, terms.now, kTolerance)) bad_token("exp");
  if (!claims.contains("iat")) bad_token("iat");
  if (text_at(claims, "nonce") != terms.nonce) bad_token("nonce");
  const auto subject = text_at(claims, "sub");
  if (subject.empty() || subject.size() > kLongestSubject) bad_token("sub");
}

void add_user_info(json& claims, std::string_view body) {
  const auto info = json::parse(body, nullptr, false);
  if (!info.is_object() || text_at(info, "sub") != text_at(claims, "sub"))
    throw Error(Code::invalid, Text("domain.identity.bad_user_info"));
  for (const auto& [name, value] : info.items()) {
    if (!claims.contains(name)) claims[name] = value;
  }
}

Identity read_identity(const json& claims, const std::string& roles_claim) {
  Identity out;
  out.issuer = text_at(claims, "iss");
  out.subject = text_at(claims, "sub");
  out.login = login_of(claims);
  out.name = repair_utf8(text_at(claims, "name").substr(0, kLongestName));
  if (out.name.find_first_not_of(" \t\r\n") == std::string::npos) out.name = out.login;
  if (auto email = text_at(claims, "email"); is_email(email)) out.email = std::move(email);
  if (const auto locale = text_at(claims, "locale"); !locale.empty()) out.language = language_of(locale);
  out.roles = roles_of(claims, roles_claim);
  return out;
}

}  // namespace patchbay::domain::access
