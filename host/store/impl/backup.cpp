#include "store/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <system_error>

#include <libpq-fe.h>
#include <sqlite3.h>

#include "base/error.hpp"
#include "store/impl/connection.hpp"
#include "store/impl/program.hpp"
#include "store/impl/store_url.hpp"
#include "store/migrate.hpp"

namespace patchbay::store {
namespace {

namespace fs = std::filesystem;

Error no_backup(const fs::path& file, const std::string& why) {
  return Error(Code::invalid, Text("store.no_backup", {{"file", file.string()}, {"why", why}}));
}

void sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const auto why = std::generic_category().message(errno);
  if (fd >= 0) ::close(fd);
  if (!done) throw unavailable(path.string() + ": " + why);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// A file that is written beside its place and goes again unless it gets there.
class Draft {
 public:
  explicit Draft(const fs::path& target) : target_(target), path_(target.string() + ".draft") {
    std::error_code ignored;
    fs::remove(path_, ignored);  // of a try that was broken off
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) throw unavailable(path_.string() + ": " + std::generic_category().message(errno));
    ::close(fd);
  }
  ~Draft() {
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(path_.string() + "-journal", ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }
  void put_in_place() const {
    sync(path_);
    fs::rename(path_, target_);
    sync(folder_of(target_));
  }

 private:
  const fs::path target_;
  const fs::path path_;
};

// --- SQLite

struct Close {
  void operator()(sqlite3* database) const { ::sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open_sqlite(const fs::path& file, int flags) {
  sqlite3* opened = nullptr;
  const int code = ::sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) throw unavailable(file.string() + ": " + ::sqlite3_errstr(code));
  ::sqlite3_busy_timeout(opened, 5'000);
  return database;
}

// The first column of the first row; nothing when there is none.
std::optional<std::string> ask(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (::sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) return std::nullopt;
  std::optional<std::string> out;
  if (::sqlite3_step(statement) == SQLITE_ROW) {
    const auto* text = ::sqlite3_column_text(statement, 0);
    if (text != nullptr) out = reinterpret_cast<const char*>(text);
  }
  ::sqlite3_finalize(statement);
  return out;
}

// Page by page into an empty database, all of one moment.
void copy_sqlite(const fs::path& from, const fs::path& to) {
  const auto source = open_sqlite(from, SQLITE_OPEN_READONLY);
  const auto target = open_sqlite(to, SQLITE_OPEN_READWRITE);
  auto* copying = ::sqlite3_backup_init(target.get(), "main", source.get(), "main");
  int code = copying == nullptr ? ::sqlite3_errcode(target.get()) : SQLITE_OK;
  if (copying != nullptr) {
    code = ::sqlite3_backup_step(copying, -1);
    ::sqlite3_backup_finish(copying);
  }
  if (code != SQLITE_DONE) throw unavailable(from.string() + ": " + ::sqlite3_errstr(code));
  ::sqlite3_exec(target.get(), "pragma journal_mode = delete", nullptr, nullptr, nullptr);
}

std::int64_t check_sqlite(const fs::path& file) {
  const auto database = open_sqlite(file, SQLITE_OPEN_READONLY);
  const auto whole = ask(database.get(), "pragma integrity_check");
  if (!whole) throw no_backup(file, ::sqlite3_errmsg(database.get()));
  if (*whole != "ok") throw no_backup(file, *whole);
  const auto schema = ask(database.get(), "select max(version) from schema_version");
  if (!schema) throw no_backup(file, ::sqlite3_errmsg(database.get()));
  return std::stoll(*schema);
}

// --- PostgreSQL

// How to reach the database, as the variables that its programs read: nothing of it stands in a list of
// processes.
std::map<std::string, std::string> variables_of(const std::string& url) {
  char* why = nullptr;
  auto* options = ::PQconninfoParse(url.c_str(), &why);
  std::map<std::string, std::string> out;
  for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->envvar != nullptr && option->val != nullptr) out[option->envvar] = option->val;
  }
  if (options != nullptr) ::PQconninfoFree(options);
  if (why != nullptr) ::PQfreemem(why);
  return out;
}

std::int64_t check_dump(const fs::path& file) {
  std::string contents;
  std::string versions;
  try {
    contents = run_program({"pg_restore", "--list", file.string()}, {});
    versions =
        run_program({"pg_restore", "--data-only", "--table=schema_version", "--file=-", file.string()}, {});
    // To its end: what is cut off shows only there.
    run_program({"pg_restore", "--file=/dev/null", file.string()}, {});
  } catch (const Error& error) {
    throw no_backup(file, error.what());
  }
  std::int64_t schema = 0;
  for (std::size_t line = versions.find("COPY "); line != versions.npos && line < versions.size();) {
    line = versions.find('\n', line);
    if (line == versions.npos || versions.compare(line + 1, 2, "\\.") == 0) break;
    ++line;
    schema = std::max<std::int64_t>(schema, std::strtoll(versions.c_str() + line, nullptr, 10));
  }
  if (schema == 0 || contents.find("TABLE DATA") == contents.npos)
    throw no_backup(file, "it is none of this program");
  return schema;
}

bool is_postgresql(const std::string& store_url) {
  return StoreUrl(store_url).dialect == Dialect::postgresql;
}

std::int64_t schema_of(const std::string& store_url, const fs::path& file) {
  return is_postgresql(store_url) ? check_dump(file) : check_sqlite(file);
}

bool has_something(const std::string& store_url) {
  if (!is_postgresql(store_url)) {
    const fs::path file = StoreUrl(store_url).path;
    return fs::exists(file) && fs::file_size(file) > 0;
  }
  Store::Options options;
  options.url = store_url;
  options.sessions = 1;
  const auto store = Store::open(options, log::Logger::none());
  return store->read_now([](Session& session) { return has_table(session, "schema_version"); });
}

// A name beside the database that nothing has yet.
fs::path place_for_old(const fs::path& target) {
  for (int number = 1;; ++number) {
    const fs::path place =
        target.string() + ".before-restore" + (number == 1 ? "" : "-" + std::to_string(number));
    if (!fs::exists(place)) return place;
  }
}

// The old database is copied, log included, before the new one takes its place in one step.
void replace_sqlite(const fs::path& target, const fs::path& file) {
  const Draft draft(target);
  copy_sqlite(file, draft.path());
  if (fs::exists(target) && fs::file_size(target) > 0) {
    const Draft old(place_for_old(target));
    copy_sqlite(target, old.path());
    old.put_in_place();
  }
  // Its log belongs to the old one and would be played into the new one.
  for (const auto* part : {"-wal", "-shm"}) fs::remove(target.string() + part);
  draft.put_in_place();
}

// What a schema of another age left over goes too, and all of it or nothing.
void run_sql(const fs::path& sql, const std::map<std::string, std::string>& variables, bool something) {
  std::vector<std::string> words = {"psql", "--no-psqlrc", "--quiet", "--single-transaction",
                                    "--set=ON_ERROR_STOP=1"};
  if (something) words.emplace_back("--command=drop schema public cascade; create schema public");
  words.push_back("--file=" + sql.string());
  run_program(words, variables);
}

}  // namespace

BackupInfo check_backup(const std::string& store_url, const fs::path& file) {
  if (!fs::is_regular_file(file)) throw no_backup(file, std::generic_category().message(ENOENT));
  BackupInfo info;
  info.bytes = fs::file_size(file);
  info.schema = schema_of(store_url, file);
  const auto known = migrations().back().version;
  if (info.schema > known) {
    throw Error(Code::invalid, Text("store.newer_schema", {{"stored", std::to_string(info.schema)},
                                                           {"known", std::to_string(known)}}));
  }
  return info;
}

BackupInfo back_up(const std::string& store_url, const fs::path& file) {
  if (fs::exists(file)) throw Error(Code::conflict, Text("store.backup_exists", {{"file", file.string()}}));
  const Draft draft(file);
  if (is_postgresql(store_url)) {
    run_program(
        {"pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file=" + draft.path().string()},
        variables_of(store_url));
  } else {
    copy_sqlite(StoreUrl(store_url).path, draft.path());
  }
  auto info = check_backup(store_url, draft.path());
  draft.put_in_place();
  return info;
}

void restore(const std::string& store_url, const fs::path& file, bool replace) {
  check_backup(store_url, file);
  const bool something = has_something(store_url);
  if (something && !replace) throw Error(Code::conflict, Text("store.not_empty"));
  if (!is_postgresql(store_url)) return replace_sqlite(StoreUrl(store_url).path, file);
  const Draft sql(file.string() + ".sql");
  run_program({"pg_restore", "--no-owner", "--no-privileges", "--file=" + sql.path().string(), file.string()},
              {});
  run_sql(sql.path(), variables_of(store_url), something);
}

}  // namespace patchbay::store
