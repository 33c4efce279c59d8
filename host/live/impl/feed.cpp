#include "live/feed.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "live/impl/bell.hpp"
#include "store/announcements.hpp"

namespace patchbay::live {

namespace asio = boost::asio;
namespace journal = domain::journal;

namespace {

constexpr std::size_t kBatch = 500;  // lines of one transaction

// The newest lines, without gaps. Any thread.
class Window {
 public:
  explicit Window(std::size_t most) : most_(most) {}

  void begin(std::int64_t last) {
    const std::lock_guard lock(mutex_);
    lines_.clear();
    last_ = last;
  }
  void add(std::vector<journal::Line> lines) {
    const std::lock_guard lock(mutex_);
    for (auto& line : lines) {
      last_ = line.place;
      lines_.push_back(std::make_shared<const journal::Line>(std::move(line)));
    }
    while (lines_.size() > most_) lines_.pop_front();
  }
  std::int64_t last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  // False where the line after the place is not here.
  bool read(std::int64_t place, std::size_t most, Lines& out) const {
    const std::lock_guard lock(mutex_);
    const auto first = last_ - static_cast<std::int64_t>(lines_.size());  // the place before the first
    if (place < first || place > last_) return false;
    const auto skip = static_cast<std::size_t>(place - first);
    const auto end = std::min(lines_.size(), skip + most);
    for (std::size_t i = skip; i < end; ++i) out.lines.push_back(lines_[i]);
    return true;
  }

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const journal::Line>> lines_;
  std::int64_t last_ = 0;
};

}  // namespace

struct Feed::State {
  State(asio::any_io_executor e, Clock& c, store::Store& s, Topics& t, log::Logger l, Options o)
      : clock(c),
        store(s),
        topics(t),
        logger(std::move(l)),
        options(o),
        bell(std::make_shared<Bell>(e)),
        window(o.in_memory),
        tasks(std::move(e), [this](const std::string& name, std::exception_ptr error) {
          logger.error("journal: a task failed", {{"task", name}, {"error", words_of(error)}});
        }) {}

  asio::awaitable<void> follow();
  asio::awaitable<void> place();
  asio::awaitable<void> read_new();
  asio::awaitable<void> tidy_loop();
  asio::awaitable<void> tidy();

  Clock& clock;
  store::Store& store;
  Topics& topics;
  const log::Logger logger;
  const Options options;
  const std::shared_ptr<Bell> bell;
  Window window;
  std::function<void()> placed = [] {};
  TaskScope tasks;
};

asio::awaitable<void> Feed::State::place() {
  auto look = [](store::Session& session) { return journal::has_unplaced(session); };
  const bool unplaced = co_await store.read(std::move(look));
  for (bool more = unplaced; more;) {
    auto work = [](store::Session& session) { return journal::give_places(session, kBatch); };
    const auto given = co_await store.write(std::move(work));
    more = given == kBatch;
  }
  if (unplaced) placed();
}

asio::awaitable<void> Feed::State::read_new() {
  for (bool more = true; more;) {
    auto work = [after = window.last()](store::Session& session) {
      return journal::read_after(session, after, kBatch);
    };
    auto lines = co_await store.read(std::move(work));
    more = lines.size() == kBatch;
    if (lines.empty()) break;
    window.add(std::move(lines));
    topics.tell(topic(), window.last());
  }
}

asio::awaitable<void> Feed::State::follow() {
  for (;;) {
    try {
      co_await place();
      co_await read_new();
    } catch (const Error& error) {
      logger.debug("journal: followed later", {{"error", error.what()}});
    }
    co_await clock.sleep(options.rest);
    co_await bell->wait(clock, options.look);
  }
}

asio::awaitable<void> Feed::State::tidy() {
  for (std::size_t forgotten = kBatch; forgotten == kBatch;) {
    auto work = [before = clock.now() - options.keep](store::Session& session) {
      return journal::forget_before(session, before, kBatch);
    };
    forgotten = co_await store.write(std::move(work));
  }
}

asio::awaitable<void> Feed::State::tidy_loop() {
  for (;;) {
    co_await clock.sleep(options.tidy);
    try {
      co_await tidy();
    } catch (const Error& error) {
      logger.warn("journal: old lines are swept later", {{"error", error.what()}});
    }
  }
}

Feed::Feed(asio::any_io_executor executor, Clock& clock, store::Store& store, Topics& topics,
           log::Logger logger, Options options)
    : state_(std::make_shared<State>(std::move(executor), clock, store, topics, std::move(logger), options)) {
  store::listen(store, std::string(journal::kWritten), [bell = state_->bell] { bell->ring(); });
}

Feed::Feed(asio::any_io_executor executor, Clock& clock, store::Store& store, Topics& topics,
           log::Logger logger)
    : Feed(std::move(executor), clock, store, topics, std::move(logger), Options()) {}

Feed::~Feed() = default;

void Feed::on_placed(std::function<void()> placed) {
  state_->placed = std::move(placed);
}

asio::awaitable<void> Feed::start() {
  auto work = [](store::Session& session) { return journal::mark(session, journal::kPlaced); };
  const auto last = co_await state_->store.read(std::move(work));
  state_->window.begin(last);
  state_->tasks.spawn("follow the journal", state_->follow());
  state_->tasks.spawn("sweep the journal", state_->tidy_loop());
}

asio::awaitable<void> Feed::stop() {
  co_await state_->tasks.stop();
}

void Feed::wake() {
  state_->bell->ring();
}

std::int64_t Feed::last() const {
  return state_->window.last();
}

asio::awaitable<Lines> Feed::read(std::int64_t place, std::size_t most) const {
  Lines out;
  out.after = place;
  if (state_->window.read(place, most, out)) co_return out;
  struct Found {
    std::int64_t placed, forgotten;
    std::vector<journal::Line> lines;
  };
  auto work = [place, most](store::Session& session) {
    Found found{journal::mark(session, journal::kPlaced), journal::mark(session, journal::kForgotten), {}};
    if (place >= found.forgotten && place <= found.placed)
      found.lines = journal::read_after(session, place, most);
    return found;
  };
  auto found = co_await state_->store.read(std::move(work));
  if (place < found.forgotten || place > found.placed) {
    out.reset = true;
    out.after = state_->window.last();
    co_return out;
  }
  for (auto& line : found.lines) out.lines.push_back(std::make_shared<const journal::Line>(std::move(line)));
  co_return out;
}

Topic Feed::topic() {
  return Topic(0, "journal");
}

}  // namespace patchbay::live
