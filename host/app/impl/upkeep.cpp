#include "app/impl/upkeep.hpp"

#include "base/error.hpp"
#include "domain/notifications/notifications.hpp"
#include "domain/processes/processes.hpp"
#include "plugin/history.hpp"
#include "plugin/integrations.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kEvery = 1h;
constexpr Duration kPause = 100ms;  // between portions
constexpr std::int64_t kPortion = 500;
constexpr Duration kUnused = 24h;  // a file may wait so long for its message, a draft for its next step

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

}  // namespace

std::vector<store::BlobUse> blob_uses() {
  return {store::BlobUse("message_attachments", "blob"), store::BlobUse("setting_values", "blob")};
}

asio::awaitable<void> Upkeep::run() {
  for (;;) {
    co_await clock_.sleep(kEvery);
    try {
      co_await tidy();
    } catch (const Error& error) {
      logger_.warn("tidying up failed; it is tried again in an hour", {{"error", error.what()}});
    }
  }
}

asio::awaitable<void> Upkeep::tidy() {
  const auto now = clock_.now();
  const auto made_before = to_ms(now - kUnused);
  auto sweep = [made_before, now](store::Session& session) {
    return store::sweep_blobs(session, made_before, to_ms(now), blob_uses());
  };
  for (std::int64_t removed = 1; removed > 0;) {
    removed = co_await store_.write(sweep);
    co_await clock_.sleep(kPause);
  }
  auto forget = [](store::Session& session) { plugin::History().sweep(session); };
  co_await store_.write(forget);
  auto expire = [this](store::Session& session) { return vault_.sweep(session); };
  co_await store_.write(std::move(expire));
  co_await sessions_.sweep();
  for (auto gone = kPortion; gone == kPortion;) {
    auto drop = [now](store::Session& session) {
      return domain::notifications::sweep(session, now - domain::notifications::kKeep, kPortion);
    };
    gone = co_await store_.write(std::move(drop));
  }
  for (auto gone = kPortion; gone == kPortion;) {
    auto drop = [now](store::Session& session) {
      return domain::processes::Processes::sweep(session, now, kPortion);
    };
    gone = co_await store_.write(std::move(drop));
  }
  auto find = [made_before](store::Session& session) {
    return plugin::Integrations().old_drafts(session, made_before);
  };
  const auto drafts = co_await store_.read(std::move(find));
  for (const auto draft : drafts) {
    try {
      co_await lifecycle_.remove(draft, "host", made_before);
    } catch (const Error& error) {
      // Somebody goes on with it, or another host was quicker.
      if (error.code() != Code::conflict && error.code() != Code::not_found) throw;
    }
  }
}

}  // namespace patchbay::app
