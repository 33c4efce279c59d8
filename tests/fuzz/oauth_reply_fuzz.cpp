#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "oauth/replies.hpp"

// The first byte chooses the status. What is taken holds a token; what is not says nothing about the grant.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  if (size == 0) return 0;
  constexpr int kStatus[] = {200, 400, 401, 500, 302, 100};
  const int status = kStatus[data[0] % std::size(kStatus)];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const auto reply = oauth::read_token_reply(status, body, "us");
    if (const auto* granted = std::get_if<oauth::Granted>(&reply)) {
      if (granted->access_token.empty() || status >= 300) std::abort();
      if (granted->lifetime && *granted->lifetime < Duration(0)) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != Code::unavailable) std::abort();
  }
  try {
    const auto code = oauth::read_device_reply(status, body);
    if (code.device_code.empty() || code.interval < Duration(1000) || code.lifetime <= Duration(0))
      std::abort();
  } catch (const Error& error) {
    if (error.code() != Code::unavailable && error.code() != Code::invalid) std::abort();
  }
  return 0;
}
