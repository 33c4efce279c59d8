#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api.hpp"

namespace telegram {

// pb.listen/1:run by getUpdates. Each batch is injected into the route, and only what is durable there is
// confirmed to Telegram (by the next offset), so nothing is lost whenever it ends.
class Poller {
 public:
  Poller(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  // Ends only by an Error: cancelled, lease lost, token revoked, somebody else polls, or the server stays
  // away; the last two with the pause (retry_after) after which it should run again.
  patchbay::Task<void> run(std::int64_t lease);

  // Why messages do not arrive, or "".
  const std::string& problem() const { return problem_; }

 private:
  patchbay::Task<Json> next_batch();
  patchbay::Task<void> take(Json updates, std::int64_t lease);
  patchbay::Task<void> inject_each(std::vector<std::string> bodies, std::int64_t lease);
  patchbay::Task<void> load_offset();
  patchbay::Task<void> confirm(std::int64_t last_id);
  // Decides after a failure: throws what ends the run, else the pause before the next try, in milliseconds.
  std::int64_t pause_after(const patchbay::Error& error);
  std::int64_t pause_or_end(patchbay::Error error, std::int64_t pause, int times);

  const patchbay::Host& host_;
  const Api& api_;
  std::int64_t offset_ = 0;     // 0: from the earliest that is not confirmed
  std::int64_t offset_at_ = 0;  // when it was set, Unix milliseconds
  int failures_ = 0;            // in a row, over runs
  int conflicts_ = 0;           // likewise
  std::string problem_;
};

}  // namespace telegram
