#include "store/host_lock.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostLockTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::unique_ptr<HostLock> acquire(milliseconds patience = seconds(5)) {
    return std::make_unique<HostLock>(HostLock::path_for(database.url(), folder / ""), patience);
  }

  support::FreshDatabase database{GetParam()};
  support::TempFolder folder;
};
PB_ON_BOTH_DATABASES(HostLockTest);

TEST_P(HostLockTest, refuses_a_second_host) {
  const auto first = acquire();
  try {
    acquire(milliseconds(100));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::conflict);
    EXPECT_EQ(error.text().id(), "store.second_host");
  }
}

TEST_P(HostLockTest, is_free_again_when_its_holder_stops) {
  acquire().reset();
  EXPECT_NO_THROW(acquire(milliseconds(1000)));
}

TEST_P(HostLockTest, is_free_again_when_its_holder_is_killed) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = acquire();
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THROW(acquire(milliseconds(0)), Error);
  ::kill(child, SIGKILL);
  EXPECT_NO_THROW(acquire());
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_P(HostLockTest, does_not_disturb_the_store) {
  const auto held = acquire();
  const auto store = database.open();
  EXPECT_NO_THROW(
      store->write_now([](Session& s) { s.exec("insert into settings_kv(name, value) values ('a', 'b')"); }));
}

}  // namespace
}  // namespace patchbay::store
