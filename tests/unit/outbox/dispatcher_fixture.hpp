#pragma once

#include "outbox/dispatcher.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "outbox/queue.hpp"
#include "plugin/pauses.hpp"
#include "support/databases.hpp"
#include "unit/outbox/lossy_store.hpp"

namespace patchbay::outbox {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr Id kBot = 7;
constexpr Id kOther = 8;

// Answers as told, and remembers what it was asked.
class FakeCaller final : public plugin::Caller {
 public:
  explicit FakeCaller(Clock& clock) : clock_(clock) {}

  asio::awaitable<port::Result> call(Id integration, port::Call call) override {
    auto request = json::parse(call.message.json);
    auto text = request.value("text", "?");
    asked.push_back(call.method.substr(13) + ":" + text);
    keys.push_back(request.value("idempotency_key", ""));
    ++running;
    most = std::max(most, running);
    traces.push_back(call.trace);
    bool cancelled = false;
    try {
      if (hold.count() > 0) co_await clock_.sleep(hold);
    } catch (const boost::system::system_error&) {
      if (!when_cancelled) throw;
      cancelled = true;
    }
    --running;
    if (cancelled) co_return *when_cancelled;
    if (integration == kOther) co_return ok();
    const auto found = answers.find(call.method.substr(13) == "lookup" ? "lookup" : text);
    if (found == answers.end() || found->second.empty()) co_return ok();
    auto result = found->second.front();
    found->second.erase(found->second.begin());
    co_return result;
  }
  static port::Result ok() { return port::Result(port::Message(R"({"provider_ids": ["1"]})")); }
  std::string all() const {
    std::string text;
    for (const auto& item : asked) text += item + " ";
    return text;
  }

  std::map<std::string, std::vector<port::Result>> answers;  // by text, in order; then ok
  std::vector<std::string> asked;
  std::vector<std::string> keys;
  std::vector<std::string> traces;
  std::optional<port::Result> when_cancelled;  // nothing: never answers then
  Duration hold{0};
  int running = 0;
  int most = 0;

 private:
  Clock& clock_;
};

class FakeChannels final : public Channels {
 public:
  FakeChannels(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  asio::awaitable<std::optional<Channel>> find(Id integration) override {
    Channel channel(open, manifest);
    channel.grant = grant;
    channel.profile = profile;
    channel.paused_until = store_.read_now([&](store::Session& session) {
      return plugin::paused_until(session, integration, clock_.now().time_since_epoch().count());
    });
    co_return channel;
  }
  std::optional<Id> grant;
  std::optional<Id> profile;
  bool open = true;
  std::string manifest = R"({"idempotency": "none"})";

 private:
  store::Store& store_;
  const Clock& clock_;
};

class FakeEffects final : public Effects {
 public:
  std::optional<std::string> request(store::Session&, const Item& item) override {
    auto request = json::parse(item.payload);
    request["idempotency_key"] = item.idempotency_key;
    return request.dump();
  }
  std::string conversation(store::Session&, const Item& item) override { return item.lane; }
  void apply(store::Session& session, const Item& item, const Outcome& outcome) override {
    if (!outcome.moved_to.empty()) move_lane(session, item.integration, item.lane, outcome.moved_to);
  }
  void signed_out(Id integration, const port::Result&) override { out.push_back(integration); }
  std::vector<Id> out;
};

class DispatcherTest : public ::testing::TestWithParam<support::Database> {
 protected:
  DispatcherTest() { begin(); }
  ~DispatcherTest() override { end(); }

  void begin() {
    Dispatcher::Options options(clock, lossy, caller, channels, effects);
    options.jitter = [] { return 0.0; };
    options.owned = &owned;
    dispatcher = std::make_unique<Dispatcher>(io.get_executor(), options, log::Logger::none());
    dispatcher->start();
  }
  void end() {
    bool stopped = false;
    asio::co_spawn(io, stop(stopped), asio::detached);
    run([&] { return stopped; });
    dispatcher.reset();
  }
  asio::awaitable<void> stop(bool& stopped) {
    const Duration grace(0);
    co_await dispatcher->stop(grace);
    stopped = true;
  }

  // One part of the message `message`; announced.
  Id put(const std::string& text, const std::string& lane = "a", Id integration = kBot, Id message = 0,
         int parts = 1, const std::string& kind = "private", const std::string& trace = "") {
    Item item;
    item.trace = trace;
    item.id = next_id++;
    item.integration = integration;
    item.lane = lane;
    item.kind = kind;
    if (message > 0) item.message = message;
    item.part = parts > 1 ? static_cast<int>(item.id % 10) : 0;
    item.parts = parts;
    item.idempotency_key = "k" + std::to_string(item.id);
    item.payload = json({{"text", text}}).dump();
    store->write_now([&](store::Session& session) { enqueue(session, item); });
    dispatcher->wake(item);
    return item.id;
  }
  // Runs until `done`; the time that it may take is real, the dispatcher's stands still.
  template <class F>
  ::testing::AssertionResult run(F done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return ::testing::AssertionFailure() << caller.all();
      io.restart();
      io.run_for(2ms);
    }
    return ::testing::AssertionSuccess();
  }
  // Moves time on until `done`; how far does not matter.
  template <class F>
  ::testing::AssertionResult eventually(F done) {
    return run([&] {
      if (done()) return true;
      clock.advance(100ms);
      return false;
    });
  }
  // Moves time in small steps until `done`, at most `limit`.
  template <class F>
  ::testing::AssertionResult pass(Duration limit, F done) {
    for (Duration passed{0}; passed < limit && !done(); passed += 100ms) {
      clock.advance(100ms);
      for (int i = 0; i < 5 && !done(); ++i) {
        io.restart();
        io.run_for(1ms);
      }
    }
    if (done()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << caller.all();
  }
  bool asked(std::size_t count) const { return caller.asked.size() >= count; }
  std::string state(Id item) {
    return store->read_now([&](store::Session& session) -> std::string {
      const auto row = session.query_one("select state from outbox where id = :id", {item});
      return row ? row->text(0) : "gone";
    });
  }
  ::testing::AssertionResult becomes(Id item, const std::string& wanted) {
    return run([&] { return state(item) == wanted; });
  }
  ::testing::AssertionResult is_put_off(Id item) {
    const auto written = run([&] {
      return store->read_now([&](store::Session& session) {
        return session.query_one("select not_before from outbox where id = :id", {item})->integer(0) > 0;
      });
    });
    for (int i = 0; i < 10; ++i) {  // the dispatcher hears of its commit a moment after everybody else can
      io.restart();
      io.run_for(2ms);
    }
    return written;
  }
  static std::vector<port::Result> results(std::initializer_list<port::Result> list) { return list; }
  static port::Result failing(Code code, const char* detail = "", Duration retry = Duration{0}) {
    return port::Result(code, "why", retry, port::Message(detail));
  }

  asio::io_context io;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  LossyStore lossy{*store};
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  FakeCaller caller{clock};
  FakeChannels channels{*store, clock};
  FakeEffects effects;
  Id next_id = 100;
  cluster::Owned owned;  // all, unless a test says otherwise
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace patchbay::outbox
