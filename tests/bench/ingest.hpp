#pragma once

#include "bench/figure.hpp"
#include "bench/load.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::bench {

// S1 and S2: webhooks answered after their durable commit, against the same listener with the same checks and
// no store.
class Ingest {
 public:
  Ingest(support::PostgresServer& postgres, Load& load, const Settings& settings);

  Figure postgresql;  // S1
  Figure sqlite;      // S2
};

// Webhooks answered after their durable commit by a listener of its own, on an empty database.
Answers answered_after_commit(const std::string& store_url, Load& load, const Settings& settings);

}  // namespace patchbay::bench
