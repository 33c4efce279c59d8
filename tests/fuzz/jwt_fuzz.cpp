#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hooks/jwt.hpp"
#include "hooks/key_sets.hpp"

// What is sent as a token, and what is published as keys. A key that verifies must not take what nobody
// signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = patchbay::hooks::parse_jwt(text);
  if (token && token->signed_part.size() >= text.size()) std::abort();
  const auto keys = patchbay::hooks::parse_key_set(text);
  if (!keys) return 0;
  for (const auto& [id, key] : *keys) {
    if (key.accepts("a message that nobody signed", text.substr(0, 64))) std::abort();
  }
  return 0;
}
