#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace patchbay::store {

// A file without a name, gone with this object.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string name = "/tmp/patchbay-XXXXXX";
    fd_ = ::mkostemp(name.data(), 0);
    if (fd_ >= 0) ::unlink(name.c_str());
  }
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
  int fd_ = -1;
};

}  // namespace patchbay::store
