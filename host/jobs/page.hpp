#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::jobs {

// What a run has done up to here (pb.sync/1:emit): its records go into the same transaction.
struct Page {
  Id integration = 0;
  std::string job;
  std::int64_t lease = 0;
  std::optional<std::string> checkpoint;  // JSON; nothing: as before
  std::optional<std::int64_t> done;
  std::optional<std::int64_t> total;
};

struct PageCounts {
  std::int64_t records = 0;
  std::int64_t known = 0;
  std::int64_t refused = 0;
};

// The request's own part of pb.sync/1:emit. Throws Error{invalid} that names the field. Any bytes are safe.
Page parse_page(Id integration, const std::string& request);

// Moves the checkpoint, inside the transaction that stores the page's records. Throws Error{conflict}
// "jobs.lease_lost" when the run that holds the lease is not under way any more: then nothing of the page may
// be stored.
void store_page(store::Session& session, const Page& page, const PageCounts& counts, TimePoint now);

// For what a run stores that is no page: throws Error{conflict} as store_page does, and keeps the lease where
// it is until the transaction ends.
void require_lease(store::Session& session, Id integration, const std::string& job, std::int64_t lease);

}  // namespace patchbay::jobs
