#include "system_calls.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <system_error>

namespace patchbay::worker {
namespace {

constexpr scmp_datum_t kWord = 0xffffffff;  // the part of an argument that the kernel looks at

constexpr scmp_datum_t kSpaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// By number; for the handler, which may call nothing. Names of libseccomp, kept for ever.
constexpr int kNamed = 512;
const char* names[kNamed] = {};

void name_them() {
  for (int number = 0; number < kNamed; ++number)
    names[number] = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

// The kernel has refused a call: what it answers is written where its result belongs. In the thread that
// called; only what signals may call is called here.
void refused(int, siginfo_t* info, void* context) {
  char line[96] = "refused: ";
  char* end = line + std::strlen(line);
  const int number = info->si_syscall;
  const char* name =
      number >= 0 && number < kNamed && names[number] != nullptr ? names[number] : "an unknown system call";
  while (*name != '\0' && end < line + sizeof line - 2) *end++ = *name++;
  *end++ = '\n';
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  registers.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
  registers.regs[0] = static_cast<unsigned long long>(-EPERM);
#else
#error "say where this machine keeps the result of a system call"
#endif
  if (::write(2, line, static_cast<std::size_t>(end - line)) < 0) return;  // nobody listens any more
}

void listen_for_refusals() {
  struct sigaction action {};
  action.sa_sigaction = refused;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  ::sigaction(SIGSYS, &action, nullptr);
}

// Of argument `number`, from 0.
scmp_arg_cmp is(unsigned number, scmp_datum_t value) {
  return {number, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned number, scmp_datum_t mask, scmp_datum_t value) {
  return {number, SCMP_CMP_MASKED_EQ, mask, value};
}

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_TRAP), &::seccomp_release) {
    if (!context_) throw std::bad_alloc();
    check(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  }

  void allow(std::initializer_list<int> calls) {
    for (const int call : calls) check(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, call, 0));
  }
  // Only with arguments as stated.
  void allow(int call, std::initializer_list<scmp_arg_cmp> arguments) {
    const auto count = static_cast<unsigned>(arguments.size());
    check(::seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, count, arguments.begin()));
  }
  // Refused without a word: whoever asks knows what to do without.
  void answer(int call, int error) {
    check(::seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), call, 0));
  }
  void load() { check(::seccomp_load(context_.get())); }

 private:
  static void check(int result) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), "filter of system calls");
  }

  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
};

void allow_memory_and_threads(Filter& filter) {
  filter.allow({SCMP_SYS(brk),
                SCMP_SYS(munmap),
                SCMP_SYS(mremap),
                SCMP_SYS(mprotect),
                SCMP_SYS(madvise),
                SCMP_SYS(mincore),
                SCMP_SYS(membarrier),
                SCMP_SYS(futex),
                SCMP_SYS(futex_waitv),
                SCMP_SYS(set_robust_list),
                SCMP_SYS(rseq),
                SCMP_SYS(set_tid_address),
                SCMP_SYS(arch_prctl),
                SCMP_SYS(gettid),
                SCMP_SYS(getpid),
                SCMP_SYS(getppid),
                SCMP_SYS(sched_yield),
                SCMP_SYS(sched_getaffinity),
                SCMP_SYS(sched_getparam),
                SCMP_SYS(sched_getscheduler),
                SCMP_SYS(getcpu),
                SCMP_SYS(exit),
                SCMP_SYS(exit_group)});
  // Memory that belongs to the process is counted as its own, and limited; shared memory without a file is
  // neither.
  filter.allow(SCMP_SYS(mmap), {masked(3, MAP_SHARED | MAP_GROWSDOWN, 0)});
  filter.allow(SCMP_SYS(mmap), {masked(3, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, MAP_SHARED)});
  // A thread, not a process, and in no space of its own. clone3 keeps its flags where a filter cannot look;
  // libc then falls back on clone.
  filter.allow(SCMP_SYS(clone), {masked(0, CLONE_THREAD | kSpaces, CLONE_THREAD)});
  filter.answer(SCMP_SYS(clone3), ENOSYS);
  for (const auto what : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE})
    filter.allow(SCMP_SYS(prctl), {is(0, static_cast<scmp_datum_t>(what))});
  filter.answer(SCMP_SYS(sched_setscheduler), EPERM);
}

void allow_signals_to_itself(Filter& filter) {
  filter.allow({SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending),
                SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack),
                SCMP_SYS(restart_syscall), SCMP_SYS(pause)});
  // Whoever refuses keeps its handler. One by one: the kernel looks at 32 bits of the number only, a
  // comparison at 64.
  for (scmp_datum_t number = 1; number < static_cast<scmp_datum_t>(_NSIG); ++number)
    if (number != SIGSYS) filter.allow(SCMP_SYS(rt_sigaction), {is(0, number)});
  // Not those that somebody else would send to end it: they do not count against the plugin.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  for (int number = 0; number < _NSIG; ++number) {
    if (number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP) continue;
    filter.allow(SCMP_SYS(kill), {is(0, self), is(1, static_cast<scmp_datum_t>(number))});
    filter.allow(SCMP_SYS(tgkill), {is(0, self), is(2, static_cast<scmp_datum_t>(number))});
  }
}

void allow_descriptors(Filter& filter) {
  filter.allow({SCMP_SYS(read),
                SCMP_SYS(readv),
                SCMP_SYS(pread64),
                SCMP_SYS(preadv),
                SCMP_SYS(preadv2),
                SCMP_SYS(write),
                SCMP_SYS(writev),
                SCMP_SYS(pwrite64),
                SCMP_SYS(pwritev),
                SCMP_SYS(lseek),
                SCMP_SYS(close),
                SCMP_SYS(close_range),
                SCMP_SYS(dup),
                SCMP_SYS(dup2),
                SCMP_SYS(dup3),
                SCMP_SYS(pipe),
                SCMP_SYS(pipe2),
                SCMP_SYS(eventfd),
                SCMP_SYS(eventfd2),
                SCMP_SYS(timerfd_create),
                SCMP_SYS(timerfd_settime),
                SCMP_SYS(timerfd_gettime),
                SCMP_SYS(epoll_create),
                SCMP_SYS(epoll_create1),
                SCMP_SYS(epoll_ctl),
                SCMP_SYS(epoll_wait),
                SCMP_SYS(epoll_pwait),
                SCMP_SYS(epoll_pwait2),
                SCMP_SYS(poll),
                SCMP_SYS(ppoll),
                SCMP_SYS(select),
                SCMP_SYS(pselect6)});
  // Sockets that it was given: its line to the host, connections that the host made for it.
  filter.allow({SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendmsg),
                SCMP_SYS(sendmmsg), SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
                SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt)});
  for (const auto request : {FIONREAD, FIONBIO, FIOCLEX, TCGETS})
    filter.allow(SCMP_SYS(ioctl), {masked(1, kWord, static_cast<scmp_datum_t>(request))});
  for (const auto command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL})
    filter.allow(SCMP_SYS(fcntl), {masked(1, kWord, static_cast<scmp_datum_t>(command))});
}

void allow_reading_files(Filter& filter) {
  filter.allow({SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
                SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
                SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
                SCMP_SYS(getcwd), SCMP_SYS(fadvise64), SCMP_SYS(readahead)});
  constexpr scmp_datum_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  filter.allow(SCMP_SYS(open), {masked(1, kWrites, O_RDONLY)});
  filter.allow(SCMP_SYS(openat), {masked(2, kWrites, O_RDONLY)});
  filter.answer(SCMP_SYS(openat2), ENOSYS);
}

void allow_looking_around(Filter& filter) {
  filter.allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
                SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
                SCMP_SYS(getrusage), SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo),
                SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit),
                SCMP_SYS(getpriority)});
  // Asks for its own, sets nothing.
  filter.allow(SCMP_SYS(prlimit64), {is(0, 0), is(2, 0)});
}

}  // namespace

bool filter_system_calls() {
  std::uint32_t action = SECCOMP_RET_TRAP;
  if (::syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) return false;
  name_them();
  listen_for_refusals();
  Filter filter;
  allow_memory_and_threads(filter);
  allow_signals_to_itself(filter);
  allow_descriptors(filter);
  allow_reading_files(filter);
  allow_looking_around(filter);
  filter.load();
  return true;
}

}  // namespace patchbay::worker
