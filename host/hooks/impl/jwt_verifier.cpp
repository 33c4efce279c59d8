#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "crypto/secure.hpp"
#include "hooks/impl/spec.hpp"
#include "hooks/impl/verifiers.hpp"
#include "hooks/jwt.hpp"
#include "net/egress.hpp"

namespace patchbay::hooks {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kUsualTolerance = 60;  // seconds
constexpr int kMostTolerance = 600;

// A claim as text: a string itself, anything else as JSON.
std::optional<std::string> text_of(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::nullopt;
  return found->is_string() ? found->get<std::string>()
                            : found->dump(-1, ' ', false, json::error_handler_t::replace);
}

bool is_among(const std::vector<std::string>& wanted, const std::string& value) {
  bool found = false;
  for (const auto& each : wanted) found |= crypto::equal(each, value);
  return found;
}

class JwtVerifier final : public Verifier {
 public:
  JwtVerifier(const std::string& text, const SecretLookup& lookup) {
    const auto spec =
        parse_spec(text, "verify", {"type", "issuer", "audience", "keys", "claims", "tolerance_s"});
    issuers_ = strings_field(spec, "issuer");
    keys_ = string_field(spec, "keys");
    if (!net::parse_url(keys_)) refuse_field("keys");
    for (const auto& reference : strings_field(spec, "audience")) {
      if (reference == "url") {
        own_address_ = true;
        continue;
      }
      for (auto& value : look_up(lookup, reference)) audiences_.push_back(std::move(value));
    }
    if (const auto claims = spec.find("claims"); claims != spec.end()) {
      if (!claims->is_object()) refuse_field("claims");
      for (const auto& [name, reference] : claims->items())
        claims_[name] = look_up(lookup, string_field(*claims, name));
    }
    const auto tolerance = spec.find("tolerance_s");
    if (tolerance == spec.end()) return;
    if (!tolerance->is_number_unsigned() || *tolerance > kMostTolerance) refuse_field("tolerance_s");
    tolerance_ = std::chrono::seconds(tolerance->get<int>());
  }

  std::optional<WantedKey> wanted_key(const Request& request, const Context& context) const override {
    const auto token = token_of(request);
    if (!token || !fits(token->claims, context)) return std::nullopt;
    return WantedKey(keys_, token->key_id);
  }

  bool accepts(const Request& request, const Context& context) const override {
    const auto token = token_of(request);
    return token && context.key && token->kind == context.key->kind() && fits(token->claims, context) &&
           context.key->accepts(token->signed_part, token->signature);
  }

  std::vector<std::string> secret_headers() const override { return {"authorization"}; }

 private:
  static std::optional<Jwt> token_of(const Request& request) {
    const std::string* value = request.header("authorization");
    if (!value || value->size() < 7 || lower_case(value->substr(0, 7)) != "bearer ") return std::nullopt;
    return parse_jwt(std::string_view(*value).substr(7));
  }

  bool is_for_us(const json& claims, const Context& context) const {
    const auto found = claims.find("aud");
    if (found == claims.end()) return false;
    const auto ours = [&](const json& audience) {
      if (!audience.is_string()) return false;
      const auto& value = audience.get_ref<const std::string&>();
      return is_among(audiences_, value) || (own_address_ && value == context.url);
    };
    if (!found->is_array()) return ours(*found);
    bool any = false;
    for (const auto& each : *found) any |= ours(each);
    return any;
  }

  bool fits(const json& claims, const Context& context) const {
    const auto issuer = text_of(claims, "iss");
    if (!issuer || !is_among(issuers_, *issuer) || !is_for_us(claims, context)) return false;
    for (const auto& [name, wanted] : claims_) {
      const auto value = text_of(claims, name);
      if (!value || !is_among(wanted, *value)) return false;
    }
    return is_in_time(claims, context.now, tolerance_);
  }

  std::vector<std::string> issuers_;
  std::vector<std::string> audiences_;
  bool own_address_ = false;
  std::string keys_;
  std::map<std::string, std::vector<std::string>> claims_;
  Duration tolerance_ = std::chrono::seconds(kUsualTolerance);
};

}  // namespace

std::unique_ptr<const Verifier> compile_jwt(const std::string& spec, const SecretLookup& lookup) {
  return std::make_unique<JwtVerifier>(spec, lookup);
}

}  // namespace patchbay::hooks
