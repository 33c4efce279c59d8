// Answers that a plugin reads while they come: open, read and close of pb.http/1 (plugin-needs N7 b).
#include <boost/asio/use_awaitable.hpp>

#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// Gives the pieces that it is told to, and then nothing for ever, unless it is told to end.
class Provider final : public net::HttpClient {
 public:
  explicit Provider(Clock& clock) : clock_(clock) {}

  boost::asio::awaitable<net::HttpResponse> fetch(net::HttpRequest request, net::EgressRule) override {
    const std::shared_ptr<void> running(nullptr, [this](void*) { --open; });
    ++open;
    ++fetched;
    net::HttpResponse head;
    head.status = status;
    head.headers = {{"content-type", "text/event-stream"}};
    if (status != 200) {
      head.body = "sorry";
      co_return head;
    }
    net::HttpResponse shown(head);
    co_await request.on_head(std::move(shown));
    const Duration soon(1);
    for (;;) {
      if (!pieces.empty()) {
        auto piece = std::move(pieces.front());
        pieces.pop_front();
        co_await request.on_body(std::move(piece));
        ++taken;
      } else if (failure) {
        throw Error(*failure, Text::verbatim("broken off"));
      } else if (ends) {
        co_return head;
      } else {
        co_await clock_.sleep(soon);
      }
    }
  }
  std::shared_ptr<net::HttpSession> make_session() override { return std::make_shared<net::HttpSession>(); }

  int status = 200;
  std::deque<std::string> pieces;
  std::optional<Code> failure;
  bool ends = false;
  int open = 0;
  int fetched = 0;
  int taken = 0;

 private:
  Clock& clock_;
};

class ServicesStreamTest : public ServicesTest {
 protected:
  ServicesStreamTest() {
    services_ =
        std::make_unique<Services>(Services::Parts{io_.get_executor(), clock_, ids_, *store_, *vault_,
                                                   provider_, metrics_, redactor_, logger_, OpenedHosts()});
    start();
  }
  ~ServicesStreamTest() override {
    side_.reset();
    run_until([&] { return provider_.open == 0; });
  }

  port::Result open() { return ask("pb.http/1:open", {{"url", "https://api.example.org/events"}}); }
  port::Result read(const std::string& stream, int wait_ms = 20) {
    return ask("pb.http/1:read", {{"stream", stream}, {"wait_ms", wait_ms}});
  }
  std::string opened() {
    const auto result = open();
    EXPECT_TRUE(result.ok()) << result.text;
    return body_of(result).value("stream", "");
  }

  Provider provider_{clock_};
};

TEST_F(ServicesStreamTest, IsReadPieceByPiece) {
  const auto reply = body_of(open());
  EXPECT_EQ(reply["status"], 200);
  EXPECT_EQ(reply["headers"]["content-type"], "text/event-stream");
  const auto id = reply["stream"].get<std::string>();
  const auto nothing = read(id);
  EXPECT_EQ(body_of(nothing)["end"], false);
  EXPECT_TRUE(nothing.message.blobs.empty());
  provider_.pieces = {"one", "two"};
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("one"));
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("two"));
  provider_.ends = true;
  EXPECT_EQ(body_of(read(id, 5'000))["end"], true);
  EXPECT_EQ(read(id).code, Code::not_found);
}

TEST_F(ServicesStreamTest, TakesNoMoreThanIsRead) {
  for (int i = 0; i < 100; ++i) provider_.pieces.push_back(std::to_string(i));
  const auto id = opened();
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("0"));
  io_.run_for(std::chrono::milliseconds(50));
  EXPECT_LE(provider_.taken, 2);
}

TEST_F(ServicesStreamTest, WhatIsNoGoodAnswerComesWhole) {
  provider_.status = 503;
  const auto result = open();
  EXPECT_EQ(body_of(result)["status"], 503);
  EXPECT_FALSE(body_of(result).contains("stream"));
  EXPECT_THAT(result.message.blobs, ::testing::ElementsAre("sorry"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(open().ok()) << "it counts as none";
}

TEST_F(ServicesStreamTest, ClosingGivesTheRequestUp) {
  const auto id = opened();
  EXPECT_EQ(provider_.open, 1);
  EXPECT_TRUE(ask("pb.http/1:close", {{"stream", id}}).ok());
  run_until([&] { return provider_.open == 0; });
  EXPECT_EQ(read(id).code, Code::not_found);
  EXPECT_TRUE(ask("pb.http/1:close", {{"stream", id}}).ok());
}

TEST_F(ServicesStreamTest, WhatBreaksOffIsUnavailable) {
  provider_.pieces = {"one"};
  provider_.failure = Code::outcome_unknown;
  const auto id = opened();
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("one"));
  const auto result = read(id, 5'000);
  EXPECT_EQ(result.code, Code::unavailable);
  EXPECT_EQ(result.text, "broken off");
}

TEST_F(ServicesStreamTest, AnotherInstanceDoesNotKnowIt) {
  provider_.pieces = {"mine"};
  const auto id = opened();
  const auto mine = side_;
  side_ = side_of(8);
  EXPECT_EQ(read(id).code, Code::not_found);
  EXPECT_TRUE(ask("pb.http/1:close", {{"stream", id}}).ok());
  side_ = mine;
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("mine"));
}

TEST_F(ServicesStreamTest, ThereAreSixteenAtMost) {
  std::vector<std::string> ids;
  for (int i = 0; i < 16; ++i) ids.push_back(opened());
  EXPECT_EQ(open().code, Code::rate_limited);
  EXPECT_EQ(provider_.fetched, 16);
  ask("pb.http/1:close", {{"stream", ids.front()}});
  EXPECT_TRUE(open().ok());
}

TEST_F(ServicesStreamTest, EndsWithTheInstance) {
  opened();
  side_->instance_ended();
  run_until([&] { return provider_.open == 0; });
  opened();
  side_.reset();
  run_until([&] { return provider_.open == 0; });
}

TEST_F(ServicesStreamTest, AReadIsGivenUpWithoutHarm) {
  const auto id = opened();
  std::optional<port::Result> result;
  const json request = {{"stream", id}, {"wait_ms", 60'000}};
  side_->ask(900, port::Call("pb.http/1:read", port::Message(request.dump())),
             [&](port::Result r) { result = std::move(r); });
  io_.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(read(id).code, Code::conflict);
  side_->cancel(900);
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->code, Code::cancelled);
  provider_.pieces = {"still here"};
  EXPECT_THAT(read(id, 5'000).message.blobs, ::testing::ElementsAre("still here"));
}

TEST_F(ServicesStreamTest, ClosingEndsAReadToo) {
  const auto id = opened();
  std::optional<port::Result> result;
  const json request = {{"stream", id}, {"wait_ms", 60'000}};
  side_->ask(900, port::Call("pb.http/1:read", port::Message(request.dump())),
             [&](port::Result r) { result = std::move(r); });
  io_.run_for(std::chrono::milliseconds(20));
  ask("pb.http/1:close", {{"stream", id}});
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->code, Code::cancelled);
}

TEST_F(ServicesStreamTest, AsksForWhatItNeeds) {
  EXPECT_EQ(ask("pb.http/1:open", json::object()).code, Code::invalid);
  EXPECT_EQ(ask("pb.http/1:read", json::object()).code, Code::invalid);
  EXPECT_EQ(ask("pb.http/1:close", json::object()).code, Code::invalid);
  EXPECT_EQ(read("1", -1).code, Code::invalid);
  const json to_blob = {{"url", "https://api.example.org/"}, {"response", {{"blob", true}}}};
  EXPECT_EQ(ask("pb.http/1:open", to_blob).code, Code::invalid);
  EXPECT_EQ(ask("pb.http/1:open", {{"url", "https://evil.example/"}}).code, Code::denied);
}

}  // namespace
}  // namespace patchbay::plugin
