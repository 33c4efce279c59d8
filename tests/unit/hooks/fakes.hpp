#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "hooks/event_sink.hpp"
#include "plugin/caller.hpp"
#include "support.hpp"

namespace patchbay::hooks {

// Plays every plugin: answers by a function, remembers what it was asked.
class FakeCaller final : public plugin::Caller {
 public:
  using Answer = std::function<port::Result(Id integration, const std::string& body)>;

  // One event a request, whose key is the body.
  static port::Result one_event(Id, const std::string& body) {
    const nlohmann::json event = {{"type", "test.seen"}, {"dedupe_key", body}, {"data", {{"body", body}}}};
    return port::Result(port::Message(nlohmann::json{{"events", {event}}}.dump()));
  }

  boost::asio::awaitable<port::Result> call(Id integration, port::Call call) override {
    std::string body = call.message.blobs.at(0);
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(body);
      calls_.push_back(call);
      most_ = std::max(most_, ++running_);
    }
    // Comes back later, as a real one does.
    auto executor = co_await boost::asio::this_coro::executor;
    for (int i = 0; i < 3 || (most_at_once() < gathered && i < 1'000'000); ++i)
      co_await boost::asio::post(executor, boost::asio::use_awaitable);
    auto result = answer_(integration, body);
    const std::lock_guard lock(mutex_);
    --running_;
    co_return result;
  }

  std::atomic<int> gathered{0};  // so many calls have to be open at once before one comes back

  void answer(Answer answer) { answer_ = std::move(answer); }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  port::Call last_call() const {
    const std::lock_guard lock(mutex_);
    return calls_.back();
  }
  int most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  mutable std::mutex mutex_;
  Answer answer_ = one_event;
  std::vector<std::string> asked_;
  std::vector<port::Call> calls_;
  int running_ = 0;
  int most_ = 0;
};

// Keeps effects in a table, in order, inside the given transaction.
class FakeSink final : public EventSink {
 public:
  explicit FakeSink(store::Store& store) : store_(store) {
    store.write_now([](store::Session& session) {
      session.script(
          "create table if not exists effects(n bigint primary key, integration bigint, body text)");
    });
  }
  void apply(store::Session& session, const std::vector<Arrived>& events) override {
    for (const auto& [integration, event] : events) apply_one(session, integration, *event);
  }
  void apply_one(store::Session& session, Id integration, const Event& event) {
    const auto body = nlohmann::json::parse(event.data).value("body", "");
    {
      const std::lock_guard lock(mutex_);
      traces_.push_back(event.trace);
    }
    if (body == "refuse") throw Error(Code::invalid, Text::verbatim("never"));
    if (body == "break") throw Error(Code::internal, Text::verbatim("broken"));
    session.exec(
        "insert into effects(n, integration, body) "
        "select cast(coalesce(max(n), 0) + 1 as bigint), cast(:i as bigint), cast(:b as text) from effects",
        {integration, body});
  }
  void committed(const std::vector<Id>& integrations) override {
    const std::lock_guard lock(mutex_);
    commits_.insert(commits_.end(), integrations.begin(), integrations.end());
  }

  std::vector<std::string> effects() {
    return store_.read_now([](store::Session& session) {
      std::vector<std::string> bodies;
      for (const auto& row : session.query("select body from effects order by n"))
        bodies.push_back(row.text(0));
      return bodies;
    });
  }
  std::vector<std::string> traces() const {
    const std::lock_guard lock(mutex_);
    return traces_;
  }
  std::vector<Id> commits() const {
    const std::lock_guard lock(mutex_);
    return commits_;
  }

 private:
  store::Store& store_;
  mutable std::mutex mutex_;
  std::vector<Id> commits_;
  std::vector<std::string> traces_;
};

}  // namespace patchbay::hooks
