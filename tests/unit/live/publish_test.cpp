// pb.live/1:publish (N15).
#include "live/publish.hpp"

#include "unit/plugin/services_fixture.hpp"

namespace patchbay::live {
namespace {

class PublishTest : public plugin::ServicesTest {
 protected:
  PublishTest() {
    manifest_.needs = {"pb.live/1"};
    add_publish(*services_, topics_, clock_);
    start();
  }
  port::Result publish(const json& topic, const json& id, const json& data) {
    return ask("pb.live/1:publish", {{"topic", topic}, {"id", id}, {"data", data}});
  }
  std::vector<Event> events_of(Id integration, const std::string& name) {
    std::optional<Reading> reading;
    boost::asio::co_spawn(io_, topics_.read(Topic(integration, name), 0, 10),
                          [&](std::exception_ptr, Reading read) { reading = std::move(read); });
    run_until([&] { return reading.has_value(); });
    return reading->events;
  }
  Topics topics_{io_.get_executor(), clock_, *store_, logger_};
};

TEST_F(PublishTest, IsStoredInATopicOfTheIntegrationThatAsks) {
  const auto reply = body_of(publish("s1", "m1", {{"text", "hello"}}));
  const auto events = events_of(7, "s1");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, R"({"text":"hello"})");
  EXPECT_EQ(reply, (json{{"event", std::to_string(events[0].id)}, {"known", false}}));
  EXPECT_TRUE(events_of(8, "s1").empty());
}

TEST_F(PublishTest, ARepeatedIdIsKnown) {
  const auto first = body_of(publish("s1", "m1", {{"n", 1}}));
  const auto again = body_of(publish("s1", "m1", {{"n", 2}}));
  EXPECT_EQ(again["event"], first["event"]);
  EXPECT_TRUE(again["known"].get<bool>());
  EXPECT_EQ(events_of(7, "s1").size(), 1u);
}

TEST_F(PublishTest, ChecksWhatItIsGiven) {
  EXPECT_EQ(publish("", "m1", json::object()).code, Code::invalid);
  EXPECT_EQ(publish(7, "m1", json::object()).code, Code::invalid);
  EXPECT_EQ(publish(std::string(201, 'x'), "m1", json::object()).code, Code::invalid);
  EXPECT_EQ(publish("s1", nullptr, json::object()).code, Code::invalid);
  EXPECT_EQ(publish("s1", "m1", "text").code, Code::invalid);
  EXPECT_EQ(publish("s1", "m1", {{"text", std::string(64u << 10, 'x')}}).code, Code::invalid);
  EXPECT_TRUE(events_of(7, "s1").empty());
}

TEST_F(PublishTest, MustBeNeeded) {
  manifest_.needs.clear();
  start();
  EXPECT_EQ(publish("s1", "m1", json::object()).code, Code::denied);
}

TEST_F(PublishTest, HoldsBackAFlood) {
  port::Result last;
  int published = 0;
  while (published < 5000 && (last = publish("s1", std::to_string(published), json::object())).ok())
    ++published;
  EXPECT_GE(published, 500);
  EXPECT_EQ(last.code, Code::rate_limited);
}

}  // namespace
}  // namespace patchbay::live
