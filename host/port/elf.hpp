#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::port {

// What a shared library says about itself without being opened. A pure function over its bytes; survives any
// input.
class ElfReport {
 public:
  bool is_library = false;            // a 64-bit x86-64 or AArch64 shared object with a symbol table
  std::vector<std::string> needed;    // DT_NEEDED, in order
  std::vector<std::string> exported;  // global defined symbols, without those that linkers and sanitizers add
};

ElfReport inspect_elf(std::string_view bytes);

// The first library that it needs itself and that is another C++ runtime than libstdc++, or empty. What those
// libraries need in turn is not looked at: a plugin that drags such a runtime in by another library is not
// found here, and belongs into a worker.
std::string foreign_runtime(const ElfReport& report);

}  // namespace patchbay::port
