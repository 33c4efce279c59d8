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

constexpr std::size_t kMostKeys = 8;

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

std::vector<KeyBytes> read_key_file(const std::string& path) {
  std::vector<KeyBytes> keys;
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0 && errno == ENOENT) return keys;
  if (file.fd() < 0) fail(path, errno);
  constexpr std::size_t kLargest = kMostKeys * KeyBytes::kSize;
  auto raw = read_up_to(file.fd(), kLargest + 1, path);
  const auto size = raw.size();
  const bool whole = size > 0 && size <= kLargest && size % KeyBytes::kSize == 0;
  for (std::size_t at = 0; whole && at < size; at += KeyBytes::kSize)
    keys.push_back(*KeyBytes::from(std::string_view(raw).substr(at, KeyBytes::kSize)));
  wipe(raw);
  if (whole) return keys;
  const auto bytes = size > kLargest ? "> " + std::to_string(kLargest) : std::to_string(size);
  throw Error(Code::invalid, Text("vault.bad_key", {{"file", path}, {"bytes", bytes}}));
}

namespace {

void write_all(const Draft& draft, const std::vector<KeyBytes>& keys, const std::string& path) {
  for (const auto& key : keys) {
    const auto bytes = key.view();
    const auto written = ::write(draft.fd(), bytes.data(), bytes.size());
    if (written != static_cast<ssize_t>(bytes.size())) fail(path, written < 0 ? errno : ENOSPC);
  }
  if (::fsync(draft.fd()) != 0) fail(path, errno);
}

}  // namespace

std::vector<KeyBytes> make_key_file(const std::string& path) {
  std::vector<KeyBytes> keys;
  keys.push_back(KeyBytes::random());
  const Draft draft(path);
  write_all(draft, keys, path);
  if (::link(draft.path().c_str(), path.c_str()) != 0) {
    if (errno != EEXIST) fail(path, errno);
    auto theirs = read_key_file(path);
    if (theirs.empty()) fail(path, ENOENT);
    return theirs;
  }
  sync_folder_of(path);
  return keys;
}

void write_key_file(const std::string& path, const std::vector<KeyBytes>& keys) {
  const Draft draft(path);
  write_all(draft, keys, path);
  if (::rename(draft.path().c_str(), path.c_str()) != 0) fail(path, errno);
  sync_folder_of(path);
}

}  // namespace patchbay::vault
