#include "sandbox.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "system_calls.hpp"

namespace patchbay::worker {
namespace {

constexpr rlim_t kDescriptors = 16'384;  // connections that the host made, above all
constexpr rlim_t kSpare =
    256u << 20;  // bytes: stacks of threads and the like, which are asked for and hardly used
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // its shadow is terabytes
#else
constexpr bool kSanitized = false;
#endif

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void limit(decltype(RLIMIT_CORE) resource, rlim_t most) {
  rlimit value{};
  if (::getrlimit(resource, &value) != 0) fail("getrlimit");
  value.rlim_max = std::min(value.rlim_max, most);  // who started us may have been stricter
  value.rlim_cur = value.rlim_max;
  if (::setrlimit(resource, &value) != 0) fail("setrlimit");
}

// As version 6 of Landlock takes it: the header of an older kernel ends sooner. Older kernels are given the
// part that they know. (https://docs.kernel.org/userspace-api/landlock.html)
struct Ruleset {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};
constexpr std::uint64_t kAllNetwork = 3;  // TCP: bind, connect
constexpr std::uint64_t kAllScopes = 3;   // abstract Unix sockets, signals

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadFolder = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;

// Every way to touch a file that this version can refuse. Bits were only ever added at the upper end.
std::uint64_t all_of_files(int version) {
  const int bits = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  return (std::uint64_t{1} << bits) - 1;
}

std::size_t size_of_ruleset(int version) {
  return version >= 6 ? sizeof(Ruleset) : version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

// What is not there needs no permission.
void allow(int ruleset, const std::filesystem::path& path, std::uint64_t access) {
  const int descriptor = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (descriptor < 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = descriptor;
  const auto result = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  ::close(descriptor);
  if (result != 0) fail("landlock_add_rule");
}

std::vector<std::filesystem::path> folders_to_read(const std::filesystem::path& library) {
  std::vector<std::filesystem::path> folders = {
      library.parent_path(), "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
      "/usr/share/zoneinfo"};
  const char* listed = std::getenv("LD_LIBRARY_PATH");
  for (std::string_view rest = listed == nullptr ? "" : listed; !rest.empty();) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (end > 0) folders.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return folders;
}

// The version in force; 0 where the kernel has none.
int close_files(const std::filesystem::path& library) {
  const auto version =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version < 0 && errno != ENOSYS && errno != EOPNOTSUPP) fail("landlock_create_ruleset");
  if (version <= 0) return 0;
  const Ruleset closed{all_of_files(version), kAllNetwork, kAllScopes};
  const auto ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &closed, size_of_ruleset(version), 0));
  if (ruleset < 0) fail("landlock_create_ruleset");
  for (const auto& folder : folders_to_read(library)) allow(ruleset, folder, kReadFolder);
  for (const char* file : {"/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom",
                           "/etc/ssl/certs/ca-certificates.crt"})
    allow(ruleset, file, kReadFile);
  if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fail("landlock_restrict_self");
  ::close(ruleset);
  return version;
}

}  // namespace

std::string Sandbox::missing() const {
  std::string out;
  if (landlock == 0)
    out = "files are open as far as the service's own rights go: Landlock is not there, or off";
  if (!system_calls) out += std::string(out.empty() ? "" : "; ") + "system calls are not filtered";
  return out;
}

Sandbox enter_sandbox(const std::filesystem::path& library, std::uint64_t memory) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no new privileges");
  ::prctl(PR_SET_DUMPABLE, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, kDescriptors);
  if (memory > 0 && !kSanitized) limit(RLIMIT_DATA, 2 * memory + kSpare);
  Sandbox sandbox;
  sandbox.landlock = close_files(library);
  sandbox.system_calls = filter_system_calls();
  return sandbox;
}

}  // namespace patchbay::worker
