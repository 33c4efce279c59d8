#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace patchbay::store {

// One host at a time on one SQLite database, and on one state folder. Held by the process, so it is free
// again at once when the process dies, however it dies.
class HostLock {
 public:
  // `state_dir`: where the lock lies when the store is PostgreSQL, which several hosts may use.
  static std::filesystem::path path_for(const std::string& store_url, const std::filesystem::path& state_dir);

  // Blocks, at most for `patience`: a host that has just been killed may need a moment to be gone.
  // Throws Error{conflict} "store.second_host" when another host is there.
  explicit HostLock(const std::filesystem::path& path,
                    std::chrono::milliseconds patience = std::chrono::seconds(5));
  ~HostLock();
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;

 private:
  int fd_;
};

}  // namespace patchbay::store
