#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "log/log.hpp"

namespace patchbay::store {

// A value for a binary column (bytea, blob).
struct Bytes {
  explicit Bytes(std::string d) : data(std::move(d)) {}
  std::string data;
};

using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;
using Values = std::vector<Value>;

template <class T>
Value nullable(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

// One row of a result, by position in the select list. Throws Error{internal} on a wrong type or position.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  bool is_null(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const std::string& bytes(std::size_t column) const;
  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<std::string> maybe_text(std::size_t column) const;

 private:
  std::vector<Value> values_;
};

enum class Dialect { sqlite, postgresql };

class BulkInsert;

// One connection inside one transaction, lent to the function given to Store::read or Store::write and used
// on that thread only. SQL that both databases understand, with `:name` placeholders; values are bound in the
// order in which the names first appear (a name used twice takes one value). Statements are prepared once per
// connection and kept, so SQL text is constant and never holds data. Cast in SQL what has no declared type
// (`cast(:a as bigint)`, `cast(count(*) as bigint)`). Text is repaired (base/utf8.hpp) when bound. Binary
// columns are `bytea` in both dialects. Once a call has thrown, the transaction is lost: let the exception
// leave.
class Session {
 public:
  virtual ~Session() = default;

  virtual Dialect dialect() const = 0;
  // Returns how many rows were changed. Throws Error{conflict} "store.constraint" when a unique or foreign
  // key, or a `not null`, stood in the way.
  virtual std::int64_t exec(std::string_view sql, Values values = {}) = 0;
  virtual std::vector<Row> query(std::string_view sql, Values values = {}) = 0;
  // query() with the same statement for each of `all`, in one round trip; the rows of each, in order. It may
  // change rows too (`returning`).
  virtual std::vector<std::vector<Row>> query_each(std::string_view sql, std::vector<Values> all);
  // exec() for whom the number of rows is nothing: the statement goes out with the next one, or with the
  // commit, in the same round trip. What it throws is thrown there.
  virtual void later(std::string_view sql, Values values) { exec(sql, std::move(values)); }
  // Inserts many rows in one round trip; those whose unique key exists already are skipped. Returns the ids
  // (the first column) of the rows really inserted, in any order.
  virtual std::vector<std::int64_t> insert_new(const BulkInsert& insert) = 0;
  // Several statements without values: migrations.
  virtual void script(const std::string& sql) = 0;
  // The first row, if there is one.
  std::optional<Row> query_one(std::string_view sql, Values values = {});
};

// The database: blocking work goes to a bounded pool of threads, never to the I/O threads. One store a
// process. Its threads post to the executors of its callers, whose io_context outlives it.
class Store {
 public:
  struct Options {
    std::string url;  // "sqlite:PATH" or "postgresql://..."
    std::size_t sessions =
        8;  // connections for reads and, on PostgreSQL, for writes; opened when first needed
  };

  // Opens, without migrating. Throws Error{unavailable} "store.unavailable" when the database is away.
  static std::unique_ptr<Store> open(Options options, log::Logger logger);
  virtual ~Store() = default;

  virtual Dialect dialect() const = 0;

  // Runs fn(Session&) in a transaction on a store thread and resumes the caller on its own executor. `write`
  // commits when fn returns and rolls back when it throws; it is repeated from the start (so fn may run more
  // than once) after a serialization failure, a deadlock, SQLITE_BUSY, or when a connection that had gone
  // stale is replaced. `read` sees one snapshot and cannot write. On SQLite all writes share one connection,
  // and those that wait for it share one commit; each still stands or falls alone. Throws what fn throws,
  // Error{unavailable} "store.unavailable" with retry_after when the database is away or full: then it is
  // unknown whether the transaction took place, unless fn never returned. Cancelling the caller does not
  // interrupt the transaction: it ends, then the caller resumes. Name the lambda before co_await (trap 7):
  // auto work = [=](store::Session& s) {...};  co_await store.write(work);
  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&, Session&>> read(F fn) {
    return run<F>(Mode::read, std::move(fn));
  }
  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&, Session&>> write(F fn) {
    return run<F>(Mode::write, std::move(fn));
  }

  // The same from a thread that may block: start-up, command line, the inbox committer.
  // Not from within another read or write.
  template <class F>
  std::invoke_result_t<F&, Session&> read_now(F fn) {
    return run_now<F>(Mode::read, std::move(fn));
  }
  template <class F>
  std::invoke_result_t<F&, Session&> write_now(F fn) {
    return run_now<F>(Mode::write, std::move(fn));
  }
  // write_now with one insert_new and nothing else: a single round trip on PostgreSQL.
  virtual std::vector<std::int64_t> insert_new_now(const BulkInsert& insert) = 0;

 protected:
  enum class Mode { read, write };
  using Work = std::function<void(Session&)>;
  virtual boost::asio::awaitable<void> run_work(Mode mode, Work work) = 0;
  virtual void run_work_now(Mode mode, Work work) = 0;

 private:
  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&, Session&>> run(Mode mode, F fn) {
    using R = std::invoke_result_t<F&, Session&>;
    if constexpr (std::is_void_v<R>) {
      Work work(std::move(fn));
      co_await run_work(mode, std::move(work));
    } else {
      auto result = std::make_shared<std::optional<R>>();
      Work work([result, fn = std::move(fn)](Session& session) mutable { result->emplace(fn(session)); });
      co_await run_work(mode, std::move(work));
      co_return std::move(**result);
    }
  }
  template <class F>
  std::invoke_result_t<F&, Session&> run_now(Mode mode, F fn) {
    using R = std::invoke_result_t<F&, Session&>;
    if constexpr (std::is_void_v<R>) {
      run_work_now(mode, std::move(fn));
    } else {
      std::optional<R> result;
      run_work_now(mode, [&](Session& session) { result.emplace(fn(session)); });
      return std::move(*result);
    }
  }
};

}  // namespace patchbay::store
