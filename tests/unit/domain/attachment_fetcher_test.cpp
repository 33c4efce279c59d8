#include "domain/chat/attachment_fetcher.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "domain/chat/impl/fetch_table.hpp"
#include "domain/chat_world.hpp"
#include "store/blobs.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

class OpenChannels final : public outbox::Channels {
 public:
  asio::awaitable<std::optional<outbox::Channel>> find(Id) override { co_return outbox::Channel(open, "{}"); }
  bool open = true;
};

// Gives each file the blob of its number, or the answers that it was told.
class FileServer final : public plugin::Caller {
 public:
  FileServer(Clock& clock, Id blob) : clock_(clock), blob_(blob) {}

  asio::awaitable<port::Result> call(Id, port::Call call) override {
    const auto number = json::parse(call.message.json)["file"]["f"].get<int>();
    ++asked;
    traces.push_back(call.trace);
    ++running;
    most = std::max(most, running);
    if (number == slow) co_await clock_.sleep(1h);
    --running;
    auto& told = answers[number];
    if (!told.empty()) {
      auto result = told.front();
      told.erase(told.begin());
      co_return result;
    }
    auto reply = json::object();
    reply["blob"] = to_string_id(blob_);
    reply["type"] = "image/jpeg";
    co_return port::Result(port::Message(reply.dump()));
  }

  std::map<int, std::vector<port::Result>> answers;
  std::vector<std::string> traces;
  int slow = -1;
  int asked = 0;
  int running = 0;
  int most = 0;

 private:
  Clock& clock_;
  const Id blob_;
};

class AttachmentFetcherTest : public ChatWorld {
 protected:
  AttachmentFetcherTest() { begin(); }
  ~AttachmentFetcherTest() override { end(); }

  void begin() {
    AttachmentFetcher::Options options(clock, ids, *store, caller, channels);
    options.unauthenticated = [this](Id id, const std::string& text) {
      signed_out.push_back(to_string_id(id) + " " + text);
      channels.open = false;
    };
    fetcher = std::make_unique<AttachmentFetcher>(io.get_executor(), options, log::Logger::none());
    fetcher->start();
  }
  void end() {
    asio::co_spawn(io, fetcher->stop(), asio::detached);
    io.restart();
    io.run_for(5s);
    fetcher.reset();
  }
  Id make_blob(Id owner = kBot, bool closed = true) {
    store::Blob blob;
    blob.id = ids.next();
    blob.integration = owner;
    blob.name = "photo.jpg";
    blob.type = "image/jpeg";
    store->write_now([&](store::Session& session) {
      store::create_blob(session, blob);
      store::write_blob(session, blob.id, 0, "jpeg");
      if (closed) store::close_blob(session, blob.id);
    });
    return blob.id;
  }
  void receive(int number, const std::string& conversation = "c") {
    apply("message.received", picture(number, "", conversation));
    fetcher->wake({kBot});
  }
  ::testing::AssertionResult all(const std::string& state, std::size_t wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (;;) {
      const auto is = count("message_attachments where state = '" + state + "'");
      if (is == static_cast<std::int64_t>(wanted)) return ::testing::AssertionSuccess();
      if (std::chrono::steady_clock::now() > until)
        return ::testing::AssertionFailure() << is << " are " << state;
      io.restart();
      io.run_for(2ms);
    }
  }
  // Lets time pass until the n-th request has been made; how much does not matter.
  ::testing::AssertionResult asks(int wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (caller.asked < wanted && std::chrono::steady_clock::now() < until) asks_within(wanted, 1s);
    if (caller.asked >= wanted) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << caller.asked;
  }
  bool asks_within(int wanted, Duration limit) {
    for (Duration passed{0}; passed < limit && caller.asked < wanted; passed += 1s) {
      clock.advance(1s);
      for (int i = 0; i < 5; ++i) {
        io.restart();
        io.run_for(1ms);
      }
    }
    return caller.asked >= wanted;
  }

  OpenChannels channels;
  std::vector<std::string> signed_out;
  FileServer caller{clock, make_blob()};
  std::unique_ptr<AttachmentFetcher> fetcher;
};
PB_ON_BOTH_DATABASES(AttachmentFetcherTest);

TEST_P(AttachmentFetcherTest, a_file_is_fetched_after_its_message) {
  receive(1);
  EXPECT_TRUE(all("ready", 1));
  const auto file = messages().at(0).attachments.at(0);
  EXPECT_TRUE(file.blob);
  EXPECT_EQ(file.size, 4);
  EXPECT_EQ(file.type, "image/jpeg");
  EXPECT_EQ(file.name, "1") << "what the message said stands";
}

TEST_P(AttachmentFetcherTest, at_most_two_at_once_and_a_slow_one_holds_nobody_up) {
  caller.slow = 1;
  for (int i = 1; i <= 6; ++i) receive(i);
  EXPECT_TRUE(all("ready", 5));
  EXPECT_EQ(caller.most, 2);
  EXPECT_EQ(caller.asked, 6);
}

TEST_P(AttachmentFetcherTest, what_is_out_of_reach_is_tried_again_later) {
  caller.answers[1] = {port::Result(Code::unavailable, "away"),
                       port::Result(Code::rate_limited, "slow", Duration{60'000})};
  receive(1);
  EXPECT_TRUE(asks(2));
  EXPECT_FALSE(asks_within(3, 50s));
  EXPECT_TRUE(asks(3));
  EXPECT_TRUE(all("ready", 1));
}

TEST_P(AttachmentFetcherTest, what_the_provider_refuses_fails_with_its_reason) {
  caller.answers[1] = {port::Result(Code::invalid, "file is too big")};
  receive(1);
  EXPECT_TRUE(all("failed", 1));
  EXPECT_EQ(messages().at(0).attachments.at(0).reason, "file is too big");
}

TEST_P(AttachmentFetcherTest, a_file_waits_for_a_new_sign_in_which_is_asked_for) {  // HOST-8, N1
  caller.answers[1] = {port::Result(Code::unauthenticated, "the token was revoked")};
  receive(1);
  EXPECT_TRUE(asks(1));
  EXPECT_FALSE(asks_within(2, 120s));
  EXPECT_EQ(signed_out, std::vector<std::string>{to_string_id(kBot) + " the token was revoked"});
  EXPECT_EQ(count("message_attachments where state = 'pending' and attempts = 0"), 1);
  channels.open = true;
  EXPECT_TRUE(asks(2));
  EXPECT_TRUE(all("ready", 1));
}

// What the plugin says about files is not believed.
TEST_P(AttachmentFetcherTest, a_file_of_another_integration_or_an_unfinished_one_is_none) {
  const auto named = [](Id blob) {
    return port::Result(port::Message(json({{"blob", to_string_id(blob)}}).dump()));
  };
  caller.answers[1] = {named(make_blob(kBot + 1))};
  caller.answers[2] = {named(make_blob(kBot, false))};
  receive(1);
  receive(2);
  EXPECT_TRUE(all("failed", 2));
  EXPECT_EQ(count("message_attachments where blob is not null"), 0);
}

// HOOK-5
TEST_P(AttachmentFetcherTest, a_fetch_carries_the_trace_of_its_message) {
  hooks::Event event;
  event.type = "message.received";
  event.data = picture(1).dump();
  event.trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  store->write_now([&](store::Session& session) { sink.apply(session, {{kBot, &event}}); });
  fetcher->wake({kBot});
  EXPECT_TRUE(all("ready", 1));
  EXPECT_EQ(caller.traces.at(0).substr(0, 35), event.trace.substr(0, 35));
}

TEST_P(AttachmentFetcherTest, goes_on_after_a_restart) {
  caller.slow = 1;
  receive(1);
  EXPECT_TRUE(asks(1));
  end();
  caller.slow = -1;
  begin();
  EXPECT_TRUE(all("ready", 1));
}

TEST_P(AttachmentFetcherTest, waits_for_an_integration_that_is_not_connected) {
  channels.open = false;
  receive(1);
  EXPECT_FALSE(asks_within(1, 20s));
  channels.open = true;
  EXPECT_TRUE(asks(1));
}

TEST(JudgeFetch, gives_up_at_once_on_poison) {
  port::Result result(Code::internal, "x");
  result.poison = true;
  EXPECT_EQ(judge_fetch(result, 0).kind, Fetched::Kind::failed);
}

TEST(JudgeFetch, gives_up_on_faults_but_not_on_an_outage) {
  EXPECT_EQ(judge_fetch(port::Result(Code::internal, "x"), 4).kind, Fetched::Kind::failed);
  EXPECT_EQ(judge_fetch(port::Result(Code::unavailable, "x"), 100).kind, Fetched::Kind::again);
  EXPECT_EQ(judge_fetch(port::Result(Code::unavailable, "x"), 100).delay, Duration{900'000});
  EXPECT_EQ(judge_fetch(port::Result(port::Message(R"({"blob": 5})")), 0).kind, Fetched::Kind::failed);
  EXPECT_EQ(judge_fetch(port::Result(port::Message("nonsense")), 0).kind, Fetched::Kind::failed);
}

}  // namespace
}  // namespace patchbay::domain::chat
