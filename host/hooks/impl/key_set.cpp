#include <nlohmann/json.hpp>

#include "crypto/encoding.hpp"
#include "hooks/jwt.hpp"
#include "hooks/key_sets.hpp"

namespace patchbay::hooks {

namespace {

using crypto::PublicKey;
using nlohmann::json;

constexpr std::size_t kMostKeys = 64;

std::string text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<PublicKey> key_of(const json& key) {
  const auto bytes = [&key](const char* name) {
    return crypto::from_base64url(text_at(key, name)).value_or("");
  };
  std::optional<PublicKey> made;
  if (text_at(key, "kty") == "RSA") made = PublicKey::rsa(bytes("n"), bytes("e"));
  if (text_at(key, "kty") == "EC" && text_at(key, "crv") == "P-256")
    made = PublicKey::p256(bytes("x"), bytes("y"));
  const bool other_use = key.contains("use") && text_at(key, "use") != "sig";
  const bool other_algorithm = made && key.contains("alg") && key_kind(text_at(key, "alg")) != made->kind();
  if (other_use || other_algorithm) return std::nullopt;
  return made;
}

}  // namespace

std::optional<KeySet> parse_key_set(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("keys") || !document.at("keys").is_array())
    return std::nullopt;
  KeySet keys;
  for (const auto& each : document.at("keys")) {
    if (!each.is_object() || keys.size() == kMostKeys) continue;
    const auto id = text_at(each, "kid");
    auto key = id.empty() ? std::nullopt : key_of(each);
    if (key) keys.emplace(id, std::move(*key));
  }
  return keys;
}

}  // namespace patchbay::hooks
