// service_filter ALLOWED PROGRAM [ARGUMENT...]: runs the program under the filters that systemd would give a
// service: SystemCallFilter= (the calls in the file ALLOWED, one name a line, those that this machine does
// not know left out; the rest answers EPERM), MemoryDenyWriteExecute=, RestrictNamespaces= and
// RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX.
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>

namespace {

void check(int result) {
  if (result >= 0) return;
  std::fprintf(stderr, "service_filter: error %d of libseccomp\n", -result);
  std::exit(1);
}

void deny(scmp_filter_ctx filter, int call, std::initializer_list<scmp_arg_cmp> arguments) {
  check(::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, static_cast<unsigned>(arguments.size()),
                                 arguments.begin()));
}

void allow_listed(const char* file) {
  auto* const filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
  std::ifstream names(file);
  int count = 0;
  for (std::string name; std::getline(names, name);) {
    const int call = ::seccomp_syscall_resolve_name(name.c_str());
    if (call < 0 || ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) < 0) continue;
    ++count;
  }
  if (count < 100) check(-ENOENT);
  check(::seccomp_load(filter));
}

void deny_the_rest() {
  auto* const filter = ::seccomp_init(SCMP_ACT_ALLOW);
  constexpr scmp_datum_t kBoth = PROT_WRITE | PROT_EXEC;
  deny(filter, SCMP_SYS(mmap), {SCMP_A2(SCMP_CMP_MASKED_EQ, kBoth, kBoth)});
  deny(filter, SCMP_SYS(mprotect), {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)});
  deny(filter, SCMP_SYS(setns), {});
  constexpr int kSpaces[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                             CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
  for (const int space : kSpaces) {
    const auto flag = static_cast<scmp_datum_t>(space);
    deny(filter, SCMP_SYS(unshare), {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
    deny(filter, SCMP_SYS(clone), {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)});
  }
  deny(filter, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_GT, AF_INET6)});
  for (scmp_datum_t family = AF_INET + 1; family < AF_INET6; ++family)
    deny(filter, SCMP_SYS(socket), {SCMP_A0(SCMP_CMP_EQ, family)});
  check(::seccomp_load(filter));
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 64;
  deny_the_rest();
  allow_listed(words[1]);
  ::execv(words[2], words + 2);
  std::perror(words[2]);
  return 1;
}
