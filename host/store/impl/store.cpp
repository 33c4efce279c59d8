#include "store/store.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "store/impl/connection_pool.hpp"
#include "store/impl/store_url.hpp"
#include "store/impl/worker_pool.hpp"

namespace patchbay::store {

namespace asio = boost::asio;

Error unavailable(const std::string& reason) {
  Error error(Code::unavailable, Text("store.unavailable", {{"reason", reason}}));
  return error.retry_after(std::chrono::seconds(1));
}

Error failed(const std::string& reason, std::string_view sql) {
  return Error(Code::internal, Text("store.failed", {{"reason", reason}, {"sql", std::string(sql)}}));
}

Error constraint(const std::string& reason) {
  return Error(Code::conflict, Text("store.constraint", {{"reason", reason}}));
}

namespace {

constexpr std::size_t kMaxQueued = 20000;
constexpr int kMaxRepeats = 10;

// Connections and the threads that use them.
struct Side {
  Side(std::size_t size, const std::function<std::unique_ptr<Connection>()>& make)
      : connections(size, make), workers(size, kMaxQueued) {}
  ConnectionPool connections;
  WorkerPool workers;  // ends first: its jobs lease connections
};

using Handler = asio::any_completion_handler<void(std::exception_ptr)>;

class PooledStore final : public Store {
 public:
  PooledStore(const Options& options, log::Logger logger) : url_(options.url), logger_(std::move(logger)) {
    const auto sessions = std::max<std::size_t>(options.sessions, 1);
    if (url_.dialect == Dialect::postgresql) {
      write_ = std::make_unique<Side>(sessions, [&] { return make_postgresql_connection(options.url); });
    } else {
      write_ = std::make_unique<Side>(1, [this] { return make_sqlite_connection(url_.path, Connection::Mode::write); });
      read_ = std::make_unique<Side>(sessions, [this] { return make_sqlite_connection(url_.path, Connection::Mode::read); });
    }
    write_now([](Session&) {});
  }

  Dialect dialect() const override { return url_.dialect; }

 protected:
  void run_work_now(Mode mode, Work work) override {
    auto& side = side_of(mode);
    const ConnectionPool::Lease lease(side.connections);
    const auto how = mode == Mode::read ? Connection::Mode::read : Connection::Mode::write;
    for (int attempt = 1;; ++attempt) {
      const auto reason = attempt_once(*lease, how, work);
      if (!reason) return;
      logger_.debug("store: transaction is repeated", {{"reason", *reason}});
      if (attempt == kMaxRepeats) throw unavailable(*reason);
    }
  }

  asio::awaitable<void> run_work(Mode mode, Work work) override {
    const auto executor = co_await asio::this_coro::executor;
    auto start = [this, mode, executor, work = std::move(work)](auto completion) mutable {
      auto handler = std::make_shared<Handler>(std::move(completion));
      auto job = [this, mode, executor, handler, work = std::move(work)]() mutable {
        resume(executor, handler, outcome(mode, std::move(work)));
      };
      if (side_of(mode).workers.submit(std::move(job))) return;
      resume(executor, handler, std::make_exception_ptr(unavailable("too many transactions are waiting")));
    };
    auto done = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(std::move(start),
                                                                                              asio::use_awaitable);
    co_await std::move(done);
  }

 private:
  Side& side_of(Mode mode) { return mode == Mode::read && read_ ? *read_ : *write_; }

  // Why it must be repeated; nothing when it has committed.
  static std::optional<std::string> attempt_once(Connection& connection, Connection::Mode mode, Work& work) {
    try {
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
    } catch (...) {
      connection.rollback();
      throw;
    }
  }

  std::exception_ptr outcome(Mode mode, Work work) {
    try {
      run_work_now(mode, std::move(work));
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  static void resume(const asio::any_io_executor& executor, std::shared_ptr<Handler> handler, std::exception_ptr error) {
    asio::post(executor, [handler = std::move(handler), error]() mutable { std::move(*handler)(error); });
  }

  const StoreUrl url_;
  const log::Logger logger_;
  std::unique_ptr<Side> read_;  // SQLite only
  std::unique_ptr<Side> write_;
};

}  // namespace

std::unique_ptr<Store> Store::open(Options options, log::Logger logger) {
  return std::make_unique<PooledStore>(options, std::move(logger));
}

}  // namespace patchbay::store
