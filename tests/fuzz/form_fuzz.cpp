#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hooks/form.hpp"

// Any bytes are a form; nothing grows, and the first field of a name is the one that a look-up gives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t bytes = 0;
  const auto fields = patchbay::hooks::parse_form(text);
  for (const auto& [name, value] : fields) bytes += name.size() + value.size();
  if (bytes > size || fields.size() > 1000) std::abort();
  if (!fields.empty() && patchbay::hooks::form_field(text, fields.front().first) != fields.front().second)
    std::abort();
  static_cast<void>(patchbay::hooks::is_form_type(text));
  return 0;
}
