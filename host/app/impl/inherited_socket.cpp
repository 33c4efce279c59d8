#include "app/impl/inherited_socket.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace patchbay::app {

int inherited_socket(std::string_view name) {
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(0, &names);
  int found = -1;
  for (int i = 0; i < count; ++i) {
    const std::string_view each(names[i]);
    const bool is_only = count == 1 && name == "http" && each != "https";
    if (each == name || is_only) found = SD_LISTEN_FDS_START + i;
  }
  for (int i = 0; i < count; ++i) std::free(names[i]);
  std::free(names);
  return found;
}

}  // namespace patchbay::app
