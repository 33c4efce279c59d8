// Plugins in C++ that let exceptions out where none may leave. ODD_<WAY> says where.
#include <patchbay/abi.h>

#include <stdexcept>

namespace {

constexpr char kAbout[] = "{\"id\":\"odd\",\"version\":\"0.1.0\",\"sdk\":\"0.0\"}";

#ifdef ODD_THROW_ON_LOAD
struct Thrower {
  Thrower() { throw std::runtime_error("thrown while it was loaded"); }
};
const Thrower kThrower;
#endif

pb_plugin* create(const pb_host*, const char*) {
  throw std::runtime_error("thrown by create");
}

constexpr pb_entry kEntry = {
    sizeof kEntry, PB_ABI_MAJOR, PB_ABI_MINOR, 0, "C++, no layer", {kAbout, sizeof kAbout - 1}, create};

}  // namespace

extern "C" PB_EXPORT const pb_entry* patchbay_plugin_v0(void) {
#ifdef ODD_THROW_IN_ENTRY
  throw std::runtime_error("thrown by the entry");
#endif
  return &kEntry;
}
