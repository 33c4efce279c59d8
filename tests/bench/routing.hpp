#pragma once

#include "bench/figure.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::bench {

// S10: what it costs to assign a chat, 5,000 of which wait for 500 operators, with a million finished ones
// beside them, against the same with none (CHAT-10).
Figure cost_of_assigning(support::PostgresServer& postgres, const Settings& settings);

}  // namespace patchbay::bench
