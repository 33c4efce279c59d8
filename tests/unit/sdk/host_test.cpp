#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

Task<SendReply> get(Probe& self, Json request) {
  const HttpReply reply = co_await self.services().http(std::move(request));
  const Json body = reply.json();
  co_return sent(std::to_string(reply.status) + reply.header("x-a") + string_at(body, "name"));
}

TEST(Http, AnswersStatusHeadersAndBody) {
  FakeHost host(probe(get));
  host.services.answer_http(404, "{\"name\":\"!\"}", {{"x-a", "b"}});
  EXPECT_EQ(host.call(kSend, Json{{"url", "https://a"}}).json["provider_ids"][0], "404b!");
  EXPECT_EQ(host.requests[0].method, "pb.http/1:fetch");
  EXPECT_EQ(host.requests[0].json["url"], "https://a");
}

TEST(Http, AnUnreadableAnswerIsUncertainOnlyWhenTheRequestMayHaveActed) {
  FakeHost host(probe(get));
  for (int i = 0; i < 3; ++i) host.services.answer_http(200, "<html>");
  EXPECT_EQ(host.call(kSend, Json{{"method", "POST"}, {"url", "https://a"}}).code, PB_OUTCOME_UNKNOWN);
  EXPECT_EQ(host.call(kSend, Json{{"method", "GET"}, {"url", "https://a"}}).code, PB_UNAVAILABLE);
  EXPECT_EQ(host.call(kSend, Json{{"method", "POST"}, {"retry", "safe"}, {"url", "https://a"}}).code,
            PB_UNAVAILABLE);
}

Task<SendReply> read_all(Probe& self, Json request) {
  HttpStream stream = co_await self.services().open_http(std::move(request));
  std::string said = std::to_string(stream.reply().status) + stream.reply().body;
  while (stream.is_open()) {
    const HttpPiece piece = co_await stream.read(5'000);
    said += "|" + piece.bytes;
    if (piece.end || piece.bytes == "enough") stream.close();
  }
  co_return sent(std::move(said));
}

TEST(HttpStreams, AreReadPieceByPiece) {
  FakeHost host(probe(read_all));
  host.services.answer_stream({"one", "two"});
  EXPECT_EQ(host.call(kSend, Json{{"url", "https://a"}}).json["provider_ids"][0], "200|one|two|");
  EXPECT_EQ(host.requests[0].method, "pb.http/1:open");
  EXPECT_EQ(host.requests[1].json["wait_ms"], 5'000);
  EXPECT_TRUE(host.services.streams.empty());
}

TEST(HttpStreams, AreClosedByWhoHasEnough) {
  FakeHost host(probe(read_all));
  host.services.answer_stream({"enough", "more"}, false);
  EXPECT_EQ(host.call(kSend, Json{{"url", "https://a"}}).json["provider_ids"][0], "200|enough");
  host.run();
  EXPECT_TRUE(host.services.streams.empty());
  EXPECT_EQ(host.requests.back().method, "pb.http/1:close");
}

TEST(HttpStreams, AnAnswerThatIsNoneComesWhole) {
  FakeHost host(probe(read_all));
  host.services.answer_http(503, "sorry");
  EXPECT_EQ(host.call(kSend, Json{{"url", "https://a"}}).json["provider_ids"][0], "503sorry");
}

TEST(HttpStreams, CloseThemselvesWhenTheCallIsCancelled) {
  FakeHost host(probe(read_all));
  host.services.answer_stream({}, false);
  const std::uint64_t call = host.deliver(kSend, Json{{"url", "https://a"}});
  host.run();
  EXPECT_EQ(host.services.streams.size(), 1u);
  host.cancel(call);
  host.run();
  EXPECT_EQ(host.answer(call)->code, PB_CANCELLED);
  EXPECT_TRUE(host.services.streams.empty());
}

Task<SendReply> use_state(Probe& self, Json) {
  const Host& host = self.services();
  const StoredState before = co_await host.state_get("offset");
  Json value = 41;
  const std::int64_t version = co_await host.state_put("offset", std::move(value), before.version);
  const StoredState after = co_await host.state_get("offset");
  std::string conflict = "no conflict";
  try {
    co_await host.state_put("offset", nullptr, before.version);
  } catch (const Error& error) {
    conflict = code_name(error.code);
  }
  co_return sent(std::to_string(after.version - version) + after.value.dump() + conflict);
}

TEST(State, IsComparedAndSet) {
  FakeHost host(probe(use_state));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "041conflict");
}

Task<SendReply> use_secrets(Probe& self, Json) {
  const Host& host = self.services();
  co_await host.put_secret("found", "v");
  const std::string value = co_await host.secret("found");
  co_return sent(value);
}

TEST(Secrets, ArePutAndRead) {
  FakeHost host(probe(use_secrets));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "v");
  EXPECT_EQ(host.services.secrets["found"], "v");
}

Task<SendReply> use_blobs(Probe& self, Json) {
  const Host& host = self.services();
  const std::string blob = co_await host.blob_create("a.txt", "text/plain");
  co_await host.blob_write(blob, 0, "hello ");
  co_await host.blob_write(blob, 6, "world");
  co_await host.blob_close(blob);
  const BlobPart part = co_await host.blob_read(blob, 6, 100);
  co_return sent(part.bytes + "|" + part.name + "|" + std::to_string(part.size));
}

TEST(Blobs, AreWrittenAndReadInPieces) {
  FakeHost host(probe(use_blobs));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "world|a.txt|11");
}

Task<SendReply> publish_blob(Probe& self, Json) {  // N14
  const Host& host = self.services();
  const std::string blob = co_await host.blob_create("a.txt", "text/plain");
  co_await host.blob_close(blob);
  const std::string url = co_await host.blob_publish(blob, 3600);
  co_return sent(url);
}

TEST(Blobs, ArePublished) {
  FakeHost host(probe(publish_blob));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "https://host.example/files/b1");
}

Task<SendReply> use_events(Probe& self, Json) {
  const Host& host = self.services();
  Events events;
  events.emplace_back("message.received", "k1", "chat", Json::object());
  events.back().part_of("album", 700);
  Events again = events;
  co_await host.emit(std::move(events));
  const Stored second = co_await host.emit(std::move(again));
  std::vector<std::string> bodies;
  bodies.push_back("{}");
  const Stored injected = co_await host.inject("in", 1, std::move(bodies));
  co_return sent(std::to_string(second.known) + std::to_string(injected.stored));
}

TEST(Events, AreEmittedAndInjected) {
  FakeHost host(probe(use_events));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "11");
  ASSERT_EQ(host.services.events.size(), 1u);
  EXPECT_EQ(host.services.events[0]["part_of"], (Json{{"key", "album"}, {"quiet_ms", 700}}));
  EXPECT_EQ(host.services.injected, std::vector<std::string>{"{}"});
}

Task<SendReply> emit_late(Probe& self, Json) {  // N8
  const Host& host = self.services();
  Events events;
  events.emplace_back("message.received", "k1", "chat", Json::object());
  Events of_a_job = events;
  Events late = events;
  const Stored first = co_await host.emit(std::move(events), 1);
  const Stored second = co_await host.emit(std::move(of_a_job), "history", 1);
  std::string said = std::to_string(first.stored) + std::to_string(second.known);
  try {
    co_await host.emit(std::move(late), 2);
  } catch (const Error& error) {
    said += code_name(error.code);
  }
  co_return sent(std::move(said));
}

TEST(Events, UnderAnOldLeaseAreRefused) {
  FakeHost host(probe(emit_late));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "11conflict");
}

Task<SendReply> use_live(Probe& self, Json) {  // N15
  const Host& host = self.services();
  Json first = {{"n", 1}};
  Json second = {{"n", 2}};
  const Published one = co_await host.publish("s1", "m1", std::move(first));
  const Published again = co_await host.publish("s1", "m1", std::move(second));
  co_return sent(one.event + again.event + (one.known ? "1" : "0") + (again.known ? "1" : "0"));
}

TEST(Live, IsPublishedOnce) {
  FakeHost host(probe(use_live));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "1101");
  ASSERT_EQ(host.services.published.size(), 1u);
  EXPECT_EQ(host.services.published[0].topic, "s1");
  EXPECT_EQ(host.services.published[0].data, (Json{{"n", 1}}));
}

Task<SendReply> use_metrics(Probe& self, Json) {
  const Metric counter = self.services().metric(PB_COUNTER, "sent_total", "Messages", "kind,result");
  counter.record(2, {"text", "ok"});
  counter.record(3, {"text", "ok"});
  co_return sent("");
}

TEST(Metrics, CarryLabelValues) {
  FakeHost host(probe(use_metrics));
  host.call(kSend, Json::object());
  EXPECT_EQ(host.metrics["sent_total{text\x1fok}"], 5);
}

Task<SendReply> wait_and_tell(Probe& self, Json) {
  const std::int64_t before = self.services().now();
  co_await self.services().sleep(1500);
  co_return sent(std::to_string(self.services().now() - before));
}

TEST(Clock, TooManyTimersAreNotACancellation) {
  FakeHost host(probe(wait_and_tell));
  host.most_timers = 0;
  EXPECT_EQ(host.call(kSend, Json::object()).code, PB_RATE_LIMITED);
}

TEST(Clock, IsTheHostsClock) {
  FakeHost host(probe(wait_and_tell));
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.advance(1499);
  EXPECT_FALSE(host.answer(id));
  host.advance(1);
  EXPECT_EQ(host.answer(id)->json["provider_ids"][0], "1500");
}

Task<SendReply> ask_nobody(Probe& self, Json) {
  Json nobody = Json::object();
  co_await self.services().call("pb.none/1:x", std::move(nobody));
  co_return sent("");
}

TEST(Call, WhatTheHostDoesNotKnowIsAnError) {
  FakeHost host(probe(ask_nobody));
  EXPECT_EQ(host.call(kSend, Json::object()).code, PB_UNSUPPORTED);
}

}  // namespace
}  // namespace patchbay::sdk_test
