#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/impl/context.hpp"
#include "port/message.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// A file that waits to be fetched.
struct Fetch {
  Id id = 0;
  Id integration = 0;
  std::string file;  // JSON, as the plugin gave it
  std::int64_t attempts = 0;
  std::string trace;  // of its message
};

// What an attempt to fetch means. Pure.
class Fetched {
 public:
  enum class Kind { ready, again, failed };

  explicit Fetched(Kind k) : kind(k) {}

  Kind kind;
  Id blob = 0;  // ready
  std::string name;
  std::string type;
  std::int64_t size = 0;
  Duration delay{0};   // again
  bool counts = true;  // again: as one of the tries
  std::string reason;
};
Fetched judge_fetch(const port::Result& result, std::int64_t attempts);

// All run in the caller's transaction.
std::vector<Id> integrations_with_files_to_fetch(store::Session& session);
// Due now, longest due first.
std::vector<Fetch> files_to_fetch(store::Session& session, Id integration, std::int64_t now, int limit);
// What the plugin names must be a file of its own, complete: another integration's is none.
void settle_fetch(Context& context, const Fetch& fetch, const Fetched& fetched);

}  // namespace patchbay::domain::chat
