#include "app/impl/store_probe.hpp"

#include "base/error.hpp"

namespace patchbay::app {
namespace {
constexpr std::chrono::seconds kWhenWell{5};
constexpr std::chrono::seconds kWhenFaulty{1};
}  // namespace

bool StoreProbe::is_due() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.monotonic();
  if (tried_ && now - *tried_ < (fault_ ? kWhenFaulty : kWhenWell)) return false;
  tried_ = now;
  return true;
}

boost::asio::awaitable<std::optional<Text>> StoreProbe::fault() {
  if (is_due()) {
    const auto now = std::to_string(clock_.now().time_since_epoch().count());
    auto work = [now](store::Session& session) {
      session.exec(
          "insert into settings_kv(name, value) values ('store_probe', :value) on conflict (name) do update "
          "set "
          "value = excluded.value",
          {now});
    };
    std::optional<Text> found;
    try {
      co_await store_.write(std::move(work));
    } catch (const Error& error) {
      found = error.text();
    }
    const std::lock_guard lock(mutex_);
    fault_ = found;
  }
  const std::lock_guard lock(mutex_);
  co_return fault_;
}

}  // namespace patchbay::app
