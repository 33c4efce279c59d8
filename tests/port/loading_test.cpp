// Libraries that are no good plugins are refused with a reason for their author, in either mode (HOST-3).
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "port/subject.hpp"

namespace patchbay::test {
namespace {

class BadLibrary : public testing::TestWithParam<bool> {
 protected:
  std::string refusal(const std::filesystem::path& library,
                      const port::Expected& expected = port::Expected("odd", "0.1.0")) {
    try {
      open(library, expected);
    } catch (const Error& error) {
      return error.what();
    }
    return "opened";
  }

  std::shared_ptr<port::Port> open(const std::filesystem::path& library, const port::Expected& expected) {
    if (GetParam()) {
      port::RemoteOptions options(worker_path(), library, expected, machine_.context.get_executor(),
                                  machine_.clock);
      options.start_limit = 3s;
      return machine_.run(port::start_remote(machine_.spawner, std::move(options)));
    }
    port::LocalOptions options(library, expected, machine_.context.get_executor(), machine_.clock);
    return port::open_local(std::move(options));
  }

  Machine machine_;
};

TEST_P(BadLibrary, ThatIsMissingIsNamed) {
  EXPECT_NE(refusal("/nonexistent/odd.so").find("odd.so is not there"), std::string::npos);
}

TEST_P(BadLibrary, ThatIsTextIsNoLibrary) {
  const auto path = std::filesystem::path(testing::TempDir()) / (GetParam() ? "text_r.so" : "text_l.so");
  std::ofstream(path) << "#!/bin/sh\n";
  EXPECT_NE(refusal(path).find("not a shared library"), std::string::npos);
  std::filesystem::remove(path);
}

TEST_P(BadLibrary, WithoutTheEntryNamesTheSymbol) {
  EXPECT_NE(refusal(odd_library("no_entry")).find("does not export patchbay_plugin_v0"), std::string::npos);
}

TEST_P(BadLibrary, ThatMissesASymbolNamesIt) {
  EXPECT_NE(refusal(odd_library("missing_symbol")).find("\"frobnicate_the_widget\""), std::string::npos);
}

TEST_P(BadLibrary, ForAnotherContractNamesBoth) {
  const auto said = refusal(odd_library("wrong_abi"));
  EXPECT_NE(said.find("contract 7"), std::string::npos) << said;
  EXPECT_NE(said.find("speaks 0"), std::string::npos) << said;
}

TEST_P(BadLibrary, OfAnotherVersionThanItsManifestNamesBoth) {
  const auto said = refusal(odd_library("other_descriptor"));
  EXPECT_NE(said.find("\"9.9.9\""), std::string::npos) << said;
  EXPECT_NE(said.find("\"0.1.0\""), std::string::npos) << said;
}

TEST_P(BadLibrary, OfAnotherSdkThanItsManifestNamesBoth) {
  const auto said = refusal(odd_library("other_sdk"), port::Expected("odd", "0.1.0", "0.0"));
  EXPECT_NE(said.find("sdk \"9.9\""), std::string::npos) << said;
  EXPECT_NE(said.find("\"0.0\""), std::string::npos) << said;
}

TEST_P(BadLibrary, WithABrokenDescriptorIsRefused) {
  EXPECT_NE(refusal(odd_library("broken_descriptor")).find("not a JSON object"), std::string::npos);
}

TEST_P(BadLibrary, ThatExportsMoreIsRefusedInTheHostOnly) {
  const auto said = refusal(odd_library("exports_more"));
  if (GetParam()) {
    EXPECT_EQ(said, "opened");
  } else {
    EXPECT_NE(said.find("\"json_parse\""), std::string::npos) << said;
  }
}

TEST_P(BadLibrary, WhoseCreateFailsIsSaid) {
  const auto port = open(odd_library("create_fails"), port::Expected("odd", "0.1.0"));
  EXPECT_THROW(machine_.run(port->open("odd", std::make_shared<FakeHost>())), Error);
}

TEST_P(BadLibrary, WhoseCreateThrowsIsSaid) {
  const auto port = open(odd_library("throw_in_create"), port::Expected("odd", "0.1.0"));
  const auto host = std::make_shared<FakeHost>();
  EXPECT_THROW(machine_.run(port->open("odd", host)), Error);
  EXPECT_TRUE(host->hears("an exception left the plugin's create"));
}

TEST_P(BadLibrary, WhoseEntryThrowsIsSaid) {
  EXPECT_NE(refusal(odd_library("throw_in_entry")).find("its entry function"), std::string::npos);
}

TEST_P(BadLibrary, WithATableThatLacksFunctionsIsSaid) {
  const auto port = open(odd_library("short_table"), port::Expected("odd", "0.1.0"));
  EXPECT_THROW(machine_.run(port->open("odd", std::make_shared<FakeHost>())), Error);
}

// The contract grows by appending: entry and table longer than this host knows.
TEST_P(BadLibrary, OfALaterContractWorks) {
  const auto port = open(odd_library("long_table"), port::Expected("odd", "0.1.0"));
  const auto host = std::make_shared<FakeHost>();
  const auto instance = machine_.run(port->open("odd", host));
  const auto result = machine_.run(instance->call(port::Call("pb.lifecycle/1:health", port::Message("{}"))));
  EXPECT_EQ(result.message.json, R"({"way":"answered"})");
  machine_.run(instance->close());
}

TEST_P(BadLibrary, ThatCallsTheHostInsideCreateIsToldNo) {
  const auto port = open(odd_library("calls_in_create"), port::Expected("odd", "0.1.0"));
  const auto host = std::make_shared<FakeHost>();
  const auto instance = machine_.run(port->open("odd", host));
  EXPECT_TRUE(host->hears("inside create"));
  machine_.run(instance->close());
}

INSTANTIATE_TEST_SUITE_P(Port, BadLibrary, testing::Bool(),
                         [](const auto& each) { return each.param ? "in_a_worker" : "in_the_host"; });

// A worker that this process has started, or 0.
int worker_of_ours() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    int pid = 0;
    int parent = 0;
    std::string name;
    std::string state;
    if (stat >> pid >> name >> state >> parent && name == "(patchbay-worker)" && parent == ::getpid())
      return pid;
  }
  return 0;
}

class BadConstructor : public testing::Test {
 protected:
  std::string refusal(const std::string& way, Duration limit = 30s) {
    port::RemoteOptions options(worker_path(), odd_library(way), port::Expected("odd", "0.1.0"),
                                machine_.context.get_executor(), machine_.clock);
    options.start_limit = limit;
    try {
      machine_.run(port::start_remote(machine_.spawner, std::move(options)));
    } catch (const Error& error) {
      fault_ = port::fault_of(error);
      return error.what();
    }
    return "opened";
  }
  Machine machine_;
  std::optional<port::Fault> fault_;
};

TEST_F(BadConstructor, ThatCrashesEndsItsWorkerOnly) {
  const auto said = refusal("crash_on_load");
  EXPECT_EQ(fault_, port::Fault::plugin);
  EXPECT_NE(said.find("signal 6"), std::string::npos) << said;
}

TEST_F(BadConstructor, IsNotBlamedForAWorkerThatSomebodyKilled) {
  auto refused = std::async(std::launch::async, [this] { return refusal("hang_on_load"); });
  ASSERT_TRUE(eventually([] { return worker_of_ours() != 0; }));
  signal_process(worker_of_ours(), SIGKILL);
  EXPECT_NE(refused.get().find("signal 9"), std::string::npos);
  EXPECT_EQ(fault_, port::Fault::accident);
}

// Not in the host: the loader would keep its lock. Libraries are opened in a worker first.
TEST_F(BadConstructor, ThatThrowsIsSaid) {
  const auto said = refusal("throw_on_load");
#ifdef PB_SANITIZED
  const char* words = "terminate called";  // the exception does not get past the sanitizer's own runtime
#else
  const char* words = "static constructors";
#endif
  EXPECT_NE(said.find(words), std::string::npos) << said;
}

TEST_F(BadConstructor, ThatHangsIsKilledAfterTheStartLimit) {
  const auto said = refusal("hang_on_load", 1s);
  EXPECT_NE(said.find("did not start within 1 seconds"), std::string::npos) << said;
}

#ifdef PB_TEST_LIBCXX_SHARED
TEST(ForeignRuntime, IsRefusedInTheHostAndNamed) {
  Machine machine;
  port::LocalOptions options(odd_library("needs_libcxx"), port::Expected("odd", "0.1.0"),
                             machine.context.get_executor(), machine.clock);
  try {
    port::open_local(std::move(options));
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("libc++.so"), std::string::npos) << error.what();
  }
}
#endif

TEST(Worker, StartedByHandSaysWhatItIs) {
  EXPECT_EQ(std::system((worker_path().string() + " 2>/dev/null").c_str()) >> 8, 64);
}

}  // namespace
}  // namespace patchbay::test
