#include "store/host_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "store/impl/connection.hpp"
#include "store/impl/store_url.hpp"

namespace patchbay::store {

namespace {

constexpr auto kPause = std::chrono::milliseconds(50);

// Start-up waits here before there is anything else to do, so it sleeps.
bool lock_within(int fd, std::chrono::milliseconds patience) {
  for (auto waited = std::chrono::milliseconds(0); ::flock(fd, LOCK_EX | LOCK_NB) != 0; waited += kPause) {
    if (waited >= patience) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace

std::filesystem::path HostLock::path_for(const std::string& store_url,
                                         const std::filesystem::path& state_dir) {
  const StoreUrl url(store_url);
  return url.dialect == Dialect::sqlite ? std::filesystem::path(url.path + ".host-lock")
                                        : state_dir / "host-lock";
}

HostLock::HostLock(const std::filesystem::path& path, std::chrono::milliseconds patience)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw unavailable(path.string() + ": " + std::generic_category().message(errno));
  if (lock_within(fd_, patience)) return;
  ::close(fd_);
  throw Error(Code::conflict, Text("store.second_host", {{"where", path.string()}}));
}

HostLock::~HostLock() {
  ::close(fd_);
}

}  // namespace patchbay::store
