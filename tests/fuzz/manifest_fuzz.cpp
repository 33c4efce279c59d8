// plugin.json of a plugin that somebody dropped into a folder.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "plugin/read_manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    static_cast<void>(
        patchbay::plugin::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size)));
  } catch (const patchbay::Error& error) {
    if (error.code() != patchbay::Code::invalid) throw;
  }
  return 0;
}
