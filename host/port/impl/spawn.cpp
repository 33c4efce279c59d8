#include "port/impl/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace patchbay::port {
namespace {

[[noreturn]] void fail(const std::string& worker, int error) {
  throw Error(Code::internal,
              Text("port.spawn_failed", {{"worker", worker}, {"reason", std::strerror(error)}}));
}

// What posix_spawn is told; released in the end.
class Actions {
 public:
  Actions(int wire, int errors) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, errors, 2);  // before 3: `errors` may be 3
    ::posix_spawn_file_actions_adddup2(&files_, wire, 3);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, 4);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

bool passes(std::string_view variable) {
  static constexpr std::string_view kPassed[] = {
      "PATH=",          "LANG=",         "TZ=",           "ASAN_OPTIONS=",
      "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "LD_LIBRARY_PATH="};
  for (const auto name : kPassed) {
    if (variable.starts_with(name)) return true;
  }
  return false;
}

std::vector<char*> environment() {
  std::vector<char*> kept;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (passes(*variable)) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

}  // namespace

Child spawn(const std::vector<std::string>& arguments) {
  std::array<int, 2> wire{};
  std::array<int, 2> errors{};
  const auto& worker = arguments.front();
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire.data()) != 0) fail(worker, errno);
  Child child;
  child.wire = Fd(wire[0]);
  const Fd theirs(wire[1]);
  if (::pipe2(errors.data(), O_CLOEXEC) != 0) fail(worker, errno);
  child.errors = Fd(errors[0]);
  const Fd their_errors(errors[1]);

  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  auto variables = environment();
  const Actions actions(theirs.get(), their_errors.get());
  const int error = ::posix_spawn(&child.pid, worker.c_str(), actions.files(), actions.attributes(),
                                  words.data(), variables.data());
  if (error != 0) fail(worker, error);
  child.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (child.pidfd.get() < 0) {
    // Nobody but us reaps it, so the number is still its own.
    const int reason = errno;
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    fail(worker, reason);
  }
  return child;
}

}  // namespace patchbay::port
