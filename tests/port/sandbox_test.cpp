// A plugin that tries to get out of its worker (HOST-6, bar 15).
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "port/subject.hpp"

namespace patchbay::test {
namespace {

const Subject kHostile("hostile", "hostile", true);

// The kernel did not even look at what was asked.
bool is_denied(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS;
}

class Journal {
 public:
  port::Journal writer() {
    return [this](int, const std::string& text) {
      const std::lock_guard lock(mutex_);
      text_ += text + "\n";
    };
  }
  bool says(const std::string& part) {
    return eventually([&] {
      const std::lock_guard lock(mutex_);
      return text_.find(part) != text_.npos;
    });
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

int attempt(Bench& bench, const std::string& name, const std::string& file = "/etc/passwd") {
  const auto said = body_of(bench.call("hostile/1:attempt", {{"attempt", name}, {"file", file}}));
  return said.value("errno", -1);
}

TEST(Sandbox, DeniesEveryWayOut) {
  Journal journal;
  Bench bench(kHostile, journal.writer());
  const auto all = body_of(bench.call("hostile/1:attempt", {{"attempt", "list"}})).at("attempts");
  EXPECT_GE(all.size(), 100u);
  for (const std::string name : all) {
#ifdef __SANITIZE_THREAD__
    // ThreadSanitizer keeps handlers itself: it would take this one over without asking the kernel.
    if (name == "take over refusals") continue;
#endif
    const auto error = attempt(bench, name);
    EXPECT_TRUE(is_denied(error)) << name << ": " << (error == 0 ? "went through" : std::strerror(error));
  }
  EXPECT_TRUE(journal.says("refused: socket"));
  std::printf("sandbox: %zu ways out, each denied\n", all.size());
}

// A journal takes fifty lines a second from a worker, so what is said is asked for one by one.
TEST(Sandbox, RefusalsAreLogged) {
  for (const std::string name : {"ptrace", "execve", "mount", "unlinkat"}) {
    Journal journal;
    Bench bench(kHostile, journal.writer());
    EXPECT_TRUE(is_denied(attempt(bench, name)));
    EXPECT_TRUE(journal.says("refused: " + name)) << name;
  }
}

TEST(Sandbox, HidesTheStoreAndTheKeyOfTheHost) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("state" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  Bench bench(kHostile);
  for (const auto* name : {"patchbay.db", "vault.key"}) {
    std::ofstream(folder / name) << "secret";
    for (const auto* way : {"read the file", "write the file", "append to the file"})
      EXPECT_TRUE(is_denied(attempt(bench, way, folder / name))) << way << " " << name;
  }
  std::filesystem::remove_all(folder);
}

TEST(Sandbox, LeavesThePluginItsOwnFolder) {
  Bench bench(kHostile);
  EXPECT_EQ(attempt(bench, "read the file", library_of(kHostile).replace_filename("plugin.json")), 0);
}

// Else the tests above would show nothing.
TEST(Sandbox, IsWhatDenies) {
  Machine machine;
  const auto port = open_without_sandbox(machine, kHostile);
  const auto instance = machine.run(port->open("hostile", std::make_shared<FakeHost>()));
  for (const std::string name :
       {"read /etc/passwd", "read while it is opened", "a TCP socket", "clone", "bind", "chroot"}) {
    port::Call call("hostile/1:attempt", port::Message(json{{"attempt", name}}.dump()));
    EXPECT_FALSE(is_denied(body_of(machine.run(instance->call(std::move(call)))).at("errno"))) << name;
  }
  machine.run(instance->close());
}

}  // namespace
}  // namespace patchbay::test
