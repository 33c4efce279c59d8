// plugin-needs N15: server-sent events.
#include "web/event_streams.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>

#include "support/databases.hpp"
#include "unit/web/served.hpp"

namespace patchbay::web {
namespace {

using namespace std::chrono_literals;
using test::RawHttp;

const live::Topic kTopic(7, "s1");

// Streams one topic to anybody.
class OneTopic final : public Application {
 public:
  OneTopic(EventStreams& streams, const std::atomic<bool>& goes_on, TimePoint until)
      : streams_(streams), goes_on_(goes_on), until_(until) {}
  BodyPlan plan(const Request&) override { return BodyPlan(0); }
  boost::asio::awaitable<Response> handle(Request request) override {
    EventStreams::Wish wish(kTopic, last_event_id(request), until_, [this] { return goes_on_.load(); });
    co_return streams_.open(std::move(wish));
  }

 private:
  EventStreams& streams_;
  const std::atomic<bool>& goes_on_;
  const TimePoint until_;
};

// A reader that takes a stream chunk by chunk.
class Reader {
 public:
  explicit Reader(std::uint16_t port, const std::string& query = {}, const std::string& headers = {})
      : http_(port) {
    http_.send("GET /" + query + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
    head = http_.read(true);
  }
  std::string next() { return http_.read_chunk(); }
  // Skips what is no event.
  std::string next_event() {
    while (true) {
      auto piece = next();
      if (piece.empty() || piece.find("data:") != piece.npos) return piece;
    }
  }
  test::RawAnswer head;

 private:
  RawHttp http_;
};

class EventStreamsTest : public testing::Test {
 protected:
  // The store's threads post to the server's io_context.
  ~EventStreamsTest() override {
    if (served) served->finish();
    store.reset();
  }
  static EventStreams::Limits limits() {
    EventStreams::Limits limits;
    limits.of_topic = 2;
    limits.heartbeat = 100ms;
    return limits;
  }
  void serve(HttpServer::Options options = {}, TimePoint until = TimePoint::max()) {
    application = std::make_unique<OneTopic>(streams, goes_on, until);
    served = std::make_unique<Served>(*application, std::move(options));
  }
  std::int64_t append(const std::string& data) {
    const auto appended = store->write_now(
        [&](store::Session& session) { return topics.append_in(session, kTopic, live::Draft(data)); });
    topics.tell(kTopic, appended.id);
    return appended.id;
  }
  void wait_until_open(std::size_t count) {
    for (int i = 0; i < 500 && streams.open_now() != count; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(streams.open_now(), count);
  }

  SystemClock clock;
  support::FreshDatabase database{support::Database::sqlite};
  std::unique_ptr<store::Store> store = database.open();
  boost::asio::io_context io;
  live::Topics topics{io.get_executor(), clock, *store, log::Logger::none()};
  metrics::Registry metrics;
  EventStreams streams{topics, clock, metrics, limits()};
  std::atomic<bool> goes_on{true};
  std::unique_ptr<OneTopic> application;
  std::unique_ptr<Served> former;  // ends after the store, too
  std::unique_ptr<Served> served;
};

TEST_F(EventStreamsTest, SendsWhatIsThereAndWhatComes) {
  serve();
  const auto one = append(R"({"n":1})");
  Reader reader(served->port());
  EXPECT_EQ(reader.head.status, 200);
  EXPECT_EQ(reader.head.headers["content-type"], "text/event-stream");
  EXPECT_EQ(reader.head.headers["cache-control"], "no-store");
  EXPECT_EQ(reader.head.headers["x-accel-buffering"], "no");
  EXPECT_TRUE(reader.next().starts_with("retry: "));
  EXPECT_EQ(reader.next(), "id: " + std::to_string(one) + "\ndata: {\"n\":1}\n\n");
  EXPECT_EQ(reader.next(), ":\nid: " + std::to_string(one) + "\n\n") << "a heartbeat";
  const auto two = append("{\n}");
  EXPECT_EQ(reader.next_event(), "id: " + std::to_string(two) + "\ndata: { }\n\n");
}

TEST_F(EventStreamsTest, GoesOnAfterTheLastEventThatTheReaderHas) {
  serve();
  const auto one = append("1");
  const auto two = append("2");
  Reader by_header(served->port(), "?after=" + std::to_string(two),
                   "Last-Event-ID: " + std::to_string(one) + "\r\n");
  EXPECT_EQ(by_header.next_event(), "id: " + std::to_string(two) + "\ndata: 2\n\n");
  Reader by_query(served->port(), "?token=x&after=" + std::to_string(one));
  EXPECT_EQ(by_query.next_event(), "id: " + std::to_string(two) + "\ndata: 2\n\n");
}

TEST_F(EventStreamsTest, TellsWhoLacksMoreThanIsKept) {
  serve();
  const auto one = append("1");
  for (const auto* id : {"nonsense", "-5", "1", "99999999999999999999"}) {
    Reader reader(served->port(), "", "Last-Event-ID: " + std::string(id) + "\r\n");
    EXPECT_EQ(reader.next_event(), "id: " + std::to_string(one - 1) + "\nevent: reset\ndata: {}\n\nid: " +
                                       std::to_string(one) + "\ndata: 1\n\n")
        << id;
  }
}

TEST_F(EventStreamsTest, HasALimitOfReaders) {
  serve();
  Reader one(served->port());
  auto two = std::make_unique<Reader>(served->port());
  wait_until_open(2);
  Reader three(served->port());
  EXPECT_EQ(three.head.status, 429);
  EXPECT_EQ(three.head.headers["retry-after"], "5");
  two.reset();
  wait_until_open(1);
  EXPECT_EQ(Reader(served->port()).head.status, 200) << "whoever left makes room at once";
}

TEST_F(EventStreamsTest, EndsWithItsTimeAndItsRoute) {
  serve({}, clock.now() + 300ms);
  Reader short_lived(served->port());
  EXPECT_EQ(short_lived.next_event(), "");
  served->finish();
  former = std::move(served);
  serve();
  Reader reader(served->port());
  wait_until_open(1);
  goes_on = false;
  EXPECT_EQ(reader.next_event(), "");
  wait_until_open(0);
}

TEST_F(EventStreamsTest, EndsAtOnceWhenTheServerStops) {
  serve();
  Reader reader(served->port());
  reader.next();
  const auto begun = clock.monotonic();
  served->stop(10s).wait();
  EXPECT_LT(clock.monotonic() - begun, 3s);
  std::string piece;
  do piece = reader.next();
  while (piece == ":\n\n");
  EXPECT_EQ(piece, "") << "the end, as it is told in chunks";
}

TEST_F(EventStreamsTest, AReaderThatTakesNothingIsCutAndComesBack) {
  constexpr int kEvents = 300;  // more than all buffers on the way hold
  HttpServer::Options options;
  options.transfer_timeout = 1s;
  options.min_rate = 1u << 20;
  serve(options);
  for (int i = 0; i < kEvents; ++i) append('"' + std::string(60'000, 'x') + '"');
  Reader slow(served->port());
  wait_until_open(0);
  std::int64_t last = 0;
  int seen = 0;
  for (int tries = 0; tries < 20 && seen < kEvents; ++tries) {
    Reader reader(served->port(), "", "Last-Event-ID: " + std::to_string(last) + "\r\n");
    while (seen < kEvents) {
      const auto piece = reader.next_event();
      if (piece.empty()) break;
      for (std::size_t at = piece.find("id: "); at != piece.npos; at = piece.find("id: ", at + 1), ++seen) {
        const auto id = std::stoll(piece.substr(at + 4));
        EXPECT_TRUE(last == 0 || id == last + 1);
        last = id;
      }
    }
  }
  EXPECT_EQ(seen, kEvents);
}

TEST_F(EventStreamsTest, ManyReadersGetEachEventOnce) {
  EventStreams many(topics, clock, metrics);
  OneTopic all(many, goes_on, TimePoint::max());
  Served server(all);
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 20; ++i) readers.push_back(std::make_unique<Reader>(server.port()));
  for (int i = 0; i < 10; ++i) append(std::to_string(i));
  for (auto& reader : readers) {
    std::string got;
    while (got.find("data: 9\n") == got.npos) {
      const auto piece = reader->next_event();
      ASSERT_FALSE(piece.empty());
      got += piece;
    }
    for (int i = 0; i < 10; ++i) {
      const auto line = "data: " + std::to_string(i) + "\n";
      EXPECT_EQ(got.find(line), got.rfind(line));
    }
  }
}

}  // namespace
}  // namespace patchbay::web
