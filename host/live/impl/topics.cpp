#include "live/topics.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "live/impl/bell.hpp"
#include "live/impl/topic_log.hpp"

namespace patchbay::live {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kTopicsAtOnce = 200;  // in one transaction of a sweep

std::int64_t to_ms(TimePoint time) {
  return time.time_since_epoch().count();
}

// Who follows what. Any thread.
class Followers {
 public:
  void add(const Topic& topic, const std::shared_ptr<Bell>& bell) {
    const std::lock_guard lock(mutex_);
    topics_[topic].bells.push_back(bell.get());
    ++count_;
  }
  void remove(const Topic& topic, const Bell* bell) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(topic);
    auto& bells = found->second.bells;
    bells.erase(std::find(bells.begin(), bells.end(), bell));
    if (bells.empty()) topics_.erase(found);
    --count_;
  }
  // The newest event of the topic is `last`: whoever follows is told, once.
  void tell(const Topic& topic, std::int64_t last) {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(topic);
    if (found == topics_.end() || found->second.told == last) return;
    found->second.told = last;
    for (auto* bell : found->second.bells) bell->ring();
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  struct Following {
    std::vector<Bell*> bells;  // each leaves before it is destroyed
    std::int64_t told = 0;
  };
  mutable std::mutex mutex_;
  std::map<Topic, Following> topics_;
  std::size_t count_ = 0;
};

}  // namespace

class Subscription::Place {
 public:
  Place(std::shared_ptr<Followers> followers, Topic topic, std::shared_ptr<Bell> bell)
      : followers_(std::move(followers)), topic_(std::move(topic)), bell_(std::move(bell)) {
    followers_->add(topic_, bell_);
  }
  ~Place() { followers_->remove(topic_, bell_.get()); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const std::shared_ptr<Followers> followers_;
  const Topic topic_;
  const std::shared_ptr<Bell> bell_;
};

Subscription::Subscription(std::shared_ptr<Bell> bell, std::shared_ptr<Place> place, Clock& clock)
    : bell_(std::move(bell)), place_(std::move(place)), clock_(clock) {}

Subscription::~Subscription() = default;

asio::awaitable<bool> Subscription::wait(Duration most) {
  co_return co_await bell_->wait(clock_, most);
}

void Subscription::wake() {
  bell_->ring();
}

struct Topics::State {
  State(asio::any_io_executor e, Clock& c, store::Store& s, log::Logger l, Options o)
      : executor(e),
        clock(c),
        store(s),
        logger(std::move(l)),
        options(o),
        tasks(std::move(e), [this](const std::string& name, std::exception_ptr error) {
          logger.error("live: a task failed", {{"task", name}, {"error", words_of(error)}});
        }) {}

  asio::awaitable<void> look();
  asio::awaitable<void> look_loop();
  asio::awaitable<void> tidy();
  asio::awaitable<void> tidy_loop();
  asio::awaitable<void> forget_old();

  asio::any_io_executor executor;
  Clock& clock;
  store::Store& store;
  const log::Logger logger;
  const Options options;
  const std::shared_ptr<Followers> followers = std::make_shared<Followers>();
  TaskScope tasks;
};

// Ids of different topics become visible in any order, so it looks back by time, further than any commit or
// clock is late; what was told already is not told again.
asio::awaitable<void> Topics::State::look() {
  const auto since = to_ms(clock.now() - options.skew);
  auto work = [since](store::Session& session) { return changed_topics(session, since); };
  const auto changed = co_await store.read(std::move(work));
  for (const auto& each : changed) followers->tell(each.topic, each.last);
}

asio::awaitable<void> Topics::State::look_loop() {
  for (;;) {
    co_await clock.sleep(options.look);
    if (followers->count() == 0) continue;
    try {
      co_await look();
    } catch (const Error& error) {
      logger.debug("live: other hosts' events are looked for later", {{"error", error.what()}});
    }
  }
}

asio::awaitable<void> Topics::State::forget_old() {
  const auto before = to_ms(clock.now() - options.keep);
  for (std::size_t forgotten = kTopicsAtOnce; forgotten == kTopicsAtOnce;) {
    auto work = [before](store::Session& session) {
      return forget_old_events(session, before, kTopicsAtOnce);
    };
    forgotten = co_await store.write(std::move(work));
  }
  auto rest = [before](store::Session& session) { forget_old_topics(session, before); };
  co_await store.write(std::move(rest));
}

asio::awaitable<void> Topics::State::tidy() {
  co_await forget_old();
  auto find = [most = options.owner_events](store::Session& session) { return find_excess(session, most); };
  const auto excess = co_await store.read(std::move(find));
  for (const auto& each : excess) {
    logger.warn("live: more events than are kept of one integration; the oldest are dropped",
                {{"integration", to_string_id(each.owner)}});
    auto work = [each](store::Session& session) { forget_excess(session, each); };
    co_await store.write(std::move(work));
  }
}

asio::awaitable<void> Topics::State::tidy_loop() {
  for (;;) {
    co_await clock.sleep(options.tidy);
    try {
      co_await tidy();
    } catch (const Error& error) {
      logger.warn("live: old events are swept later", {{"error", error.what()}});
    }
  }
}

Topics::Topics(asio::any_io_executor executor, Clock& clock, store::Store& store, log::Logger logger,
               Options options)
    : state_(std::make_shared<State>(std::move(executor), clock, store, std::move(logger), options)) {}

Topics::Topics(asio::any_io_executor executor, Clock& clock, store::Store& store, log::Logger logger)
    : Topics(std::move(executor), clock, store, std::move(logger), Options()) {}

Topics::~Topics() = default;

asio::awaitable<Appended> Topics::append(Topic topic, Draft draft) {
  auto work = [this, topic, draft = std::move(draft)](store::Session& session) {
    return append_in(session, topic, draft);
  };
  const auto appended = co_await state_->store.write(std::move(work));
  if (!appended.known) tell(topic, appended.id);
  co_return appended;
}

Appended Topics::append_in(store::Session& session, const Topic& topic, const Draft& draft) const {
  return append_event(session, topic, draft, to_ms(state_->clock.now()), state_->options.topic_events);
}

void Topics::tell(const Topic& topic, std::int64_t id) {
  state_->followers->tell(topic, id);
}

asio::awaitable<Reading> Topics::read(Topic topic, std::int64_t after, std::int64_t most) const {
  auto work = [topic = std::move(topic), after, most](store::Session& session) {
    return read_events(session, topic, after, most);
  };
  co_return co_await state_->store.read(std::move(work));
}

std::unique_ptr<Subscription> Topics::subscribe(const Topic& topic) {
  auto bell = std::make_shared<Bell>(state_->executor);
  auto place = std::make_shared<Subscription::Place>(state_->followers, topic, bell);
  return std::make_unique<Subscription>(std::move(bell), std::move(place), state_->clock);
}

std::size_t Topics::subscriptions() const {
  return state_->followers->count();
}

void Topics::start() {
  state_->tasks.spawn("live: sweep", state_->tidy_loop());
  if (state_->store.dialect() == store::Dialect::postgresql)
    state_->tasks.spawn("live: look at other hosts", state_->look_loop());
}

asio::awaitable<void> Topics::stop() {
  co_await state_->tasks.stop();
}

asio::awaitable<void> Topics::tidy() {
  co_await state_->tidy();
}

}  // namespace patchbay::live
