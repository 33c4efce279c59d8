#include "store/store.hpp"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "store/announcements.hpp"
#include "support/databases.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::store {
namespace {

namespace asio = boost::asio;

class StoreTest : public ::testing::TestWithParam<support::Database> {
 protected:
  StoreTest() {
    store->write_now([](Session& s) {
      s.script(
          "create table counters(id bigint primary key, value bigint not null);"
          "insert into counters values (1, 0)");
    });
  }

  static std::int64_t value(Session& s) {
    return s.query_one("select value from counters where id = 1")->integer(0);
  }
  static void increase(Session& s) { s.exec("update counters set value = value + 1 where id = 1"); }
  std::int64_t value() {
    return store->read_now([](Session& s) { return value(s); });
  }

  template <class T>
  T run(asio::awaitable<T> task) {
    auto result = asio::co_spawn(io, std::move(task), asio::use_future);
    io.restart();
    io.run();
    return result.get();
  }

  asio::io_context io;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<Store> store = database.open_empty();
};
PB_ON_BOTH_DATABASES(StoreTest);

void increase_in(Session& s) {
  s.exec("update counters set value = value + 1 where id = 1");
}

asio::awaitable<std::int64_t> increase_and_read(Store& store) {
  auto write = [](Session& s) { s.exec("update counters set value = value + 1 where id = 1"); };
  co_await store.write(std::move(write));
  auto read = [](Session& s) { return s.query_one("select value from counters where id = 1")->integer(0); };
  co_return co_await store.read(std::move(read));
}

TEST_P(StoreTest, serves_coroutines) {
  EXPECT_EQ(run(increase_and_read(*store)), 1);
}

asio::awaitable<bool> resumes_on(Store& store, std::thread::id* worker) {
  const auto me = std::this_thread::get_id();
  auto work = [worker](Session&) { *worker = std::this_thread::get_id(); };
  co_await store.write(std::move(work));
  co_return std::this_thread::get_id() == me;
}

TEST_P(StoreTest, works_on_its_own_thread_and_resumes_the_caller_on_its_executor) {
  std::thread::id worker;
  EXPECT_TRUE(run(resumes_on(*store, &worker)));
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST_P(StoreTest, rolls_back_when_the_work_throws) {
  const auto broken = [this] {
    store->write_now([](Session& s) {
      increase(s);
      throw std::runtime_error("no");
    });
  };
  EXPECT_THROW(broken(), std::runtime_error);
  EXPECT_EQ(value(), 0);
}

TEST_P(StoreTest, refuses_writes_in_a_read) {
  EXPECT_THROW(store->read_now([](Session& s) { increase(s); }), Error);
  EXPECT_EQ(value(), 0);
}

TEST_P(StoreTest, reads_one_snapshot) {
  store->read_now([this](Session& s) {
    EXPECT_EQ(value(s), 0);
    std::thread([this] { store->write_now([](Session& w) { increase(w); }); }).join();
    EXPECT_EQ(value(s), 0);
  });
  EXPECT_EQ(value(), 1);
}

TEST_P(StoreTest, loses_no_write_of_many_threads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 25; ++i) store->write_now([](Session& s) { increase(s); });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(value(), 100);
}

// The command line opens the same file while the host runs (N20).
TEST_P(StoreTest, shares_the_database_with_another_store) {
  const auto other = database.open_empty();
  other->write_now([](Session& s) { increase(s); });
  store->write_now([](Session& s) { increase(s); });
  EXPECT_EQ(other->read_now([](Session& s) { return value(s); }), 2);
}

asio::awaitable<void> write_one(Store& store, std::int64_t id, bool fail, std::atomic<int>* refused) {
  auto work = [id, fail](Session& s) {
    s.exec("insert into counters(id, value) values (:id, 0)", {id});
    if (fail) s.exec("insert into counters(id, value) values (:id, 0)", {id});
  };
  try {
    co_await store.write(std::move(work));
  } catch (const Error& error) {
    *refused += error.code() == Code::conflict ? 1 : 100;
  }
}

// On SQLite these share commits.
TEST_P(StoreTest, undoes_only_the_work_that_failed_among_many_that_wait) {
  std::atomic<int> refused = 0;
  for (std::int64_t id = 2; id <= 201; ++id) {
    asio::co_spawn(io, write_one(*store, id, id % 10 == 0, &refused), asio::use_future);
  }
  io.run();
  EXPECT_EQ(refused, 20);
  const auto rows =
      store->read_now([](Session& s) { return s.query("select id from counters where id > 1"); });
  EXPECT_EQ(rows.size(), 180U);
}

TEST_P(StoreTest, ends_what_it_was_given_before_it_goes) {
  std::atomic<int> refused = 0;
  for (std::int64_t id = 2; id <= 51; ++id)
    asio::co_spawn(io, write_one(*store, id, false, &refused), asio::use_future);
  io.poll();
  store.reset();
  io.run();
  store = database.open_empty();
  const auto rows =
      store->read_now([](Session& s) { return s.query("select id from counters where id > 1"); });
  EXPECT_EQ(rows.size(), 50U);
}

TEST(StoreOpen, refuses_a_url_that_it_does_not_understand) {
  for (const char* url : {"", "sqlite:", "mysql://x", "/some/path"}) {
    Store::Options options;
    options.url = url;
    EXPECT_THROW(Store::open(options, log::Logger::none()), Error) << url;
  }
}

TEST(StoreOpen, says_that_the_database_is_away) {
  support::TempFolder folder;
  for (const auto& url : {"sqlite:" + folder / "missing/x.db", "postgresql://me@/db?host=" + folder.path()}) {
    Store::Options options;
    options.url = url;
    try {
      Store::open(options, log::Logger::none());
      FAIL() << url;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_EQ(error.text().id(), "store.unavailable");
      EXPECT_GT(error.retry_after().count(), 0);
    }
  }
}

asio::awaitable<void> write_much(Store& store, std::atomic<int>* full) {
  auto work = [](Session& s) {
    s.exec("insert into t(data) values (:data)", {Bytes(std::string(200'000, 'x'))});
  };
  try {
    co_await store.write(std::move(work));
  } catch (const Error& error) {
    *full += error.code() == Code::unavailable && error.retry_after().count() > 0 ? 1 : 100;
  }
}

// OPS-9
TEST(StoreSqlite, says_that_it_is_full_and_goes_on_when_there_is_space) {
  asio::io_context io;
  const support::FreshDatabase database(support::Database::sqlite);
  const auto store = database.open_empty();
  store->write_now([](Session& s) { s.script("create table t(data bytea)"); });
  store->write_now([](Session& s) { s.script("pragma max_page_count = 200"); });
  std::atomic<int> full = 0;
  for (int i = 0; i < 10; ++i) asio::co_spawn(io, write_much(*store, &full), asio::use_future);
  io.run();
  const auto stored = [&] {
    return store->read_now([](Session& s) { return s.query("select 1 from t"); }).size();
  };
  EXPECT_EQ(full, 6);  // 200 pages hold 4 rows
  EXPECT_EQ(stored(), 4U);
  store->write_now([](Session& s) { s.script("pragma max_page_count = 100000"); });
  store->write_now([](Session& s) { s.exec("insert into t(data) values (:data)", {Bytes("x")}); });
  EXPECT_EQ(stored(), 5U);
}

TEST(StoreSqlite, says_soon_that_another_process_does_not_let_go) {
  const support::FreshDatabase database(support::Database::sqlite);
  const auto store = database.open_empty();
  const auto other = database.open_empty();
  std::promise<void> enough;
  std::promise<void> held;
  std::thread holder([&] {
    other->write_now([&](Session&) {
      held.set_value();
      enough.get_future().wait();
    });
  });
  held.get_future().wait();
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> writers;
  std::atomic<int> told{0};
  for (int i = 0; i < 10; ++i) {
    writers.emplace_back([&] {
      try {
        store->write_now([](Session&) {});
      } catch (const Error& error) {
        told += error.code() == Code::unavailable ? 1 : 0;
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  EXPECT_EQ(told, 10);
  enough.set_value();
  holder.join();
  store->write_now([](Session&) {});
}

TEST(StoreSqlite, keeps_its_files_private) {
  const support::FreshDatabase database(support::Database::sqlite);
  const auto store = database.open();
  struct stat info {};
  for (const char* end : {"", "-wal", "-shm"}) {
    ASSERT_EQ(::stat((database.url().substr(7) + end).c_str(), &info), 0) << end;
    EXPECT_EQ(info.st_mode & 077, 0U) << end;
  }
}

// OPS-9
TEST(StorePostgresql, recovers_by_itself_after_the_server_went_away) {
  const support::FreshDatabase database(support::Database::postgresql);
  const auto store = database.open_empty();
  store->write_now([](Session& s) { s.script("create table t(id bigint)"); });
  auto& server = support::PostgresServer::shared();
  server.stop();
  EXPECT_THROW(store->write_now([](Session& s) { s.exec("insert into t values (1)"); }), Error);
  server.start();
  store->write_now([](Session& s) { s.exec("insert into t values (2)"); });
  server.stop();
  server.start();
  store->write_now([](Session& s) { s.exec("insert into t values (3)"); });  // the connection had gone stale
  const auto rows = store->read_now([](Session& s) { return s.query("select id from t"); });
  EXPECT_EQ(rows.size(), 2U);
}

TEST(StorePostgresql, repeats_the_victim_of_a_deadlock) {
  const support::FreshDatabase database(support::Database::postgresql);
  const auto store = database.open_empty();
  store->write_now([](Session& s) {
    s.script("create table t(id bigint, n bigint); insert into t values (1, 0), (2, 0)");
  });
  std::atomic<int> met = 0;
  std::atomic<int> runs = 0;
  const auto cross = [&](std::int64_t first, std::int64_t second) {
    store->write_now([&, first, second](Session& s) {
      ++runs;
      s.script("set local deadlock_timeout = '20ms'");
      s.exec("update t set n = n + 1 where id = :id", {first});
      for (++met; met < 2;) std::this_thread::yield();
      s.exec("update t set n = n + 1 where id = :id", {second});
    });
  };
  std::thread other([&] { cross(2, 1); });
  cross(1, 2);
  other.join();
  EXPECT_GE(runs, 3);
  const auto rows = store->read_now([](Session& s) { return s.query("select n from t"); });
  for (const auto& row : rows) EXPECT_EQ(row.integer(0), 2);
}

TEST_P(StoreTest, TellsOfWhatCommittedTransactionsAnnounced) {
  std::atomic<int> heard = 0;
  listen(*store, "increased", [&] { ++heard; });
  store->write_now([](Session& s) {
    increase(s);
    announce(s, "increased");
    announce(s, "increased");
    announce(s, "nobody listens");
  });
  EXPECT_EQ(heard, 1);
  EXPECT_THROW(store->write_now([](Session& s) {
    announce(s, "increased");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  store->write_now(increase);
  EXPECT_EQ(heard, 1) << "what was rolled back is told by nobody";
}

asio::awaitable<void> announce_unless(Store& store, bool fails) {
  auto work = [fails](Session& s) {
    increase_in(s);
    announce(s, "increased");
    if (fails) throw std::runtime_error("no");
  };
  co_await store.write(std::move(work));
}

// On SQLite those that wait share a commit.
TEST_P(StoreTest, TellsOfThoseOfAGroupThatStand) {
  std::atomic<int> heard = 0;
  listen(*store, "increased", [&] { ++heard; });
  std::vector<std::future<void>> all;
  for (int i = 0; i < 40; ++i)
    all.push_back(asio::co_spawn(io, announce_unless(*store, true), asio::use_future));
  io.run();
  for (auto& one : all) EXPECT_THROW(one.get(), std::runtime_error);
  EXPECT_EQ(heard, 0);
  run(announce_unless(*store, false));
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace patchbay::store
