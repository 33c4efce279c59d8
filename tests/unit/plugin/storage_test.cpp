#include "plugin/storage.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::plugin {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Id kOwn = 7;

class StorageTest : public ::testing::TestWithParam<support::Database> {
 protected:
  // ok, or why not.
  Code charge(std::int64_t bytes) {
    std::optional<Code> code;
    asio::co_spawn(io_, storage_.charge(kOwn, bytes), [&code](std::exception_ptr failed) {
      try {
        if (failed) std::rethrow_exception(failed);
        code = Code::ok;
      } catch (const Error& error) {
        code = error.code();
      }
    });
    run_until([&code] { return code.has_value(); });
    return *code;
  }
  template <class Done>
  void run_until(Done done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < until) {
      io_.restart();
      io_.run_for(2ms);
    }
    ASSERT_TRUE(done());
  }

  asio::io_context io_;
  ManualClock clock_{TimePoint(Duration(0))};
  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
  std::int64_t waiting_ = 0;
  int counts_ = 0;
  std::vector<bool> told_;
  Storage storage_{{clock_,
                    *store_,
                    100'000,
                    {store::BlobUse("message_attachments", "blob")},
                    [this](store::Session&, Id) {
                      ++counts_;
                      return waiting_;
                    },
                    [this](Id, const std::optional<Text>& full) { told_.push_back(full.has_value()); }}};
};
PB_ON_BOTH_DATABASES(StorageTest);

TEST_P(StorageTest, IsCountedOnlyWhereItMayBeFullAndNotTooOften) {  // HOST-5
  for (int i = 0; i < 100; ++i) ASSERT_EQ(charge(1'000), Code::ok);
  EXPECT_EQ(counts_, 1);
  waiting_ = 100'000;
  clock_.advance(5s);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(charge(1'000), Code::rate_limited);
  EXPECT_EQ(counts_, 2);
  EXPECT_EQ(told_, std::vector<bool>{true}) << "once";
  waiting_ = 50'000;
  EXPECT_EQ(charge(1'000), Code::rate_limited);
  clock_.advance(5s);
  EXPECT_EQ(charge(1'000), Code::ok);
  EXPECT_EQ(told_, (std::vector<bool>{true, false}));
}

TEST_P(StorageTest, TellsWhenThereIsRoomAgainThoughNobodyAsks) {  // HOST-5
  asio::cancellation_signal stop;
  bool ended = false;
  asio::co_spawn(io_, storage_.run(),
                 asio::bind_cancellation_slot(stop.slot(), [&ended](std::exception_ptr) { ended = true; }));
  waiting_ = 100'000;
  EXPECT_EQ(charge(1), Code::rate_limited);
  clock_.advance(10s);
  run_until([this] { return counts_ == 2; });
  EXPECT_EQ(told_, std::vector<bool>{true});
  waiting_ = 0;
  // It sleeps anew once it has looked.
  run_until([this] {
    clock_.advance(10s);
    return told_.size() == 2;
  });
  EXPECT_FALSE(told_.back());
  stop.emit(asio::cancellation_type::terminal);
  run_until([&ended] { return ended; });
}

}  // namespace
}  // namespace patchbay::plugin
