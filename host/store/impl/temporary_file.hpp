#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>

namespace patchbay::store {

// A file in memory, gone with this object: what a program says need not touch the disk.
class TemporaryFile {
 public:
  TemporaryFile() : fd_(::memfd_create("patchbay", MFD_CLOEXEC)) {}
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int fd() const { return fd_; }
  // From its beginning.
  std::string read() const {
    std::string out;
    std::array<char, 4096> piece{};
    for (ssize_t got = 0;
         (got = ::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(out.size()))) > 0;)
      out.append(piece.data(), static_cast<std::size_t>(got));
    return out;
  }

 private:
  const int fd_;
};

}  // namespace patchbay::store
