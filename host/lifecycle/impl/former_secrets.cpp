#include "lifecycle/former_secrets.hpp"

#include "base/error.hpp"
#include "base/failure.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;

namespace {
constexpr Duration kStoreAway{1'000};
}  // namespace

FormerSecrets::FormerSecrets(asio::any_io_executor executor, Clock& clock, log::Redactor& redactor,
                             log::Logger logger, std::function<asio::awaitable<void>(Id owner)> end)
    : clock_(clock),
      redactor_(redactor),
      logger_(std::move(logger)),
      end_(std::move(end)),
      tasks_(std::move(executor), [this](const std::string& name, std::exception_ptr e) {
        logger_.error("task failed", {{"task", name}, {"error", words_of(e)}});
      }) {}

void FormerSecrets::watch(Id owner, std::vector<std::string> values, std::optional<std::int64_t> until) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& value : values) redactor_.add(value);
    const auto found = watched_.find(owner);
    if (found != watched_.end()) {
      for (const auto& value : found->second.values) redactor_.remove(value);
    }
    is_new = until && (found == watched_.end() || found->second.until != until);
    if (until)
      watched_[owner] = {std::move(values), until};
    else
      watched_.erase(owner);
  }
  if (is_new) tasks_.spawn("the time of a former secret is over", end_at(owner, *until));
}

asio::awaitable<void> FormerSecrets::end_at(Id owner, std::int64_t until) {
  // The clock on the wall may be set meanwhile.
  for (const TimePoint end{Duration(until)}; clock_.now() < end;) {
    const Duration left = end - clock_.now();
    co_await clock_.sleep(left);
  }
  while (is_due(owner, until)) {
    try {
      auto ending = end_(owner);
      co_await std::move(ending);
      co_return;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      logger_.warn("a former secret is still accepted: it is tried again", {{"error", error.what()}});
    }
    co_await clock_.sleep(kStoreAway);
  }
}

// Not when something else was told of the owner meanwhile.
bool FormerSecrets::is_due(Id owner, std::int64_t until) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(owner);
  return found != watched_.end() && found->second.until == until;
}

asio::awaitable<void> FormerSecrets::stop() {
  co_await tasks_.stop();
}

}  // namespace patchbay::lifecycle
