// The configuration file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "config/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("config", MFD_CLOEXEC);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  try {
    static_cast<void>(patchbay::config::load("/proc/self/fd/" + std::to_string(file), {}));
  } catch (const patchbay::Error& error) {
    if (error.code() != patchbay::Code::invalid) throw;
  }
  return 0;
}
