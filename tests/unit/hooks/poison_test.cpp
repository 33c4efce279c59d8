// The dispatcher over a real fleet and the plugin that misbehaves: what one webhook may do to a plugin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/trace.hpp"
#include "fakes.hpp"
#include "hooks/dispatcher.hpp"
#include "port/support.hpp"
#include "supervisor/fleet.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

boost::asio::awaitable<port::Result> start(std::shared_ptr<port::Instance> instance) {
  port::Call call("pb.lifecycle/1:start", port::Message("{}"));
  auto started = instance->call(std::move(call));
  co_return co_await std::move(started);
}

class PoisonTest : public ::testing::Test {
 protected:
  PoisonTest() {
    auto manifest = std::make_shared<plugin::Manifest>();
    manifest->id = "misbehave";
    manifest->version = "0.1.0";
    manifest->artefact = test::plugin_library("misbehave");
    machine.run(fleet.run(supervisor::Spec(7, manifest, host, start)));
    committer.on_stored([this](std::vector<InboxRow> rows) { dispatcher.accepted(std::move(rows)); });
  }
  ~PoisonTest() override {
    committer.stop();
    machine.run(dispatcher.stop());
    machine.run(fleet.stop());
  }

  supervisor::Fleet::Options fleet_options() {
    supervisor::Fleet::Options made(machine.context.get_executor(), machine.clock, machine.spawner,
                                    log::Logger::none());
    made.worker = test::worker_path();
    made.overdue_grace = 100ms;
    return made;
  }
  Dispatcher::Options dispatcher_options() {
    Dispatcher::Options made;
    made.call_timeout = 1s;
    made.first_wait = 100ms;
    return made;
  }
  void put(const std::string& body) {
    auto row = make_row(7, "chat", {}, body);
    row.trace = Trace::make().traceparent();
    machine.run(committer.put(std::move(row)));
  }
  bool becomes(const std::string& from_where, std::int64_t wanted) {
    return test::eventually([&] { return count(*store, from_where) == wanted; });
  }
  supervisor::Health health() { return machine.run(fleet.health()).at(0); }
  std::string reason() {
    return store->read_now([](store::Session& session) {
      return session.query_one("select reason from inbox where state = 'dead'")->text(0);
    });
  }

  test::Machine machine;
  support::FreshDatabase database{support::Database::sqlite};
  std::unique_ptr<store::Store> store = database.open();
  std::shared_ptr<test::FakeHost> host = std::make_shared<test::FakeHost>();
  IdMint mint{machine.clock};
  FakeSink sink{*store};
  Counters counters;
  supervisor::Fleet fleet{fleet_options()};
  InboxCommitter committer{*store, mint, machine.context.get_executor(), counters, log::Logger::none()};
  EffectCommitter effects{EffectCommitter::Parts(*store, sink, mint, machine.clock),
                          machine.context.get_executor(), counters, log::Logger::none()};
  Dispatcher dispatcher{Dispatcher::Parts(*store, machine.clock, fleet, effects, counters),
                        machine.context.get_executor(), log::Logger::none(), dispatcher_options()};
};

TEST_F(PoisonTest, webhook_that_ends_its_worker_twice_is_a_dead_letter_and_the_lane_goes_on) {
  dispatcher.start();
  put(R"({"misbehave":"crash"})");
  put("{}");
  EXPECT_TRUE(becomes("inbox where state = 'done'", 1));
  EXPECT_THAT(reason(), HasSubstr("twice"));
  EXPECT_EQ(health().restarts, 2u);
  EXPECT_EQ(health().condition, supervisor::Condition::ready);
}

TEST_F(PoisonTest, webhook_that_hangs_twice_is_a_dead_letter_and_the_lane_goes_on) {
  dispatcher.start();
  put(R"({"misbehave":"hang"})");
  put("{}");
  EXPECT_TRUE(becomes("inbox where state = 'done'", 1));
  EXPECT_THAT(reason(), HasSubstr("twice"));
  EXPECT_EQ(health().restarts, 2u);
}

TEST_F(PoisonTest, webhook_that_crashes_after_it_acted_is_a_dead_letter_too) {
  host->has_acted = true;
  dispatcher.start();
  put(R"({"misbehave":"crash"})");
  EXPECT_TRUE(becomes("inbox where state = 'dead'", 1));
  EXPECT_EQ(health().restarts, 2u);
}

}  // namespace
}  // namespace patchbay::hooks
