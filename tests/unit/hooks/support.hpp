#pragma once

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "hooks/counters.hpp"
#include "hooks/inbox_committer.hpp"
#include "hooks/key_sets.hpp"
#include "hooks/route_table.hpp"
#include "store/store.hpp"
#include "support/fake_http.hpp"

namespace patchbay::hooks {

inline const TimePoint kStart{std::chrono::milliseconds(1'800'000'000'000)};

// An io_context that runs on a thread of its own.
class Loop {
 public:
  Loop() : guard_(io.get_executor()), thread_([this] { io.run(); }) {}
  ~Loop() { finish(); }

  // Ends the thread; what is posted from now on does not run.
  void finish() {
    if (!thread_.joinable()) return;
    guard_.reset();
    thread_.join();
  }

  // Runs a coroutine to its end and gives its result, or throws what it threw.
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return boost::asio::co_spawn(io, std::move(task), boost::asio::use_future).get();
  }
  template <class T>
  std::future<T> start(boost::asio::awaitable<T> task) {
    return boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
  }

  boost::asio::io_context io;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

inline InboxRow make_row(Id integration, std::string lane, std::optional<std::string> key,
                         std::string body = "{}") {
  InboxRow row;
  row.integration = integration;
  row.plugin = "echo";
  row.route = "update";
  row.lane = std::move(lane);
  row.dedupe_key = std::move(key);
  row.request = R"({"method":"POST","path":"/hooks/echo/)" + to_string_id(integration) +
                R"(/update","query":"","headers":{}})";
  row.body = std::move(body);
  row.received_at = kStart.time_since_epoch().count();
  row.verdict = "verified";
  return row;
}

inline std::int64_t count(store::Store& store, const std::string& from_where) {
  return store.read_now([&](store::Session& session) {
    return session.query_one("select cast(count(*) as bigint) from " + from_where)->integer(0);
  });
}

// The route "update" of integration 7: a secret header, lane by /chat, unique by /id.
// What is counted once it is committed may be seen in the database before.
template <class Counter>
::testing::AssertionResult comes_to(const Counter& counter, std::uint64_t wanted) {
  for (int i = 0; i < 2000 && counter != wanted; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (counter == wanted) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << counter << " instead of " << wanted;
}

inline Mount echo_mount(Id integration = 7) {
  plugin::RouteSpec spec;
  spec.id = "update";
  spec.verify = R"({"type":"header-equals","header":"x-token","secret":"secret:hook"})";
  spec.order = {"/chat"};
  spec.dedupe = {"/id"};
  spec.body_limit = 1000;
  Mount mount(integration, "echo", [](const std::string&) { return std::vector<std::string>{"s3cret"}; });
  mount.add(std::move(spec));
  return mount;
}

inline Request echo_request(std::string body, std::string token = "s3cret") {
  Request request("POST", "/hooks/echo/7/update");
  request.headers = {{"x-token", std::move(token)}, {"content-type", "application/json"}};
  request.body = std::move(body);
  return request;
}

}  // namespace patchbay::hooks
