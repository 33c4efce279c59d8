#pragma once

#include "bench/figure.hpp"

namespace patchbay::bench {

// S7: what a worker takes for each mailbox: an instance of a plugin with one connection in TLS, said hello to
// and idle.
Figure idle_mailboxes();

}  // namespace patchbay::bench
