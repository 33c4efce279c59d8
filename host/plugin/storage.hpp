#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// What the store keeps of an integration's plugin without anybody having use for it yet: files to which
// nothing refers, its state, and whatever `also` counts. No plugin fills the disk with that (HOST-5). It is
// added up as it is stored, what has gone since included, and counted in the store only where that sum
// reaches the limit. Any thread.
class Storage {
 public:
  struct Parts {
    Clock& clock;
    store::Store& store;
    std::int64_t limit = 0;            // bytes of one integration; 0: none
    std::vector<store::BlobUse> uses;  // files to which one of these refers do not count
    std::function<std::int64_t(store::Session& session, Id integration)> also = {};  // bytes; may be empty
    // It is full, and why; nothing: it has room again. May be empty.
    std::function<void(Id integration, std::optional<Text> full)> told = {};
    std::chrono::nanoseconds recount = std::chrono::seconds(5);  // the store is asked so often at most
  };
  explicit Storage(Parts parts) : parts_(std::move(parts)) {}

  // Before `bytes` are stored. Throws Error{rate_limited} "plugin.storage_full" with retry_after where that
  // would be too much.
  boost::asio::awaitable<void> charge(Id integration, std::int64_t bytes);
  // Tells when those that were full have room again, until cancelled.
  boost::asio::awaitable<void> run();

  // Beside its content, so that many that are empty count too.
  static constexpr std::int64_t kEachBlob = 4096;
  static constexpr std::int64_t kEachRow = 256;

 private:
  struct Account {
    std::optional<std::int64_t> used;  // not counted yet
    std::int64_t charged = 0;          // ever
    std::chrono::nanoseconds counted_at{0};
    bool is_full = false;
  };

  boost::asio::awaitable<void> count(Id integration);
  bool take(Account& account, std::int64_t bytes) const;
  void set_full(Id integration, bool is_full);
  Text words() const;

  const Parts parts_;
  std::mutex mutex_;
  std::map<Id, Account> accounts_;
};

}  // namespace patchbay::plugin
