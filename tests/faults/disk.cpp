#include "faults/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <utility>

namespace patchbay::faults {

namespace {

Disk* current = nullptr;
sqlite3_vfs* real_vfs = nullptr;

constexpr std::size_t kSector = 512;

}  // namespace

// SQLite's file, followed in memory by the real one.
struct Shim : sqlite3_file {
  const std::string* name;  // nothing: it is not recorded
  bool syncs_folder;        // with its next sync, as SQLite does for journals that it has made
  int heard;                // failures of syncs that it knows of

  static Shim* of(sqlite3_file* file) { return static_cast<Shim*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(of(file) + 1); }

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    const int code = real_vfs->xOpen(real_vfs, path, real(file), flags, out_flags);
    const bool recorded = path != nullptr && current->is_ours(path);
    of(file)->name = recorded ? new std::string(std::filesystem::path(path).filename()) : nullptr;
    file->pMethods = real(file)->pMethods != nullptr ? &kMethods : nullptr;
    if (file->pMethods == nullptr) delete of(file)->name;
    of(file)->heard = recorded && file->pMethods != nullptr ? current->failures_of(*of(file)->name) : 0;
    of(file)->syncs_folder =
        (flags & SQLITE_OPEN_CREATE) != 0 &&
        (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    return code;
  }
  static int remove(sqlite3_vfs*, const char* path, int sync_folder) {
    const int code = real_vfs->xDelete(real_vfs, path, sync_folder);
    if (code != SQLITE_OK || !current->is_ours(path)) return code;
    const auto name = std::filesystem::path(path).filename().string();
    const std::lock_guard lock(current->mutex_);
    current->add({Step::Kind::remove, name, 0, {}});
    if (sync_folder != 0) current->add({Step::Kind::sync_folder, {}, 0, {}});
    return code;
  }

  static int close(sqlite3_file* file) {
    delete of(file)->name;
    return real(file)->pMethods->xClose(real(file));
  }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
    return real(file)->pMethods->xRead(real(file), out, size, at);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    if (of(file)->name == nullptr) return real(file)->pMethods->xWrite(real(file), data, size, at);
    return current->write(real(file), *of(file)->name, data, size, at);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (of(file)->name == nullptr) return real(file)->pMethods->xTruncate(real(file), size);
    return current->truncate(real(file), *of(file)->name, size);
  }
  static int sync(sqlite3_file* file, int) {
    if (of(file)->name == nullptr) return SQLITE_OK;
    return current->sync(*of(file)->name, of(file)->syncs_folder, of(file)->heard);
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
  }
  static int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
  static int unlock(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
  }
  static int is_reserved(sqlite3_file* file, int* out) {
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
  }
  static int control(sqlite3_file* file, int what, void* value) {
    return real(file)->pMethods->xFileControl(real(file), what, value);
  }
  static int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
  static int characteristics(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
  }
  static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
  static int shm_unmap(sqlite3_file* file, int remove_it) {
    return real(file)->pMethods->xShmUnmap(real(file), remove_it);
  }

  // Version 2: shared memory, but no mapped pages, whose writes nobody would see.
  static constexpr sqlite3_io_methods kMethods{
      2,         close,       read,    write,       truncate,        sync,    file_size, lock,
      unlock,    is_reserved, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
      shm_unmap, nullptr,     nullptr};
  static sqlite3_vfs& vfs() {
    static sqlite3_vfs made;
    return made;
  }
};

Disk::Disk(std::string folder) : folder_(std::move(folder)) {
  current = this;
  real_vfs = sqlite3_vfs_find(nullptr);
  auto& vfs = Shim::vfs();
  vfs = *real_vfs;
  vfs.zName = "recorded";
  vfs.szOsFile = static_cast<int>(sizeof(Shim)) + real_vfs->szOsFile;
  vfs.xOpen = Shim::open;
  vfs.xDelete = Shim::remove;
  sqlite3_vfs_register(&vfs, 1);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(&Shim::vfs());
  sqlite3_vfs_register(real_vfs, 1);
}

bool Disk::is_ours(const char* path) const {
  return std::filesystem::path(path).parent_path() == folder_;
}

void Disk::note(std::string what) {
  const std::lock_guard lock(mutex_);
  add({Step::Kind::note, std::move(what), 0, {}});
}

void Disk::fail_nth(int n, bool full) {
  const std::lock_guard lock(mutex_);
  until_failure_ = n;
  full_ = full;
  failed_ = false;
}

bool Disk::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Disk::fail_syncs(int every) {
  const std::lock_guard lock(mutex_);
  failing_syncs_ = every;
}

std::vector<Step> Disk::take_record() {
  const std::lock_guard lock(mutex_);
  return std::exchange(record_, {});
}

bool Disk::fails() {
  if (until_failure_ == 0 || --until_failure_ > 0) return false;
  failed_ = true;
  return true;
}

void Disk::add(Step step) {
  record_.push_back(std::move(step));
}

int Disk::write(sqlite3_file* real, const std::string& file, const void* data, int size, std::int64_t at) {
  const std::lock_guard lock(mutex_);
  const bool fault = fails();
  const int written = fault ? size / 2 : size;
  const int code = real->pMethods->xWrite(real, data, written, at);
  if (code == SQLITE_OK) {
    const auto* bytes = static_cast<const char*>(data);
    add({Step::Kind::write, file, at, std::string(bytes, static_cast<std::size_t>(written))});
  }
  return !fault ? code : full_ ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int Disk::truncate(sqlite3_file* real, const std::string& file, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  if (fails()) return SQLITE_IOERR_TRUNCATE;
  const int code = real->pMethods->xTruncate(real, size);
  if (code == SQLITE_OK) add({Step::Kind::truncate, file, size, {}});
  return code;
}

int Disk::failures_of(const std::string& file) {
  const std::lock_guard lock(mutex_);
  return failures_[file];
}

int Disk::sync(const std::string& file, bool& folder_too, int& heard) {
  const std::lock_guard lock(mutex_);
  const bool fault = fails() || (failing_syncs_ > 0 && ++syncs_ % failing_syncs_ == 0);
  add({fault ? Step::Kind::failed_sync : Step::Kind::sync, file, 0, {}});
  if (folder_too && !fault) add({Step::Kind::sync_folder, {}, 0, {}});
  folder_too = folder_too && fault;
  auto& failures = failures_[file];
  if (fault) ++failures;
  return std::exchange(heard, failures) == failures ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

void Durable::apply(const Step& step) {
  if (step.kind == Step::Kind::note) return;
  if (step.kind == Step::Kind::sync_folder) return forget_removed();
  auto& file = files_[step.file];
  if (step.kind == Step::Kind::sync) {
    for (const auto* pending : file.pending) apply(file, *pending);
    file.there = file.there || file.pending.empty();
  } else if (step.kind != Step::Kind::failed_sync) {
    return file.pending.push_back(&step);
  }
  // After a sync that failed the kernel takes its pages for clean: no later one writes them.
  file.pending.clear();
}

void Durable::forget_removed() {
  for (auto& [name, file] : files_) {
    const auto last = std::find_if(file.pending.rbegin(), file.pending.rend(),
                                   [](const auto* step) { return step->kind == Step::Kind::remove; });
    if (last == file.pending.rend()) continue;
    apply(file, **last);
    file.pending.erase(file.pending.begin(), last.base());
  }
}

void Durable::apply(File& file, const Step& step) {
  file.there = step.kind != Step::Kind::remove;
  if (step.kind == Step::Kind::remove) return file.content.clear();
  const auto offset = static_cast<std::size_t>(step.offset);
  if (step.kind == Step::Kind::truncate) return file.content.resize(offset);
  if (file.content.size() < offset + step.data.size()) file.content.resize(offset + step.data.size());
  file.content.replace(offset, step.data.size(), step.data);
}

void Durable::tear(File& file, const Step& write, const std::function<bool()>& coin) {
  for (std::size_t at = 0; at < write.data.size(); at += kSector) {
    if (!coin()) continue;
    apply(file, {Step::Kind::write,
                 {},
                 write.offset + static_cast<std::int64_t>(at),
                 write.data.substr(at, kSector)});
  }
}

void Durable::write_to(const std::string& folder, Cut cut, const std::function<bool()>& coin) const {
  for (const auto& [name, durable] : files_) {
    const bool drops = cut == Cut::drops_all || durable.pending.empty();
    File torn;
    if (!drops) torn = durable;
    for (const auto* step : torn.pending) {
      if (cut == Cut::keeps_all || coin()) {
        apply(torn, *step);
      } else if (step->kind == Step::Kind::write && coin()) {
        tear(torn, *step, coin);
      }
    }
    const auto& found = drops ? durable : torn;
    if (found.there) std::ofstream(folder + "/" + name, std::ios::binary) << found.content;
  }
}

}  // namespace patchbay::faults
