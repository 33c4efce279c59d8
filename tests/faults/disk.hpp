#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3_file;
struct sqlite3_vfs;

namespace patchbay::faults {

// What happened on a disk, in order.
struct Step {
  enum class Kind { write, truncate, remove, sync, failed_sync, sync_folder, note };
  Kind kind;
  std::string file;         // without its folder; of a note: what was noted
  std::int64_t offset = 0;  // write: where; truncate: the new size
  std::string data;
};

// The disk beneath SQLite: while it lives it is the process's default VFS. Files in `folder` are recorded and
// may be made to fail. Reads see every write, as they do through a page cache; nothing is really flushed. One
// at a time, and no database is open when it comes or goes. Any thread.
class Disk {
 public:
  explicit Disk(std::string folder);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Something that others may rely on from now on ("200 e7").
  void note(std::string what);
  // The n-th write, truncation or sync from now on fails, a write after its first half; 0: none.
  // `full`: writes fail with SQLITE_FULL instead of SQLITE_IOERR.
  void fail_nth(int n, bool full);
  // Whether it has come to that.
  bool has_failed() const;
  // Every n-th sync fails, and loses what it was to make durable; 0: none. As on Linux (fsync(2)) each that
  // has the file open hears of it once, by its own next sync.
  void fail_syncs(int every);

  // What was recorded so far; the record is empty then.
  std::vector<Step> take_record();

 private:
  friend struct Shim;
  bool is_ours(const char* path) const;
  int failures_of(const std::string& file);
  bool fails();
  void add(Step step);
  int write(sqlite3_file* real, const std::string& file, const void* data, int size, std::int64_t at);
  int truncate(sqlite3_file* real, const std::string& file, std::int64_t size);
  int sync(const std::string& file, bool& folder_too, int& heard);

  const std::string folder_;
  mutable std::mutex mutex_;  // of what follows
  std::vector<Step> record_;
  int until_failure_ = 0;
  bool full_ = false;
  bool failed_ = false;
  int syncs_ = 0;
  int failing_syncs_ = 0;
  std::map<std::string, int> failures_;  // of syncs, by file
};

// What of a disk is durable. Steps are kept by address: they outlive it.
class Durable {
 public:
  void apply(const Step& step);

  // What a power cut may do to writes that were not synced.
  enum class Cut { drops_all, keeps_all, tears };
  // The files as they are found after the power went, into an empty folder. When it tears, each of the writes
  // that were not synced, and each 512 bytes of some of them, stays or goes by `coin`.
  void write_to(const std::string& folder, Cut cut, const std::function<bool()>& coin) const;

 private:
  struct File {
    std::string content;
    bool there = false;
    std::vector<const Step*> pending;
  };
  void forget_removed();
  static void apply(File& file, const Step& step);
  static void tear(File& file, const Step& write, const std::function<bool()>& coin);

  std::map<std::string, File> files_;
};

}  // namespace patchbay::faults
