#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::crypto {

// Lower-case digits. Decoding takes either case and nothing else: no spaces, no odd length.
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

// RFC 4648, section 4, with padding. Decoding is strict: padding required, unused bits zero, no line breaks.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// RFC 4648, section 5, without padding, as in tokens and addresses. Decoding refuses padding.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace patchbay::crypto
