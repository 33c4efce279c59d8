#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <soci/session.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/utf8.hpp"
#include "store/bulk_insert.hpp"
#include "store/impl/connection.hpp"
#include "store/impl/statement_text.hpp"

namespace patchbay::store {

namespace {

namespace sq = sqlite_api;

constexpr int kBusyMs = 5000;
constexpr int kLongestLog =
    16'000;  // pages (64 MiB): then the writer cuts it, of which little is left to copy

// A statement that is reset when its use ends, so that it holds no lock and no value.
class Use {
 public:
  explicit Use(sq::sqlite3_stmt* statement) : statement_(statement) {}
  ~Use() {
    sq::sqlite3_reset(statement_);
    sq::sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sq::sqlite3_stmt* statement_;
};

Value column_value(sq::sqlite3_stmt* statement, int column) {
  const auto size = [&] { return static_cast<std::size_t>(sq::sqlite3_column_bytes(statement, column)); };
  switch (sq::sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sq::sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sq::sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sq::sqlite3_column_text(statement, column));
      return std::string(text, size());
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const char*>(sq::sqlite3_column_blob(statement, column));
      return Bytes(data == nullptr ? std::string() : std::string(data, size()));
    }
    default:
      return std::monostate();
  }
}

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(std::string path, Mode mode, std::function<void(int)> grown)
      : path_(std::move(path)), mode_(mode), grown_(std::move(grown)) {}
  ~SqliteConnection() override { close(); }

  Dialect dialect() const override { return Dialect::sqlite; }

  void begin(Mode mode) override {
    open();
    lost_ = nullptr;
    check(run_kept(mode == Mode::read ? "begin" : "begin immediate"), "begin");
  }

  void commit() override {
    guarded([&] { check(run_kept("commit"), "commit"); });
  }

  void rollback() noexcept override {
    if (!db_ || sq::sqlite3_get_autocommit(db_) != 0) return;
    if (sq::sqlite3_exec(db_, "rollback", nullptr, nullptr, nullptr) != SQLITE_OK) close();
  }

  void close() noexcept override {
    statements_.clear();
    session_.reset();
    db_ = nullptr;
  }

  std::int64_t exec(std::string_view sql, Values values) override {
    return guarded([&]() -> std::int64_t {
      auto* statement = prepare(sql, &values);
      const Use use(statement);
      int code = SQLITE_ROW;
      while (code == SQLITE_ROW) code = sq::sqlite3_step(statement);
      check(code, sql);
      return sq::sqlite3_changes(db_);
    });
  }

  std::vector<Row> query(std::string_view sql, Values values) override {
    return guarded([&] {
      auto* statement = prepare(sql, &values);
      const Use use(statement);
      const int columns = sq::sqlite3_column_count(statement);
      std::vector<Row> rows;
      int code = SQLITE_OK;
      while ((code = sq::sqlite3_step(statement)) == SQLITE_ROW) {
        std::vector<Value> row;
        row.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i) row.push_back(column_value(statement, i));
        rows.emplace_back(std::move(row));
      }
      check(code, sql);
      return rows;
    });
  }

  std::vector<std::int64_t> insert_new(const BulkInsert& insert) override {
    return guarded([&] {
      std::string sql = insert.head() + " values (";
      for (std::size_t i = 0; i < insert.columns().size(); ++i) sql += ":c" + std::to_string(i) + ",";
      sql.back() = ')';
      sql += insert.tail();
      auto* statement = prepare(sql, nullptr);
      const Use use(statement);
      std::vector<std::int64_t> ids;
      ids.reserve(insert.rows());
      for (std::size_t row = 0; row < insert.rows(); ++row) {
        for (std::size_t i = 0; i < insert.columns().size(); ++i) bind(statement, i, insert.at(row, i));
        check(sq::sqlite3_step(statement), sql);
        if (sq::sqlite3_changes(db_) > 0) ids.push_back(insert.id(row));
        sq::sqlite3_reset(statement);
      }
      return ids;
    });
  }

  void script(const std::string& sql) override {
    guarded([&] { check(sq::sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), sql); });
  }

 private:
  struct Finalize {
    void operator()(sq::sqlite3_stmt* statement) const { sq::sqlite3_finalize(statement); }
  };
  struct Kept {
    StatementText text;
    std::unique_ptr<sq::sqlite3_stmt, Finalize> handle;
  };

  void open() {
    if (db_ != nullptr) return;
    try {
      make_file();
      // A name without "=" is not parsed: SOCI's parser never ends when memory does.
      const bool plain = path_.find('=') == path_.npos;
      session_ = std::make_unique<soci::session>(soci::sqlite3, plain ? path_ : "dbname=\"" + path_ + "\"");
    } catch (const soci::soci_error& error) {
      throw unavailable(path_ + ": " + error.get_error_message());
    }
    db_ = static_cast<soci::sqlite3_session_backend*>(session_->get_backend())->conn_;
    try {
      prepare_database();
    } catch (...) {
      close();
      throw;
    }
  }

  // The data is private: SQLite gives its -wal and -shm files the mode of this one. Only a new file is opened
  // here: closing any descriptor of a database would drop the locks that other connections of this process
  // hold on it.
  void make_file() const {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
      ::close(fd);
    } else if (errno != EEXIST) {
      throw unavailable(path_ + ": " + std::generic_category().message(errno));
    }
  }

  void prepare_database() {
    sq::sqlite3_busy_timeout(db_, kBusyMs);
    sq::sqlite3_extended_result_codes(db_, 1);
    script(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; "
        "pragma temp_store = memory; pragma cache_size = -16384; pragma wal_autocheckpoint = 4000");
    if (mode_ == Mode::read) script("pragma query_only = on");
    if (grown_) sq::sqlite3_wal_hook(db_, &SqliteConnection::committed, this);
  }

  // Takes the place of SQLite's own checkpoints: those stop the writer for the whole work every time.
  static int committed(void* self, sq::sqlite3* database, const char* name, int pages) {
    static_cast<SqliteConnection*>(self)->grown_(pages);
    if (pages >= kLongestLog)
      sq::sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
  }

  int run_kept(std::string_view sql) {
    auto* statement = prepare(sql, nullptr);
    const Use use(statement);
    return sq::sqlite3_step(statement);
  }

  // With `values`, also binds them.
  sq::sqlite3_stmt* prepare(std::string_view sql, const Values* values) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) found = keep(sql);
    const auto& kept = found->second;
    if (values != nullptr) {
      check_count(kept.text, values->size());
      for (std::size_t i = 0; i < values->size(); ++i) bind(kept.handle.get(), i, (*values)[i]);
    }
    return kept.handle.get();
  }

  BySql<Kept>::iterator keep(std::string_view sql) {
    if (statements_.size() >= kMaxStatements) statements_.clear();
    Kept kept;
    kept.text = translate(sql, Dialect::sqlite);
    const auto size = static_cast<int>(kept.text.sql.size());
    sq::sqlite3_stmt* made = nullptr;
    const int code =
        sq::sqlite3_prepare_v3(db_, kept.text.sql.data(), size, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    kept.handle.reset(made);
    check(code, sql);
    return statements_.emplace(std::string(sql), std::move(kept)).first;
  }

  // Values outlive the step, so they are not copied; only repaired text is.
  void bind(sq::sqlite3_stmt* statement, std::size_t index, const Value& value) {
    const int at = static_cast<int>(index) + 1;
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      code = sq::sqlite3_bind_int64(statement, at, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sq::sqlite3_bind_double(statement, at, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      code = bind_text(statement, at, *text);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      code = sq::sqlite3_bind_blob64(statement, at, bytes->data.data(), bytes->data.size(), SQLITE_STATIC);
    } else {
      code = sq::sqlite3_bind_null(statement, at);
    }
    check(code, "bind");
  }

  static int bind_text(sq::sqlite3_stmt* statement, int at, const std::string& text) {
    if (is_valid_utf8(text) && text.find('\0') == std::string::npos) {
      return sq::sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    const auto repaired = repair_utf8(text);
    const auto copy = reinterpret_cast<sq::sqlite3_destructor_type>(-1);
    return sq::sqlite3_bind_text64(statement, at, repaired.data(), repaired.size(), copy, SQLITE_UTF8);
  }

  void check(int code, std::string_view sql) const {
    const int primary = code & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_DONE || primary == SQLITE_ROW) return;
    const std::string reason = sq::sqlite3_errmsg(db_);
    switch (primary) {
      case SQLITE_CONSTRAINT:
        throw constraint(reason);
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw Repeat(reason);
      case SQLITE_READONLY:
        if (mode_ == Mode::read) throw failed(reason, sql);
        [[fallthrough]];
      case SQLITE_FULL:
      case SQLITE_IOERR:
      case SQLITE_CANTOPEN:
      case SQLITE_PERM:
      case SQLITE_NOMEM:
      case SQLITE_PROTOCOL:
        throw unavailable(path_ + ": " + reason);
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        throw failed(path_ + ": " + reason, sql);
      default:
        throw failed(reason, sql);
    }
  }

  const std::string path_;
  const Mode mode_;
  const std::function<void(int)> grown_;
  std::unique_ptr<soci::session> session_;
  sq::sqlite3* db_ = nullptr;
  BySql<Kept> statements_;
};

}  // namespace

std::unique_ptr<Connection> make_sqlite_connection(std::string path, Connection::Mode mode,
                                                   std::function<void(int)> grown) {
  return std::make_unique<SqliteConnection>(std::move(path), mode, std::move(grown));
}

}  // namespace patchbay::store
