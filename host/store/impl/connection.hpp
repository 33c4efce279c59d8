#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "store/store.hpp"

namespace patchbay::store {

// Leave a transaction that is worth repeating. Not patchbay::Error, so that no `catch (const Error&)` on the
// way stops them.
struct Repeat {
  explicit Repeat(std::string r) : reason(std::move(r)) {}
  std::string reason;
};
struct ConnectionLost {
  explicit ConnectionLost(std::string r) : reason(std::move(r)) {}
  std::string reason;
};

// Error{unavailable} "store.unavailable" with retry_after.
Error unavailable(const std::string& reason);
// Error{internal} "store.failed": a statement that can never work.
Error failed(const std::string& reason, std::string_view sql);
// Error{conflict} "store.constraint".
Error constraint(const std::string& reason);

// A session that knows how to open itself and its transactions. Used by one thread at a time.
class Connection : public Session {
 public:
  // single: one statement that is its own transaction, so that PostgreSQL needs one round trip instead of
  // three.
  enum class Mode { read, write, single };

  // Opens first if need be. Throws Error{unavailable} if the database is away.
  virtual void begin(Mode mode) = 0;
  // Rethrows what an earlier call threw, if that was swallowed: nothing is committed then.
  virtual void commit() = 0;
  // What the transaction that was committed just now announced, each word once.
  std::vector<std::string_view> announced() { return std::exchange(announced_, {}); }
  // Never throws; closes a connection that cannot be cleaned.
  virtual void rollback() noexcept = 0;
  virtual void close() noexcept = 0;

  // store/announcements.hpp
  void announce(std::string_view word);

  // Runs `work` in a savepoint of the running transaction and returns what it threw: then only its changes
  // are undone. Throws when the transaction as a whole is lost.
  std::exception_ptr within_savepoint(const std::function<void(Session&)>& work);

 protected:
  // Calls `f` and remembers the exception that it threw: a transaction has only one chance.
  template <class F>
  auto guarded(F f) {
    if (lost_) std::rethrow_exception(lost_);
    try {
      return f();
    } catch (...) {
      lost_ = std::current_exception();
      throw;
    }
  }

  std::exception_ptr lost_;

 private:
  std::vector<std::string_view> announced_;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using BySql = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// Prepared statements kept per connection. SQL is constant, so the bound is met only by a mistake.
constexpr std::size_t kMaxStatements = 512;

// `grown` hears after each commit how many pages the write-ahead log has. On the thread that commits; may be
// empty.
std::unique_ptr<Connection> make_sqlite_connection(std::string path, Connection::Mode mode,
                                                   std::function<void(int pages)> grown = {});
std::unique_ptr<Connection> make_postgresql_connection(std::string url);

}  // namespace patchbay::store
