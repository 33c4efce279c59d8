#include "web/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>

#include "unit/web/served.hpp"
#include "web/problem.hpp"

namespace patchbay::web {
namespace {

using namespace std::chrono_literals;
using test::RawHttp;

// Answers with what it got; some paths do something special.
class Echo : public Application {
 public:
  explicit Echo(Clock& clock) : clock_(clock) {}

  BodyPlan plan(const Request& head) override {
    if (head.path() == "/refused") throw Error(Code::unauthenticated, Text("web.internal"));
    return BodyPlan(head.path() == "/large" ? 64u << 20 : 1000, head.path() == "/large");
  }
  boost::asio::awaitable<Response> handle(Request request) override {
    if (request.path() == "/slow") {
      running = true;
      co_await clock_.sleep(300ms);
    }
    if (request.path() == "/throw") throw std::runtime_error("a secret of the inside");
    if (request.path() == "/missing") throw Error(Code::not_found, Text("base.not_found", {{"what", "X"}}));
    std::size_t streamed = 0;
    while (request.stream != nullptr) {
      const std::string piece = co_await request.stream->next();
      if (piece.empty()) break;
      streamed += piece.size();
    }
    if (request.path() == "/large") co_return Response(200, "text/plain", std::to_string(streamed));
    co_return Response(200, "text/plain", request.method + " " + request.target + " " + request.body);
  }

  std::atomic<bool> running{false};

 private:
  Clock& clock_;
};

class HttpServerTest : public testing::Test {
 protected:
  SystemClock clock;
  Echo echo{clock};
};

TEST_F(HttpServerTest, KeepsTheConnectionAndSaysWhatWasSent) {
  Served served(echo);
  RawHttp client(served.port());
  const auto first = client.ask("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "GET /a?b=c ");
  const auto second = client.ask("BREW /pot HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nwater");
  EXPECT_EQ(second.body, "BREW /pot water");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Served served(echo);
  RawHttp client(served.port());
  client.send(
      "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
      "GET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read().body, "POST /1 ab");
  EXPECT_EQ(client.read().body, "GET /2 ");
  EXPECT_EQ(client.read().body, "GET /3 ");
}

TEST_F(HttpServerTest, SendsSecurityHeadersAndTheTraceOfTheCaller) {  // OPS-12, OPS-6, HOOK-5
  Served served(echo);
  RawHttp client(served.port());
  const auto answer = client.ask(
      "GET / HTTP/1.1\r\nHost: x\r\ntraceparent: "
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n");
  EXPECT_EQ(answer.headers.at("x-request-id"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.at("x-frame-options"), "DENY");
  EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
  EXPECT_EQ(answer.headers.at("date").size(), 29u);
}

TEST_F(HttpServerTest, TakesABodyInPiecesAndInChunks) {
  Served served(echo);
  RawHttp client(served.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  std::this_thread::yield();
  client.send("4;note=1\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.read().body, "POST / abcdefg");
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab");
  client.send("cdef");
  EXPECT_EQ(client.read().body, "POST / abcdef");
}

// Beast of Boost 1.74 fails an assertion where the last chunk comes in pieces: it ended the host.
TEST_F(HttpServerTest, TakesChunksByteByByte) {  // HOOK-4
  Served served(echo);
  RawHttp client(served.port());
  for (const std::string chunks : {"0\r\n\r\n", "0;a\r\nT: v\r\n\r\n", "1\r\nx\r\n0\r\n\r\n"}) {
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char byte : chunks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that each is read alone
      client.send(std::string(1, byte));
    }
    EXPECT_EQ(client.read().status, 200);
  }
}

TEST_F(HttpServerTest, RefusesAnOversizeBodyBeforeItIsSent) {  // HOOK-4
  Served served(echo);
  RawHttp client(served.port());
  const auto answer = client.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, RefusesOversizeChunks) {  // HOOK-4
  Served served(echo);
  RawHttp client(served.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "200\r\n" + std::string(512, 'x') + "\r\n";
  client.send(chunk + chunk);
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(HttpServerTest, StreamsABodyLargerThanItsBuffers) {
  Served served(echo);
  RawHttp client(served.port());
  constexpr std::size_t kSize = 8u << 20;
  client.send("POST /large HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(kSize) + "\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.send(std::string(kSize, 'z'));
  EXPECT_EQ(client.read().body, std::to_string(kSize));
}

TEST_F(HttpServerTest, RefusesWithoutAskingForTheBody) {
  Served served(echo);
  RawHttp client(served.port());
  const auto answer =
      client.ask("POST /refused HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.count("www-authenticate"), 1u);
}

class BadRequest : public testing::TestWithParam<std::pair<std::string, int>> {};

TEST_P(BadRequest, IsAnsweredAndClosed) {  // HOOK-4
  SystemClock clock;
  Echo echo(clock);
  Served served(echo);
  RawHttp client(served.port());
  const auto answer = client.ask(GetParam().first);
  EXPECT_EQ(answer.status, GetParam().second);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  EXPECT_TRUE(client.ended());
}

INSTANTIATE_TEST_SUITE_P(
    HttpServerTest, BadRequest,
    testing::Values(
        std::pair{"nonsense\r\n\r\n", 400}, std::pair{"GET / HTTP/1.1\r\n\r\n", 400},
        std::pair{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        std::pair{"GET / HTTP/1.1\r\nHost: a\r\nbad name: b\r\n\r\n", 400},
        std::pair{"GET / HTTP/3.0\r\n\r\n", 505},
        std::pair{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                  400},
        std::pair{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
        std::pair{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        std::pair{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        std::pair{"GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", 417},
        std::pair{"GET / HTTP/1.1\r\nHost: a\r\nx: " + std::string(17'000, 'y') + "\r\n\r\n", 431}));

TEST_F(HttpServerTest, RefusesTooManyFields) {
  Served served(echo);
  RawHttp client(served.port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 200; ++i) client.send("n" + std::to_string(i) + ": v\r\n");
  client.send("\r\n");
  EXPECT_EQ(client.read().status, 431);
}

TEST_F(HttpServerTest, CutsAClientWhoseHeaderDoesNotEnd) {  // HOOK-4, slow clients
  HttpServer::Options options;
  options.header_timeout = 150ms;
  Served served(echo, options);
  RawHttp client(served.port());
  client.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, CutsAClientThatDripsItsBody) {  // HOOK-4
  HttpServer::Options options;
  options.transfer_timeout = 200ms;
  options.min_rate = 1u << 20;
  Served served(echo, options);
  RawHttp client(served.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  int sent = 0;
  while (sent < 900 && client.send("x")) {
    ++sent;
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_LT(sent, 100);
}

TEST_F(HttpServerTest, CutsAnIdleClientAtItsTime) {
  ManualClock manual(TimePoint(1'795'224'000'000ms));
  HttpServer::Options options;
  Served served(echo, options, &manual);
  RawHttp client(served.port());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  while (served.server().connections() != 0) manual.advance(10s);
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, TellsOneTooManyToComeBack) {
  HttpServer::Options options;
  options.max_connections = 1;
  Served served(echo, options);
  RawHttp first(served.port());
  EXPECT_EQ(first.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  RawHttp second(served.port());
  const auto answer = second.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("retry-after"), 1u);
}

TEST_F(HttpServerTest, HidesWhatWentWrongInsideAndLogsIt) {
  log::Redactor redactor;
  std::string lines;
  {
    Served served(echo, {}, nullptr,
                  log::Logger::to_string(log::Format::json, log::Level::info, redactor, lines));
    RawHttp client(served.port());
    const auto answer = client.ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_NE(answer.body.find(answer.headers.at("x-request-id")), std::string::npos);
  }
  EXPECT_NE(lines.find("a secret of the inside"), std::string::npos);
}

TEST_F(HttpServerTest, SpeaksTheReadersLanguage) {
  Served served(echo);
  RawHttp client(served.port());
  const auto answer = client.ask("GET /missing HTTP/1.1\r\nHost: x\r\nAccept-Language: fr, ru;q=0.5\r\n\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("Не найдено: X"), std::string::npos);
}

TEST_F(HttpServerTest, StopLetsARunningRequestFinish) {  // OPS-7
  Served served(echo);
  RawHttp idle(served.port());
  idle.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  RawHttp client(served.port());
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  while (!echo.running) std::this_thread::yield();
  auto stopped = served.stop(10s);
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
  EXPECT_FALSE(RawHttp(served.port()).connected());
}

TEST_F(HttpServerTest, StopAnswersWhoHasJustConnected) {  // OPS-7
  Served served(echo);
  RawHttp fresh(served.port());
  while (served.server().connections() == 0) std::this_thread::yield();
  auto stopped = served.stop(10s);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(fresh.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST_F(HttpServerTest, StopIsBounded) {  // OPS-7
  Served served(echo);
  RawHttp client(served.port());
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  while (!echo.running) std::this_thread::yield();
  EXPECT_EQ(served.stop(10ms).wait_for(10s), std::future_status::ready);
  EXPECT_EQ(client.read().status, 0);
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  Served served(echo);
  boost::asio::io_context io;
  HttpServer::Options options;
  options.port = served.port();
  HttpServer second(io.get_executor(), clock, log::Logger::none(), options, echo);
  EXPECT_THROW(second.start(), Error);
}

}  // namespace
}  // namespace patchbay::web
