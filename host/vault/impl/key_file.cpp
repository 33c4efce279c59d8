#include "vault/impl/key_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "vault/vault.hpp"

namespace patchbay::vault {

namespace {

[[noreturn]] void fail(const std::string& path, int code) {
  const auto reason = std::generic_category().message(code);
  throw Error(Code::unavailable, Text("vault.key_file", {{"file", path}, {"reason", reason}}));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// One byte more than a key has, so that a longer file shows.
std::string read_up_to(int fd, std::size_t size, const std::string& path) {
  std::string out(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto count = ::read(fd, out.data() + got, size - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  out.resize(got);
  return out;
}

void sync_folder_of(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd() < 0 || ::fsync(handle.fd()) != 0) fail(path, errno);
}

// A file that goes again unless the key in it reached its place.
class Draft {
 public:
  explicit Draft(const std::string& target)
      : path_(target + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {
    if (file_.fd() < 0) fail(target, errno);
  }
  ~Draft() {
    if (file_.fd() >= 0) ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  int fd() const { return file_.fd(); }

 private:
  std::string path_;
  File file_;
};

}  // namespace

std::optional<KeyBytes> read_key_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0 && errno == ENOENT) return std::nullopt;
  if (file.fd() < 0) fail(path, errno);
  auto raw = read_up_to(file.fd(), KeyBytes::kSize + 1, path);
  auto key = KeyBytes::from(raw);
  const auto size = raw.size();
  wipe(raw);
  if (key) return key;
  const auto bytes = size > KeyBytes::kSize ? std::string("> 32") : std::to_string(size);
  throw Error(Code::invalid, Text("vault.bad_key", {{"file", path}, {"bytes", bytes}}));
}

KeyBytes make_key_file(const std::string& path) {
  auto key = KeyBytes::random();
  const Draft draft(path);
  const auto bytes = key.view();
  const auto written = ::write(draft.fd(), bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size())) fail(path, written < 0 ? errno : ENOSPC);
  if (::fsync(draft.fd()) != 0) fail(path, errno);
  if (::link(draft.path().c_str(), path.c_str()) != 0) {
    if (errno != EEXIST) fail(path, errno);
    if (auto theirs = read_key_file(path)) return std::move(*theirs);
    fail(path, ENOENT);
  }
  sync_folder_of(path);
  return key;
}

}  // namespace patchbay::vault
