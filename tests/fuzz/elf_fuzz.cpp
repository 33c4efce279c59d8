// Libraries before they are opened.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/elf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  patchbay::port::foreign_runtime(
      patchbay::port::inspect_elf(std::string_view(reinterpret_cast<const char*>(data), size)));
  return 0;
}
