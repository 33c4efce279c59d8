#include "domain/chat/attachment_fetcher.hpp"

#include <map>
#include <unordered_set>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <nlohmann/json.hpp>

#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "base/trace.hpp"
#include "domain/chat/impl/fetch_table.hpp"

namespace patchbay::domain::chat {

namespace asio = boost::asio;

// Everything but construction, wake and the store's work runs on one strand.
class AttachmentFetcher::Impl : public std::enable_shared_from_this<AttachmentFetcher::Impl> {
 public:
  Impl(const asio::any_io_executor& executor, Options options, log::Logger logger)
      : options_(options),
        logger_(std::move(logger)),
        strand_(asio::make_strand(executor)),
        scope_(executor, [this](const std::string& name, std::exception_ptr error) { report(name, error); }) {
  }

  template <class F>
  void on_strand(F fn) {
    asio::post(strand_, [self = weak_from_this(), fn = std::move(fn)]() mutable {
      if (const auto impl = self.lock()) fn(*impl);
    });
  }

  void sweep_soon() { scope_.spawn_on(strand_, "attachments sweep", sweep()); }
  // Looks once more for files of the integration; several wishes while it looks are one.
  void look_soon(Id integration) {
    if (options_.owned != nullptr && !options_.owned->has(integration)) return;
    auto& state = states_[integration];
    state.wanted = true;
    if (state.looking) return;
    state.looking = true;
    scope_.spawn_on(strand_, "attachments look", look(integration));
  }
  asio::awaitable<void> stop() {
    // The scope drops what is spawned from now on.
    co_await scope_.stop();
  }

 private:
  struct State {
    bool looking = false;
    bool wanted = false;
    int running = 0;
    std::uint64_t settled = 0;  // fetches that have ended
  };

  std::int64_t wall() const { return options_.clock.now().time_since_epoch().count(); }
  void report(const std::string& name, std::exception_ptr error);
  asio::awaitable<void> sweep();
  asio::awaitable<void> look(Id integration);
  asio::awaitable<void> begin_due(Id integration);
  asio::awaitable<void> run(Fetch fetch);
  asio::awaitable<void> fetch_one(Fetch fetch);

  const Options options_;
  const log::Logger logger_;
  asio::strand<asio::any_io_executor> strand_;
  std::map<Id, State> states_;
  std::unordered_set<Id> busy_;  // attachments
  std::unique_ptr<Clock::Timer> timer_;
  TaskScope scope_;
};

void AttachmentFetcher::Impl::report(const std::string& name, std::exception_ptr error) {
  logger_.error("files: a task failed", {{"task", name}, {"error", words_of(error)}});
}

asio::awaitable<void> AttachmentFetcher::Impl::sweep() {
  std::vector<Id> found;
  try {
    auto work = [](store::Session& session) { return integrations_with_files_to_fetch(session); };
    found = co_await options_.store.read(std::move(work));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    logger_.warn("files: the store cannot be read", {{"error", error.what()}});
  }
  for (const auto integration : found) look_soon(integration);
  timer_ = options_.clock.after(strand_, options_.sweep, [self = weak_from_this()] {
    if (const auto impl = self.lock()) impl->sweep_soon();
  });
}

asio::awaitable<void> AttachmentFetcher::Impl::look(Id integration) {
  auto& state = states_[integration];
  while (std::exchange(state.wanted, false)) {
    try {
      co_await begin_due(integration);
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      logger_.warn("files: not looked for",
                   {{"integration", to_string_id(integration)}, {"error", error.what()}});
    }
  }
  state.looking = false;
}

asio::awaitable<void> AttachmentFetcher::Impl::begin_due(Id integration) {
  auto& state = states_[integration];
  if (state.running >= options_.at_once) co_return;
  // Those on their way are still pending in the table and may come first.
  const int limit = options_.at_once + state.running;
  auto work = [integration, limit, now = wall()](store::Session& session) {
    return files_to_fetch(session, integration, now, limit);
  };
  const auto settled = state.settled;
  auto due = co_await options_.store.read(std::move(work));
  if (state.settled != settled) {
    state.wanted = true;  // what was read may be done by now
    co_return;
  }
  if (due.empty()) co_return;
  const auto channel = co_await options_.channels.find(integration);
  if (!channel || !channel->open) co_return;
  for (auto& fetch : due) {
    if (state.running >= options_.at_once) break;
    if (!busy_.insert(fetch.id).second) continue;
    ++state.running;
    scope_.spawn_on(strand_, "attachment", run(std::move(fetch)));
  }
}

asio::awaitable<void> AttachmentFetcher::Impl::run(Fetch fetch) {
  const auto id = fetch.id;
  const auto integration = fetch.integration;
  bool store_away = false;
  try {
    co_await fetch_one(std::move(fetch));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    logger_.warn("files: not written", {{"attachment", to_string_id(id)}, {"error", error.what()}});
    store_away = true;
  }
  busy_.erase(id);
  --states_[integration].running;
  ++states_[integration].settled;
  if (!store_away) look_soon(integration);  // else the sweep goes on
}

asio::awaitable<void> AttachmentFetcher::Impl::fetch_one(Fetch fetch) {
  auto request = nlohmann::json::object();
  request["file"] = nlohmann::json::parse(fetch.file, nullptr, false);
  port::Message message(request.dump());
  const auto trace = Trace::from(fetch.trace);
  port::Call call("pb.channel/1:fetch", std::move(message), trace.traceparent(), options_.call_timeout);
  const auto result = co_await options_.caller.call(fetch.integration, std::move(call));
  const auto fetched = judge_fetch(result, fetch.attempts);
  if (fetched.kind != Fetched::Kind::ready) {
    logger_.info("files: not fetched", {{"attachment", to_string_id(fetch.id)},
                                        {"code", std::string(code_name(result.code))},
                                        {"text", result.text}});
  }
  auto work = [fetch, fetched, this](store::Session& session) {
    Context context(session, options_.ids, options_.clock);
    settle_fetch(context, fetch, fetched);
    context.write_journal();
  };
  co_await options_.store.write(std::move(work));
  if (result.code == Code::unauthenticated && options_.unauthenticated)
    options_.unauthenticated(fetch.integration, result.text);
}

AttachmentFetcher::AttachmentFetcher(asio::any_io_executor executor, Options options, log::Logger logger)
    : impl_(std::make_shared<Impl>(executor, options, std::move(logger))) {}

AttachmentFetcher::~AttachmentFetcher() = default;

void AttachmentFetcher::start() {
  impl_->on_strand([](Impl& impl) { impl.sweep_soon(); });
}

void AttachmentFetcher::wake(std::vector<Id> integrations) {
  impl_->on_strand([integrations = std::move(integrations)](Impl& impl) {
    for (const auto integration : integrations) impl.look_soon(integration);
  });
}

asio::awaitable<void> AttachmentFetcher::stop() {
  co_await impl_->stop();
}

}  // namespace patchbay::domain::chat
