#include "domain/settings/settings.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::domain::settings {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string kLimit = "SimultaneousChats";

class SettingsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  template <class T>
  static T wait(asio::awaitable<T> work) {
    asio::io_context io;
    auto done = asio::co_spawn(io, std::move(work), asio::use_future);
    io.run();
    return done.get();
  }
  // "domain.settings.number /value"
  static std::string refusal(asio::awaitable<Setting> work) {
    try {
      wait(std::move(work));
    } catch (const Error& error) {
      std::string out(error.text().id());
      for (const auto& one : error.diagnostics()) out += " " + one.path + " " + one.summary.english();
      return out;
    }
    return "none";
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  int changes = 0;
  Settings settings{*store, clock, ids, log::Logger::none(), [this] { ++changes; }};
  Settings other{*store, clock, ids, log::Logger::none(), {}};
};

PB_ON_BOTH_DATABASES(SettingsTest);

TEST_P(SettingsTest, are_as_they_come_until_somebody_changes_them) {  // SET-1
  EXPECT_EQ(settings.number(kLimit), 5);
  EXPECT_FALSE(settings.get(kLimit).updated_at);
  const auto changed = wait(settings.set(kLimit, 8, "user:ana"));
  EXPECT_EQ(changed.value, 8);
  EXPECT_EQ(changed.updated_by, "user:ana");
  EXPECT_EQ(settings.number(kLimit), 8) << "at once";
  wait(settings.set(kLimit, nullptr, "user:ana"));
  EXPECT_EQ(settings.number(kLimit), 5);
  EXPECT_EQ(changes, 2);
}

TEST_P(SettingsTest, another_host_follows) {  // SET-3
  wait(settings.set(kLimit, 8, "user:ana"));
  EXPECT_EQ(other.number(kLimit), 5);
  wait(other.read());
  EXPECT_EQ(other.number(kLimit), 8);
  wait(settings.read());
  EXPECT_EQ(changes, 1) << "what is known already is no change";
}

TEST_P(SettingsTest, refuse_what_cannot_be) {
  for (const json& wrong : {json(0), json(1001), json(1.5), json("8"), json(true)})
    EXPECT_EQ(refusal(settings.set(kLimit, wrong, "x")),
              "domain.refused /value must be a whole number from 1 to 1000");
  EXPECT_EQ(refusal(settings.set("SimultaneousChat", 1, "x")), "domain.settings.unknown_nearest");
  EXPECT_EQ(changes, 0);
}

TEST_P(SettingsTest, changes_are_in_the_audit_log_with_old_and_new) {  // SET-3, ACC-5
  wait(settings.set(kLimit, 8, "user:ana"));
  wait(settings.set(kLimit, 8, "user:ben"));
  wait(settings.set(kLimit, nullptr, "user:ben"));
  store->read_now([](store::Session& session) {
    const auto rows = session.query("select actor, object, detail from audit order by id");
    ASSERT_EQ(rows.size(), 2U) << "the same again is no change";
    EXPECT_EQ(rows[0].text(1), "setting:SimultaneousChats");
    EXPECT_EQ(json::parse(rows[0].text(2)), json({{"old", 5}, {"new", 8}}));
    EXPECT_EQ(rows[1].text(0), "user:ben");
    EXPECT_EQ(json::parse(rows[1].text(2)), json({{"old", 8}, {"new", 5}}));
  });
}

TEST_P(SettingsTest, each_has_a_default_that_it_may_have) {
  for (const auto& one : definitions()) {
    EXPECT_EQ(find_definition(one.code), &one);
    EXPECT_EQ(refusal(settings.set(std::string(one.code), one.standard, "x")), "none") << one.code;
    EXPECT_TRUE(one.title.is_known() && one.about.is_known()) << one.code;
  }
}

}  // namespace
}  // namespace patchbay::domain::settings
