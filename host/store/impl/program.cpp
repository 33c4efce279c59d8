#include "store/impl/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/error.hpp"
#include "store/impl/temporary_file.hpp"

namespace patchbay::store {
namespace {

constexpr std::size_t kLongestReason = 500;

Error failed(const std::string& program, std::string why) {
  while (!why.empty() && why.back() == '\n') why.pop_back();
  if (why.size() > kLongestReason) why = why.substr(why.size() - kLongestReason);
  return Error(Code::unavailable, Text("store.program", {{"program", program}, {"why", why}}));
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

std::string run_program(const std::vector<std::string>& argv,
                        const std::map<std::string, std::string>& environment) {
  // Into files: nobody reads them while it runs, and pipes would fill.
  TemporaryFile output;
  TemporaryFile errors;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output.fd(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.fd(), STDERR_FILENO);
  auto words = argv;
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    // The first of a name counts, so ours must be the only one.
    const std::string variable(*each);
    if (!environment.contains(variable.substr(0, variable.find('=')))) variables.push_back(variable);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv.front().c_str(), &actions, nullptr, pointers(words).data(),
                                   pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw failed(argv.front(), std::generic_category().message(error));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw failed(argv.front(), errors.read());
  return output.read();
}

}  // namespace patchbay::store
