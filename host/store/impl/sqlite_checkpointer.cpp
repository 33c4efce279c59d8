#include "store/impl/sqlite_checkpointer.hpp"

#include <sqlite3.h>

namespace patchbay::store {
namespace {

constexpr int kEvery = 1000;  // pages: 4 MiB

}  // namespace

SqliteCheckpointer::SqliteCheckpointer(std::string path)
    : path_(std::move(path)), next_(kEvery), thread_([this] { run(); }) {}

SqliteCheckpointer::~SqliteCheckpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SqliteCheckpointer::grown(int pages) {
  {
    const std::lock_guard lock(mutex_);
    if (pages < pages_) next_ = kEvery;  // the log was begun anew
    pages_ = pages;
    if (pages < next_) return;
    next_ = pages + kEvery;
    wanted_ = true;
  }
  wake_.notify_one();
}

// What fails here (disk full, for one) is tried again after the next pages, and by the writer in the end.
void SqliteCheckpointer::run() {
  sqlite3* database = nullptr;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) break;
    wanted_ = false;
    lock.unlock();
    if (database == nullptr &&
        sqlite3_open_v2(path_.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK)
      sqlite3_exec(database, "pragma synchronous = full", nullptr, nullptr, nullptr);
    sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    lock.lock();
  }
  sqlite3_close(database);
}

}  // namespace patchbay::store
