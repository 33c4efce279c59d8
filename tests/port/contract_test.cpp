// What holds for every plugin in either mode (SDK-1, HOST-5): gcc, clang, libc++ and plain C, in the host and
// in a worker.
#include "port/subject.hpp"

namespace patchbay::test {
namespace {

class AnyPlugin : public testing::TestWithParam<Subject> {
 protected:
  Bench bench{GetParam()};
};

TEST_P(AnyPlugin, SaysWhoItIs) {
  const auto& hello = bench.port->hello();
  EXPECT_EQ(hello.abi_major, 0u);
  EXPECT_FALSE(hello.built_with.empty());
  EXPECT_EQ(json::parse(hello.descriptor).at("id"), GetParam().id);
}

TEST_P(AnyPlugin, LivesFromConfigureToStop) {
  const json settings = {{"account", "a"}, {"api_base", ""}};
  const json configure = {{"integration", {{"id", "7"}, {"name", "n"}}},
                          {"settings", settings},
                          {"secrets", json::array()},
                          {"site_url", ""},
                          {"routes", json::object()},
                          {"locale", "en"},
                          {"host", {{"version", "0.1.0"}, {"extensions", {"pb.http/1"}}}}};
  EXPECT_EQ(bench.call("pb.lifecycle/1:configure", configure).code, Code::ok);
  const auto check = bench.call("pb.lifecycle/1:check");
  EXPECT_EQ(check.code, Code::ok) << check.text;
  EXPECT_TRUE(body_of(check).contains("identity"));
  EXPECT_EQ(bench.call("pb.lifecycle/1:start").code, Code::ok);
  const json message = {
      {"message_id", "1"}, {"idempotency_key", "k"}, {"conversation", {{"id", "c"}}}, {"text", "hello"}};
  const auto sent = bench.call("pb.channel/1:send", message);
  EXPECT_EQ(sent.code, Code::ok) << sent.text;
  EXPECT_TRUE(body_of(sent).contains("provider_ids"));
  EXPECT_EQ(bench.call("pb.lifecycle/1:stop").code, Code::ok);
}

TEST_P(AnyPlugin, RefusesAVerbThatItDoesNotKnow) {
  EXPECT_EQ(bench.call("pb.telepathy/1:think").code, Code::unsupported);
}

TEST_P(AnyPlugin, IsDestroyedWithoutEverBeingStarted) {
  bench.destroy();
}

TEST_P(AnyPlugin, RunsManyInstancesAtOnce) {
  std::vector<std::shared_ptr<port::Instance>> others;
  for (int i = 0; i < 10; ++i)
    others.push_back(bench.machine.run(bench.port->open(GetParam().id, bench.host)));
  for (auto& other : others) {
    std::swap(bench.instance, other);
    EXPECT_EQ(bench.call("pb.telepathy/1:think").code, Code::unsupported);
    std::swap(bench.instance, other);
    bench.machine.run(other->close());
  }
}

TEST_P(AnyPlugin, RefusesCallsAfterItWasClosed) {
  const auto instance = bench.instance;
  bench.close();
  bench.instance = instance;
  EXPECT_EQ(bench.call("pb.lifecycle/1:health").code, Code::unavailable);
}

std::vector<Subject> good_plugins() {
  std::vector<Subject> subjects;
  for (const bool remote : {false, true}) {
    subjects.emplace_back("echo", "echo", remote);
    subjects.emplace_back("misbehave", "misbehave", remote);
#ifdef PB_TEST_PLAIN_C_GCC
    subjects.emplace_back("plain_c_gcc", "plain-c", remote);
#endif
#ifdef PB_TEST_PLAIN_C_CLANG
    subjects.emplace_back("plain_c_clang", "plain-c", remote);
#endif
  }
#ifdef PB_TEST_LIBCXX
  subjects.emplace_back("echo_clang_libcxx", "echo", true);
#endif
  return subjects;
}

INSTANTIATE_TEST_SUITE_P(Port, AnyPlugin, testing::ValuesIn(good_plugins()), subject_name);

}  // namespace
}  // namespace patchbay::test
