#pragma once

#include <string>
#include <vector>

#include "port/fd.hpp"

namespace patchbay::port {

// A started worker, seen from the host.
class Child {
 public:
  int pid = 0;
  Fd pidfd;
  Fd wire;    // our end of the socket
  Fd errors;  // reading end of its standard error
};

// Starts `arguments[0]` with descriptor 3 as its wire, /dev/null for input and output, and nothing of our
// environment but what sanitizers and the loader need. On the calling thread, to which the child's life is
// tied. Throws Error.
Child spawn(const std::vector<std::string>& arguments);

}  // namespace patchbay::port
