#include "attempts.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace hostile {
namespace {

constexpr const char* kNowhere = "/nonexistent/hostile";
constexpr int kLine = 3;  // the worker's line to the host

template <class... Arguments>
int raw(long number, Arguments... arguments) {
  const long result = ::syscall(number, arguments...);
  if (result >= 0 && number != SYS_socket) return 0;
  if (result < 0) return errno;
  ::close(static_cast<int>(result));
  return 0;
}

int open_as(const std::string& file, int flags) {
  const int descriptor = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno;
  ::close(descriptor);
  return 0;
}

// What a library's constructors may do: they run while it is opened.
const int tried_while_opened = open_as("/etc/passwd", O_RDONLY);

std::string of_parent(const char* what) {
  return "/proc/" + std::to_string(::getppid()) + "/" + what;
}

std::string own_library() {
  Dl_info info{};
  ::dladdr(reinterpret_cast<const void*>(&attempts), &info);
  return info.dli_fname;
}

// Nothing of a child must be left when it went through after all.
int child_of(long result) {
  if (result == 0) ::_exit(0);
  return result > 0 ? 0 : errno;
}

void to_files(std::map<std::string, Attempt>& all) {
  const auto reads = [&all](const char* name, std::function<std::string()> file) {
    all[name] = [file](const std::string&) { return open_as(file(), O_RDONLY); };
  };
  all["read the file"] = [](const std::string& file) { return open_as(file, O_RDONLY); };
  all["write the file"] = [](const std::string& file) { return open_as(file, O_WRONLY); };
  all["append to the file"] = [](const std::string& file) { return open_as(file, O_WRONLY | O_APPEND); };
  all["read while it is opened"] = [](const std::string&) { return tried_while_opened; };
  reads("read /etc/passwd", [] { return "/etc/passwd"; });
  reads("read /etc/shadow", [] { return "/etc/shadow"; });
  reads("read /etc/hosts", [] { return "/etc/hosts"; });
  reads("list /", [] { return "/"; });
  reads("list /proc", [] { return "/proc"; });
  reads("list /tmp", [] { return "/tmp"; });
  reads("list /run", [] { return "/run"; });
  reads("list /dev/shm", [] { return "/dev/shm"; });
  reads("list /sys", [] { return "/sys"; });
  reads("read own environment", [] { return "/proc/self/environ"; });
  reads("read own map", [] { return "/proc/self/maps"; });
  reads("read the host's environment", [] { return of_parent("environ"); });
  reads("read the host's map", [] { return of_parent("maps"); });
  reads("read the host's memory", [] { return of_parent("mem"); });
  reads("list the host's descriptors", [] { return of_parent("fd"); });
  reads("read /dev/kmsg", [] { return "/dev/kmsg"; });
  reads("open a terminal", [] { return "/dev/ptmx"; });
  all["write own memory"] = [](const std::string&) { return open_as("/proc/self/mem", O_RDWR); };
  all["write own library"] = [](const std::string&) { return open_as(own_library(), O_WRONLY); };
  all["make a file in own folder"] = [](const std::string&) {
    return open_as(own_library() + ".new", O_WRONLY | O_CREAT);
  };
  all["make a file in /tmp"] = [](const std::string&) { return open_as("/tmp", O_RDWR | O_TMPFILE); };
  all["openat2"] = [](const std::string&) { return raw(SYS_openat2, AT_FDCWD, "/", nullptr, 0); };
  all["truncate"] = [](const std::string&) { return raw(SYS_truncate, kNowhere, 0); };
  all["mkdirat"] = [](const std::string&) { return raw(SYS_mkdirat, AT_FDCWD, kNowhere, 0700); };
  all["unlinkat"] = [](const std::string&) { return raw(SYS_unlinkat, AT_FDCWD, kNowhere, 0); };
  all["renameat2"] = [](const std::string&) {
    return raw(SYS_renameat2, AT_FDCWD, kNowhere, AT_FDCWD, kNowhere, 0);
  };
  all["linkat"] = [](const std::string&) {
    return raw(SYS_linkat, AT_FDCWD, kNowhere, AT_FDCWD, kNowhere, 0);
  };
  all["symlinkat"] = [](const std::string&) { return raw(SYS_symlinkat, "/", AT_FDCWD, kNowhere); };
  all["mknodat"] = [](const std::string&) { return raw(SYS_mknodat, AT_FDCWD, kNowhere, S_IFCHR, 0); };
  all["fchmodat"] = [](const std::string&) { return raw(SYS_fchmodat, AT_FDCWD, kNowhere, 0777); };
  all["fchownat"] = [](const std::string&) { return raw(SYS_fchownat, AT_FDCWD, kNowhere, 0, 0, 0); };
  all["utimensat"] = [](const std::string&) { return raw(SYS_utimensat, AT_FDCWD, kNowhere, nullptr, 0); };
  all["setxattr"] = [](const std::string&) { return raw(SYS_setxattr, kNowhere, "user.x", "", 0, 0); };
  all["chdir"] = [](const std::string&) { return raw(SYS_chdir, "/"); };
  all["memfd_create"] = [](const std::string&) { return raw(SYS_memfd_create, "x", ~0u); };
  all["inotify_init1"] = [](const std::string&) { return raw(SYS_inotify_init1, ~0); };
  all["open_by_handle_at"] = [](const std::string&) { return raw(SYS_open_by_handle_at, -1, nullptr, 0); };
}

// Memory that no limit of the process covers.
void to_memory(std::map<std::string, Attempt>& all) {
  const auto maps = [&all](const char* name, int flags) {
    all[name] = [flags](const std::string&) {
      void* const got = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
      if (got == MAP_FAILED) return errno;
      ::munmap(got, 4096);
      return 0;
    };
  };
  maps("shared memory", MAP_SHARED);
  maps("memory that grows by itself", MAP_PRIVATE | MAP_GROWSDOWN);
  all["read /dev/zero"] = [](const std::string&) { return open_as("/dev/zero", O_RDONLY); };
}

void to_processes(std::map<std::string, Attempt>& all) {
#ifdef SYS_fork
  all["fork"] = [](const std::string&) { return child_of(::syscall(SYS_fork)); };
#endif
  all["clone"] = [](const std::string&) { return child_of(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); };
  all["clone3"] = [](const std::string&) { return raw(SYS_clone3, nullptr, 0); };
  all["execve"] = [](const std::string&) { return raw(SYS_execve, kNowhere, nullptr, nullptr); };
  all["execveat"] = [](const std::string&) {
    return raw(SYS_execveat, AT_FDCWD, kNowhere, nullptr, nullptr, 0);
  };
  all["ptrace"] = [](const std::string&) { return raw(SYS_ptrace, PTRACE_CONT, ::getppid(), 0, 0); };
  all["process_vm_readv"] = [](const std::string&) {
    return raw(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0);
  };
  all["process_vm_writev"] = [](const std::string&) {
    return raw(SYS_process_vm_writev, ::getppid(), nullptr, 0, nullptr, 0, 0);
  };
  all["kcmp"] = [](const std::string&) { return raw(SYS_kcmp, ::getpid(), ::getppid(), 0, 0, 0); };
  all["kill the host"] = [](const std::string&) { return raw(SYS_kill, ::getppid(), 0); };
  all["kill all"] = [](const std::string&) { return raw(SYS_kill, -1, 0); };
  all["tgkill the host"] = [](const std::string&) { return raw(SYS_tgkill, ::getppid(), ::getppid(), 0); };
  all["tkill the host"] = [](const std::string&) { return raw(SYS_tkill, ::getppid(), 0); };
  all["rt_sigqueueinfo"] = [](const std::string&) {
    return raw(SYS_rt_sigqueueinfo, ::getppid(), 0, nullptr);
  };
  all["pidfd_open"] = [](const std::string&) { return raw(SYS_pidfd_open, ::getppid(), 0); };
  all["pidfd_getfd"] = [](const std::string&) { return raw(SYS_pidfd_getfd, -1, 0, 0); };
  all["pidfd_send_signal"] = [](const std::string&) { return raw(SYS_pidfd_send_signal, -1, 0, nullptr, 0); };
  all["own a signal of the line"] = [](const std::string&) {
    return ::fcntl(kLine, F_SETOWN, ::getppid()) == 0 ? 0 : errno;
  };
  all["setpriority"] = [](const std::string&) { return raw(SYS_setpriority, PRIO_PROCESS, ::getppid(), 0); };
  all["sched_setaffinity"] = [](const std::string&) {
    return raw(SYS_sched_setaffinity, ::getppid(), 0, nullptr);
  };
  all["set the host's limits"] = [](const std::string&) {
    return raw(SYS_prlimit64, ::getppid(), RLIMIT_NOFILE, std::uintptr_t{1}, nullptr);
  };
  all["ask the host's limits"] = [](const std::string&) {
    return raw(SYS_prlimit64, ::getppid(), RLIMIT_NOFILE, nullptr, nullptr);
  };
  all["raise own limits"] = [](const std::string&) {
    return raw(SYS_prlimit64, 0, RLIMIT_NOFILE, std::uintptr_t{1}, nullptr);
  };
  all["outlive the host"] = [](const std::string&) { return raw(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0); };
  all["become dumpable"] = [](const std::string&) { return raw(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); };
  all["choose a tracer"] = [](const std::string&) {
    return raw(SYS_prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  };
  all["take over refusals"] = [](const std::string&) {
    return ::signal(SIGSYS, SIG_IGN) == SIG_ERR ? errno : 0;
  };
  all["take over refusals by a longer number"] = [](const std::string&) {
    return raw(SYS_rt_sigaction, (1L << 32) | SIGSYS, nullptr, nullptr, 8);
  };
  for (const auto& [name, number] : {std::pair("SIGKILL", SIGKILL), std::pair("SIGTERM", SIGTERM)}) {
    all[std::string("end itself by ") + name] = [number = number](const std::string&) {
      return raw(SYS_tgkill, ::getpid(), -1, number);
    };
  }
  all["clone into a space"] = [](const std::string&) {
    return raw(SYS_clone, CLONE_THREAD | CLONE_NEWUSER, 0, 0, 0, 0);
  };
  all["setsid"] = [](const std::string&) { return raw(SYS_setsid); };
  all["setuid"] = [](const std::string&) { return raw(SYS_setuid, 0); };
  all["setgid"] = [](const std::string&) { return raw(SYS_setgid, 0); };
  all["setgroups"] = [](const std::string&) { return raw(SYS_setgroups, 0, nullptr); };
  all["capset"] = [](const std::string&) { return raw(SYS_capset, nullptr, nullptr); };
}

void to_network(std::map<std::string, Attempt>& all) {
  const auto opens = [&all](const char* name, int family, int type, int protocol) {
    all[name] = [=](const std::string&) { return raw(SYS_socket, family, type, protocol); };
  };
  opens("a TCP socket", AF_INET, SOCK_STREAM, 0);
  opens("a UDP socket", AF_INET, SOCK_DGRAM, 0);
  opens("a raw socket", AF_INET, SOCK_RAW, 1);
  opens("a TCP socket of IPv6", AF_INET6, SOCK_STREAM, 0);
  opens("a UDP socket of IPv6", AF_INET6, SOCK_DGRAM, 0);
  opens("a Unix socket", AF_UNIX, SOCK_STREAM, 0);
  opens("a netlink socket", AF_NETLINK, SOCK_RAW, 0);
  opens("a packet socket", AF_PACKET, SOCK_RAW, 0);
  opens("a socket of the hypervisor", AF_VSOCK, SOCK_STREAM, 0);
  opens("a socket of kernel cryptography", AF_ALG, SOCK_SEQPACKET, 0);
  all["socketpair"] = [](const std::string&) {
    return raw(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr);
  };
  all["connect"] = [](const std::string&) { return raw(SYS_connect, kLine, nullptr, 0); };
  all["bind"] = [](const std::string&) { return raw(SYS_bind, kLine, nullptr, 0); };
  all["listen"] = [](const std::string&) { return raw(SYS_listen, kLine, 1); };
  all["accept4"] = [](const std::string&) { return raw(SYS_accept4, kLine, nullptr, nullptr, 0); };
  all["io_uring_setup"] = [](const std::string&) { return raw(SYS_io_uring_setup, 0, nullptr); };
}

void to_kernel(std::map<std::string, Attempt>& all) {
  all["bpf"] = [](const std::string&) { return raw(SYS_bpf, 0, nullptr, 0); };
  all["perf_event_open"] = [](const std::string&) { return raw(SYS_perf_event_open, nullptr, 0, 0, -1, 0); };
  all["userfaultfd"] = [](const std::string&) { return raw(SYS_userfaultfd, ~0); };
  all["mount"] = [](const std::string&) { return raw(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr); };
  all["umount2"] = [](const std::string&) { return raw(SYS_umount2, kNowhere, 0); };
  all["unshare"] = [](const std::string&) { return raw(SYS_unshare, CLONE_NEWUSER); };
  all["setns"] = [](const std::string&) { return raw(SYS_setns, -1, 0); };
  all["chroot"] = [](const std::string&) { return raw(SYS_chroot, kNowhere); };
  all["pivot_root"] = [](const std::string&) { return raw(SYS_pivot_root, kNowhere, kNowhere); };
  all["add_key"] = [](const std::string&) { return raw(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); };
  all["request_key"] = [](const std::string&) { return raw(SYS_request_key, nullptr, nullptr, nullptr, 0); };
  all["keyctl"] = [](const std::string&) { return raw(SYS_keyctl, ~0, 0, 0, 0, 0); };
  all["init_module"] = [](const std::string&) { return raw(SYS_init_module, nullptr, 0, nullptr); };
  all["finit_module"] = [](const std::string&) { return raw(SYS_finit_module, -1, nullptr, 0); };
  all["kexec_load"] = [](const std::string&) { return raw(SYS_kexec_load, 0, ~0ul, nullptr, ~0ul); };
  all["reboot"] = [](const std::string&) { return raw(SYS_reboot, 0, 0, 0, nullptr); };
  all["swapon"] = [](const std::string&) { return raw(SYS_swapon, kNowhere, 0); };
  all["sethostname"] = [](const std::string&) { return raw(SYS_sethostname, nullptr, -1); };
  all["clock_settime"] = [](const std::string&) { return raw(SYS_clock_settime, 0, nullptr); };
  all["adjtimex"] = [](const std::string&) { return raw(SYS_adjtimex, nullptr); };
  all["syslog"] = [](const std::string&) { return raw(SYS_syslog, 10, nullptr, 0); };
  all["personality"] = [](const std::string&) { return raw(SYS_personality, 0xffffffffu); };
  all["acct"] = [](const std::string&) { return raw(SYS_acct, kNowhere); };
  all["shmget"] = [](const std::string&) { return raw(SYS_shmget, 0, 0, 0); };
  all["semget"] = [](const std::string&) { return raw(SYS_semget, 0, 0, 0); };
  all["msgctl"] = [](const std::string&) { return raw(SYS_msgctl, -1, 0, nullptr); };
  all["mq_open"] = [](const std::string&) { return raw(SYS_mq_open, "nonexistent", 0, 0, nullptr); };
  all["type into a terminal"] = [](const std::string&) { return raw(SYS_ioctl, 2, TIOCSTI, "x"); };
#ifdef SYS_iopl
  all["iopl"] = [](const std::string&) { return raw(SYS_iopl, 0); };
#endif
}

}  // namespace

const std::map<std::string, Attempt>& attempts() {
  static const auto* const all = [] {
    auto* made = new std::map<std::string, Attempt>;
    to_files(*made);
    to_memory(*made);
    to_processes(*made);
    to_network(*made);
    to_kernel(*made);
    return made;
  }();
  return *all;
}

}  // namespace hostile
