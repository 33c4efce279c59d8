#include "store/store.hpp"

#include <algorithm>
#include <chrono>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "store/announcements.hpp"
#include "store/impl/connection_pool.hpp"
#include "store/impl/sqlite_checkpointer.hpp"
#include "store/impl/store_url.hpp"
#include "store/impl/worker_pool.hpp"
#include "store/impl/write_group.hpp"

namespace patchbay::store {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxQueued = 20000;
// Threads that write without a worker (those of the inbox and of the effects): slow reads do not keep them
// waiting.
constexpr std::size_t kCommitters = 2;
constexpr int kMaxRepeats = 10;
constexpr std::chrono::seconds kPatience{5};  // with repeats; one wait for a lock may take as long

using Handler = asio::any_completion_handler<void(std::exception_ptr)>;

// Why it must be repeated; nothing when it has committed. What an attempt in vain announced is forgotten.
std::optional<std::string> attempt_once(Connection& connection, Connection::Mode mode,
                                        std::function<void(Session&)>& work, bool may_be_race) {
  try {
    connection.announced();
    connection.begin(mode);
    work(connection);
    connection.commit();
    return std::nullopt;
  } catch (const Repeat& repeat) {
    connection.rollback();
    return repeat.reason;
  } catch (const ConnectionLost& lost) {
    connection.close();
    return lost.reason;
  } catch (const Error& error) {
    connection.rollback();
    if (!may_be_race || error.text().id() != "store.constraint") throw;
    return error.what();
  } catch (...) {
    connection.rollback();
    throw;
  }
}

// What both databases have in common: work is queued for threads that may block, transactions are repeated.
class PooledStore : public Store {
 public:
  PooledStore(StoreUrl url, log::Logger logger) : url_(std::move(url)), logger_(std::move(logger)) {}

  Dialect dialect() const override { return url_.dialect; }
  void listen(std::string word, std::function<void()> heard) {
    listeners_.emplace_back(std::move(word), std::move(heard));
  }

 protected:
  using Done = std::function<void(std::exception_ptr)>;

  // False when too much is waiting already.
  virtual bool submit(Mode mode, Work work, Done done) = 0;

  asio::awaitable<void> run_work(Mode mode, Work work) override {
    const auto executor = co_await asio::this_coro::executor;
    auto start = [this, mode, executor, work = std::move(work)](auto completion) mutable {
      auto handler = std::make_shared<Handler>(std::move(completion));
      Done done = [executor, handler](std::exception_ptr error) {
        resume(executor, handler, std::move(error));
      };
      if (submit(mode, std::move(work), done)) return;
      done(std::make_exception_ptr(unavailable("too many transactions are waiting")));
    };
    auto finished = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        std::move(start), asio::use_awaitable);
    co_await std::move(finished);
  }

  void run_repeatedly(Connection& connection, Connection::Mode mode, Work& work) const {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    // Somebody else may have written the row meanwhile: at the second time the work sees it, and says so in
    // its own words. On SQLite every writer is alone.
    bool may_be_race = mode == Connection::Mode::write && url_.dialect == Dialect::postgresql;
    for (int attempt = 1;; ++attempt) {
      const auto reason = attempt_once(connection, mode, work, std::exchange(may_be_race, false));
      if (!reason) return tell(connection.announced());
      logger_.debug("store: transaction is repeated", {{"reason", *reason}});
      if (attempt == kMaxRepeats || std::chrono::steady_clock::now() >= end) throw unavailable(*reason);
    }
  }

  void tell(const std::vector<std::string_view>& words) const {
    if (words.empty()) return;
    for (const auto& [word, heard] : listeners_) {
      if (std::find(words.begin(), words.end(), word) != words.end()) heard();
    }
  }

  const StoreUrl url_;

 private:
  static void resume(const asio::any_io_executor& executor, std::shared_ptr<Handler> handler,
                     std::exception_ptr error) {
    asio::post(executor, [handler = std::move(handler), error]() mutable { std::move (*handler)(error); });
  }

  const log::Logger logger_;
  std::vector<std::pair<std::string, std::function<void()>>> listeners_;
};

template <class F>
std::exception_ptr outcome_of(F f) {
  try {
    f();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

class PostgresqlStore final : public PooledStore {
 public:
  PostgresqlStore(StoreUrl url, const Options& options, log::Logger logger)
      : PooledStore(std::move(url), std::move(logger)),
        connections_(options.sessions + kCommitters,
                     [url = options.url] { return make_postgresql_connection(url); }),
        workers_(options.sessions, kMaxQueued) {}

  std::vector<std::int64_t> insert_new_now(const BulkInsert& insert) override {
    std::vector<std::int64_t> ids;
    run_as(Connection::Mode::single, [&](Session& session) { ids = session.insert_new(insert); });
    return ids;
  }

 protected:
  void run_work_now(Mode mode, Work work) override {
    run_as(mode == Mode::read ? Connection::Mode::read : Connection::Mode::write, std::move(work));
  }

  bool submit(Mode mode, Work work, Done done) override {
    return workers_.submit([this, mode, work = std::move(work), done = std::move(done)]() mutable {
      done(outcome_of([&] { run_work_now(mode, std::move(work)); }));
    });
  }

 private:
  void run_as(Connection::Mode mode, Work work) {
    const ConnectionPool::Lease lease(connections_);
    run_repeatedly(*lease, mode, work);
  }

  ConnectionPool connections_;
  WorkerPool workers_;  // ends first: its jobs lease connections
};

class SqliteStore final : public PooledStore {
 public:
  SqliteStore(StoreUrl url, const Options& options, log::Logger logger)
      : PooledStore(std::move(url), std::move(logger)),
        readers_(options.sessions,
                 [this] { return make_sqlite_connection(url_.path, Connection::Mode::read); }),
        workers_(options.sessions, kMaxQueued),
        checkpointer_(url_.path),
        writer_(
            make_sqlite_connection(url_.path, Connection::Mode::write,
                                   [this](int pages) { checkpointer_.grown(pages); }),
            [this](Connection& c, Work& work) { run_repeatedly(c, Connection::Mode::write, work); },
            [this](const std::vector<std::string_view>& words) { tell(words); }, kMaxQueued) {}

  std::vector<std::int64_t> insert_new_now(const BulkInsert& insert) override {
    std::vector<std::int64_t> ids;
    writer_.run([&](Session& session) { ids = session.insert_new(insert); });
    return ids;
  }

 protected:
  void run_work_now(Mode mode, Work work) override {
    if (mode == Mode::write) return writer_.run(std::move(work));
    const ConnectionPool::Lease lease(readers_);
    run_repeatedly(*lease, Connection::Mode::read, work);
  }

  bool submit(Mode mode, Work work, Done done) override {
    if (mode == Mode::write) return writer_.submit(std::move(work), std::move(done));
    return workers_.submit([this, work = std::move(work), done = std::move(done)]() mutable {
      done(outcome_of([&] { run_work_now(Mode::read, std::move(work)); }));
    });
  }

 private:
  ConnectionPool readers_;
  WorkerPool workers_;
  SqliteCheckpointer checkpointer_;  // ends after the writer that tells it
  WriteGroup writer_;
};

std::unique_ptr<Store> make_store(StoreUrl url, const Store::Options& options, log::Logger logger) {
  if (url.dialect == Dialect::sqlite)
    return std::make_unique<SqliteStore>(std::move(url), options, std::move(logger));
  return std::make_unique<PostgresqlStore>(std::move(url), options, std::move(logger));
}

}  // namespace

// Every store is one.
void listen(Store& store, std::string word, std::function<void()> heard) {
  static_cast<PooledStore&>(store).listen(std::move(word), std::move(heard));
}

std::unique_ptr<Store> Store::open(Options options, log::Logger logger) {
  options.sessions = std::max<std::size_t>(options.sessions, 1);
  auto store = make_store(StoreUrl(options.url), options, std::move(logger));
  store->write_now([](Session&) {});
  return store;
}

}  // namespace patchbay::store
