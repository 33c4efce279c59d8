#include "plugin/storage.hpp"

#include "base/error.hpp"
#include "store/dialect.hpp"

namespace patchbay::plugin {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kLook = 10s;
constexpr Duration kComeAgain = 60s;
constexpr std::int64_t kMiB = 1 << 20;

std::int64_t state_bytes(store::Session& session, Id integration) {
  const auto value = store::bytes_of(session.dialect(), "value");
  const auto row = session.query_one("select cast(coalesce(sum(" + value +
                                         " + :each), 0) as bigint) from plugin_state where integration = :i",
                                     {Storage::kEachRow, integration});
  return row->integer(0);
}

}  // namespace

bool Storage::take(Account& account, std::int64_t bytes) const {
  if (!account.used || *account.used + bytes > parts_.limit) return false;
  *account.used += bytes;
  account.charged += bytes;
  return true;
}

asio::awaitable<void> Storage::charge(Id integration, std::int64_t bytes) {
  if (parts_.limit == 0 || bytes == 0) co_return;
  bool is_old = false;
  {
    const std::lock_guard lock(mutex_);
    auto& account = accounts_[integration];
    if (take(account, bytes)) co_return;
    is_old = !account.used || parts_.clock.monotonic() - account.counted_at >= parts_.recount;
  }
  if (is_old) co_await count(integration);
  bool fits = false;
  {
    const std::lock_guard lock(mutex_);
    fits = take(accounts_[integration], bytes);
  }
  set_full(integration, !fits);
  if (!fits) throw Error(Code::rate_limited, words()).retry_after(kComeAgain);
}

// What is charged while it is counted may be missing in the count.
asio::awaitable<void> Storage::count(Id integration) {
  std::int64_t charged = 0;
  {
    const std::lock_guard lock(mutex_);
    charged = accounts_[integration].charged;
  }
  auto work = [this, integration](store::Session& session) {
    return store::unused_bytes(session, integration, kEachBlob, parts_.uses) +
           state_bytes(session, integration) + (parts_.also ? parts_.also(session, integration) : 0);
  };
  const auto counted = co_await parts_.store.read(std::move(work));
  const std::lock_guard lock(mutex_);
  auto& account = accounts_[integration];
  account.used = counted + account.charged - charged;
  account.counted_at = parts_.clock.monotonic();
}

void Storage::set_full(Id integration, bool is_full) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(accounts_[integration].is_full, is_full) == is_full) return;
  }
  if (parts_.told) parts_.told(integration, is_full ? std::optional(words()) : std::nullopt);
}

Text Storage::words() const {
  return Text("plugin.storage_full", {{"limit", std::to_string(parts_.limit / kMiB)}});
}

asio::awaitable<void> Storage::run() {
  for (;;) {
    co_await parts_.clock.sleep(kLook);
    std::vector<Id> full;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [integration, account] : accounts_) {
        if (account.is_full) full.push_back(integration);
      }
    }
    for (const auto integration : full) {
      try {
        co_await count(integration);
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) throw;
        continue;  // the store is away: it stays as it is until the next look
      }
      bool has_room = false;
      {
        const std::lock_guard lock(mutex_);
        has_room = *accounts_[integration].used < parts_.limit;
      }
      if (has_room) set_full(integration, false);
    }
  }
}

}  // namespace patchbay::plugin
