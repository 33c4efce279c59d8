#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hooks/session_tokens.hpp"

// What is sent as a token of a session: there is one way to write each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = patchbay::hooks::parse_session_token(text);
  if (!token) return 0;
  const auto& session = token->session;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(session.expires_at.time_since_epoch()).count();
  const std::string again = patchbay::to_string_id(session.integration) + "." + session.id + "." +
                            std::to_string(seconds) + "." + std::string(token->signature);
  if (again != text || again.size() != token->signed_part.size() + 1 + token->signature.size()) std::abort();
  return 0;
}
