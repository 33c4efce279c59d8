#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/identity.hpp"
#include "domain/access/open_id.hpp"
#include "domain/settings/definition.hpp"
#include "hooks/jwt.hpp"

namespace {

using namespace patchbay;
using namespace patchbay::domain;

constexpr const char* kIssuer = "https://id.example";

void discover(std::string_view body) {
  const auto server = access::read_discovery(body, kIssuer);
  if (server.authorize.empty() || server.token.empty() || server.keys.empty()) std::abort();
}

// What a server signed may still hold anything.
void take(std::string_view body) {
  auto claims = nlohmann::json::parse(body, nullptr, false);
  if (const auto token = hooks::parse_jwt(body)) claims = token->claims;
  if (!claims.is_object()) return;
  for (const auto* claim : {"roles", "/a/b", "/0", ""}) {
    try {
      const auto identity = access::read_identity(claims, claim);
      if (identity.login.empty() || identity.name.empty()) std::abort();
    } catch (const Error& error) {
      if (error.code() != Code::invalid) std::abort();
    }
  }
  access::check_claims(claims,
                       access::IdTokenTerms(kIssuer, "us", "n", TimePoint(Duration(1'700'000'000'000))));
  if (claims.at("iss") != kIssuer || claims.at("nonce") != "n") std::abort();
}

void complete(std::string_view body) {
  nlohmann::json claims = {{"sub", "7"}, {"name", "kept"}};
  access::add_user_info(claims, body);
  if (claims.at("sub") != "7" || claims.at("name") != "kept") std::abort();
}

void come_back(std::string_view body) {
  const std::string cookie(body);
  const auto attempt = access::Attempt::read(cookie);
  if (attempt && (attempt->cookie() != cookie || !access::is_local_path(attempt->return_to()))) std::abort();
  settings::audio_type(body);
}

}  // namespace

// The first byte chooses what is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 4) {
      case 0:
        discover(body);
        break;
      case 1:
        take(body);
        break;
      case 2:
        complete(body);
        break;
      default:
        come_back(body);
    }
  } catch (const Error& error) {
    if (error.code() != Code::invalid && error.code() != Code::unavailable) std::abort();
  }
  return 0;
}
