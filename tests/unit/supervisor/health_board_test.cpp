// HOST-8.
#include "supervisor/health_board.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "plugin/integrations.hpp"
#include "support/databases.hpp"

namespace patchbay::supervisor {
namespace {

namespace asio = boost::asio;

class HealthBoardTest : public ::testing::TestWithParam<support::Database> {
 protected:
  HealthBoardTest() {
    store_->write_now([](store::Session& session) {
      for (const Id id : {1, 2}) {
        session.exec(
            "insert into hosts(id, name, slot, version, address, joined_at) values(:id, :name, :slot, '1', "
            "'', "
            "0)",
            {id, "host " + std::to_string(id), id});
      }
      plugin::Integration integration;
      integration.id = 9;
      plugin::Integrations().insert(session, integration);
    });
  }
  ~HealthBoardTest() override { wait(fleet_.stop()); }

  template <class T>
  T wait(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    io_.restart();
    io_.run();
    return future.get();
  }
  std::unique_ptr<HealthBoard> make(bool is_shared) {
    return std::make_unique<HealthBoard>(HealthBoard::Parts{clock_, ids_, *store_, fleet_, "host 1",
                                                            is_shared, [](Id id) { return id == 9; },
                                                            log::Logger::none()});
  }
  void tell(const std::string& host, const std::string& body) {
    store_->write_now([&](store::Session& session) {
      session.exec("insert into health(host, body) values(:host, :body)", {host, body});
    });
  }
  Change change(Id integration, Condition condition, std::string reason = {}) {
    Change made;
    made.integration = integration;
    made.at = clock_.now();
    made.condition = condition;
    made.reason = std::move(reason);
    made.version = "1.2.3";
    return made;
  }
  std::vector<std::string> states(HealthBoard& board, Id integration) {
    std::vector<std::string> out;
    const auto history = wait(board.history(integration, 0, 100));
    if (!history) return {"unknown"};
    for (const auto& one : *history) out.push_back(one.state + one.reason);
    return out;
  }

  asio::io_context io_;
  ManualClock clock_{TimePoint{std::chrono::milliseconds(1'700'000'000'000)}};
  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
  IdMint ids_{clock_};
  std::unique_ptr<port::Spawner> spawner_ = std::make_unique<port::Spawner>();
  Fleet fleet_{Fleet::Options(io_.get_executor(), clock_, *spawner_, log::Logger::none())};
};
PB_ON_BOTH_DATABASES(HealthBoardTest);

using Words = std::vector<std::string>;

TEST_P(HealthBoardTest, KeepsWhatBecameOfInstancesButNotOfTrialsAndStarts) {
  const auto board = make(false);
  board->note(change(9, Condition::starting));
  board->note(change(9, Condition::ready));
  board->note(change(-9, Condition::failed));
  board->note(change(9, Condition::waiting, " by signal 11"));
  wait(board->stop());
  wait(board->stop());  // nothing twice
  EXPECT_EQ(states(*board, 9), (Words{"waiting by signal 11", "ready"}));
  EXPECT_EQ(states(*board, -9), (Words{"unknown"}));
}

TEST_P(HealthBoardTest, ShowsWhatLivingHostsTellOfTheirOwn) {
  tell("host 1", R"([{"integration": "9", "state": "of a former life"}])");
  tell("host 2", R"([{"integration": "8", "state": "ready"}, {"integration": "9", "state": "was there"}])");
  tell("host 3", R"([{"integration": "7", "state": "its host is dead"}])");
  const auto board = make(true);
  const auto all = wait(board->all());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].integration, 8);
  EXPECT_EQ(nlohmann::json::parse(all[0].json).at("state"), "ready");
}

TEST_P(HealthBoardTest, TakesItsOwnOffTheBoardInTheEnd) {
  tell("host 1", "[]");
  tell("host 2", "[]");
  wait(make(true)->stop());
  const auto left = store_->read_now(
      [](store::Session& session) { return session.query("select host from health").at(0).text(0); });
  EXPECT_EQ(left, "host 2");
}

}  // namespace
}  // namespace patchbay::supervisor
