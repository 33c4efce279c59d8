#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "faults/full.hpp"
#include "hooks/dispatcher.hpp"
#include "hooks/ingress.hpp"
#include "outbox/dispatcher.hpp"
#include "outbox/queue.hpp"
#include "store/migrate.hpp"
#include "unit/hooks/fakes.hpp"

namespace patchbay::faults {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Every event is answered: its effect and what is to be sent commit together.
class ReplyingSink final : public hooks::EventSink {
 public:
  ReplyingSink(store::Store& store, IdMint& mint) : effects_(store), mint_(mint) {}
  void apply(store::Session& session, const std::vector<hooks::Arrived>& events) override {
    effects_.apply(session, events);
    for (const auto& [integration, event] : events) {
      outbox::Item item;
      item.id = mint_.next();
      item.integration = integration;
      item.lane = std::to_string(item.id % 16);
      item.idempotency_key = event->dedupe_key;
      // So that even a short run fills SQLite's log.
      item.payload = '"' + std::string(is_full() ? 500 : 8000, 'x') + '"';
      outbox::enqueue(session, item);
    }
  }
  void committed(const std::vector<Id>&) override {}

 private:
  hooks::FakeSink effects_;
  IdMint& mint_;
};

// The channel that replies go to: tells which left the house.
class Channel final : public plugin::Caller, public outbox::Channels, public outbox::Effects {
 public:
  explicit Channel(std::function<void(const std::string& key)> sent) : sent_(std::move(sent)) {}

  asio::awaitable<port::Result> call(Id, port::Call call) override {
    sent_(call.message.json);
    co_return port::Result(port::Message(R"({"provider_ids": ["1"]})"));
  }
  asio::awaitable<std::optional<outbox::Channel>> find(Id) override {
    outbox::Channel channel(true, R"({"idempotency": "none"})");
    co_return channel;
  }
  std::optional<std::string> request(store::Session&, const outbox::Item& item) override {
    return item.idempotency_key;
  }
  std::string conversation(store::Session&, const outbox::Item& item) override { return item.lane; }
  void apply(store::Session&, const outbox::Item&, const outbox::Outcome&) override {}
  void signed_out(Id, const port::Result&) override {}

 private:
  const std::function<void(const std::string& key)> sent_;
};

// As a start of the host does.
inline std::unique_ptr<store::Store> open_store(const std::string& folder) {
  store::Store::Options options;
  options.url = "sqlite:" + folder + "/patchbay.db";
  options.sessions = 2;
  auto store = store::Store::open(options, log::Logger::none());
  store::migrate(*store);
  return store;
}

// From the door to what is sent, on the real store in a folder, wired as the host does. Its clock moves when
// told to.
class Pipeline {
 public:
  Pipeline(const std::string& folder, std::function<void(const std::string& key)> sent)
      : store(open_store(folder)), channel_(std::move(sent)) {
    routes_.mount(hooks::echo_mount());
    plugin_.answer([](Id, const std::string& body) {
      const auto id = nlohmann::json::parse(body).at("id").get<std::string>();
      return hooks::FakeCaller::one_event(0, id);
    });
    committer_.on_stored(
        [this](std::vector<hooks::InboxRow> rows) { dispatcher_.accepted(std::move(rows)); });
    committer_.on_unsure([this] { dispatcher_.unsure(); });
  }
  ~Pipeline() {
    committer_.stop();
    loop.run(dispatcher_.stop());
    loop.run(outbox_.stop(Duration(0)));
  }

  void start() {
    start_inbox();
    outbox_.start();
  }
  // What came in is worked on, and nothing is sent.
  void start_inbox() { dispatcher_.start(); }
  // Until every event was taken, has had its effect, and was answered. `taken` hears of each 2xx.
  void deliver(int events, const std::function<void(const std::string& id)>& taken) {
    std::vector<std::future<void>> senders;
    for (int i = 0; i < kSenders; ++i) senders.push_back(loop.start(send(i, events, taken)));
    run_until([&] {
      return taken_ == events && count("inbox where state = 'done'") == events &&
             count("outbox where done = 0") == 0;
    });
    for (auto& sender : senders) sender.get();
  }
  std::vector<std::string> texts(const std::string& sql) {
    return store->read_now([&](store::Session& session) {
      std::vector<std::string> all;
      for (const auto& row : session.query(sql)) all.push_back(row.text(0));
      return all;
    });
  }
  std::int64_t count(const std::string& from_where) { return hooks::count(*store, from_where); }
  // Lets time pass until `done`; throws when that takes more than 60 s.
  void run_until(const std::function<bool()>& done) {
    for (const auto end = std::chrono::steady_clock::now() + 60s; !done();) {
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("not done within 60 s: " + standing());
      clock.advance(250ms);
      std::this_thread::sleep_for(1ms);
    }
  }

  hooks::Loop loop;  // ends after the store, whose threads post to it
  const std::unique_ptr<store::Store> store;
  ManualClock clock{
      TimePoint(std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()))};

 private:
  std::string standing() {
    std::string all;
    for (const auto* part :
         {"inbox where state = 'new'", "inbox where state = 'dead'", "effects", "outbox where done = 0"})
      all += std::to_string(count(part)) + " " + part + ", ";
    return all + std::to_string(taken_) + " taken";
  }
  static constexpr int kSenders = 64;
  static constexpr int kMostOpen = 256;

  // Again until it is taken, as providers do.
  asio::awaitable<void> send(int sender, int events, std::function<void(const std::string& id)> taken) {
    for (int number = sender; number < events; number += kSenders) {
      const std::string id = "e" + std::to_string(number);
      const nlohmann::json body = {
          {"id", id}, {"chat", std::to_string(sender % 16)}, {"text", std::string(600, 'x')}};
      for (;;) {
        auto request = hooks::echo_request(body.dump());
        auto answering = ingress_.handle(std::move(request));
        const auto answer = co_await std::move(answering);
        if (answer.status == 200) break;
        EXPECT_EQ(answer.status, 503) << answer.body;
        auto pausing = clock.sleep(250ms);
        co_await std::move(pausing);
      }
      taken(id);
      ++taken_;
      // What a cut leaves to be done is worked off each time.
      while (taken_ > static_cast<int>(counters_.processed) + kMostOpen) {
        auto pausing = clock.sleep(1ms);
        co_await std::move(pausing);
      }
    }
  }
  static hooks::Ingress::Limits no_limits() {
    hooks::Ingress::Limits limits;
    limits.rate = net::Rate(1e9, 1s, 1e9);
    return limits;
  }
  outbox::Dispatcher::Options sending() {
    outbox::Dispatcher::Options options(clock, *store, channel_, channel_, channel_);
    options.jitter = [] { return 0.0; };
    return options;
  }

  IdMint mint_{clock};
  hooks::Counters counters_;
  hooks::RouteTable routes_{"https://bay.example"};
  hooks::InboxCommitter committer_{*store, mint_, loop.io.get_executor(), counters_, log::Logger::none()};
  support::FakeHttp http_{clock};
  hooks::KeySets keys_{
      {loop.io.get_executor(), clock, http_, [] { return std::vector<std::string>(); }, log::Logger::none()}};
  hooks::Ingress ingress_{{routes_, committer_, clock, keys_, counters_}, log::Logger::none(), no_limits()};
  ReplyingSink sink_{*store, mint_};
  hooks::FakeCaller plugin_;
  hooks::EffectCommitter effects_{
      {*store, sink_, mint_, clock}, loop.io.get_executor(), counters_, log::Logger::none()};
  hooks::Dispatcher dispatcher_{
      {*store, clock, plugin_, effects_, counters_}, loop.io.get_executor(), log::Logger::none()};
  Channel channel_;
  std::atomic<int> taken_ = 0;
  outbox::Dispatcher outbox_{loop.io.get_executor(), sending(), log::Logger::none()};
};

}  // namespace patchbay::faults
