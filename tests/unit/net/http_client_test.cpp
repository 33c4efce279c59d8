#include "net/http.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

using Reply = HttpServer::Reply;

class HttpClientTest : public ClientTest {};

Reply echo(const HttpServer::Request& request) {
  return {200, {{"X-Method", request.method}, {"Content-Type", "text/plain"}}, request.body};
}

boost::asio::awaitable<std::string> next_piece(std::size_t& given) {
  const auto size = std::min<std::size_t>(70'000, 300'000 - given);
  given += size;
  co_return std::string(size, 'z');
}

boost::asio::awaitable<void> count(std::size_t& total, std::string piece) {
  total += piece.size();
  co_return;
}

boost::asio::awaitable<void> count_slowly(std::size_t& total, std::size_t& largest, std::string piece) {
  SystemClock clock;
  co_await clock.sleep(Duration(2));
  total += piece.size();
  largest = std::max(largest, piece.size());
}

TEST_F(HttpClientTest, SendsTheUrlByteForByte) {  // plugin-needs N7 e
  HttpServer server(echo);
  open(server);
  const std::string target = "/a/../b//%2f%7e(x:y,z)?q=%20&r=a+b'\"&&s";
  fetch({"GET", server.url(target)});
  EXPECT_EQ(server.requests().at(0).target, target);
  EXPECT_EQ(server.requests().at(0).header("host"), server.authority());
}

TEST_F(HttpClientTest, SendsMethodHeadersAndBody) {
  HttpServer server(echo);
  open(server);
  HttpRequest request("PROPFIND", server.url());
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Content-Type", "application/xml"}};
  request.body = std::string("a\0b", 3);
  const auto response = fetch(std::move(request));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string("a\0b", 3));
  const auto seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "PROPFIND");
  EXPECT_EQ(seen.header("x-one"), "1");
  EXPECT_EQ(seen.headers.count("x-empty"), 1u);
  EXPECT_EQ(seen.header("content-type"), "application/xml");
  EXPECT_EQ(seen.header("user-agent"), "Patchbay");
}

TEST_F(HttpClientTest, CallsNoBodyAForm) {
  HttpServer server(echo);
  open(server);
  HttpRequest request("POST", server.url());
  request.body = std::string(2u << 20, 'x');
  EXPECT_EQ(fetch(std::move(request)).body.size(), 2u << 20);
  EXPECT_EQ(server.requests().at(0).headers.count("content-type"), 0u);
  EXPECT_EQ(server.requests().at(0).headers.count("expect"), 0u);
}

TEST_F(HttpClientTest, GivesHeaderNamesInLowerCase) {
  HttpServer server(echo);
  open(server);
  const auto response = fetch({"POST", server.url()});
  EXPECT_NE(std::find(response.headers.begin(), response.headers.end(),
                      std::pair<std::string, std::string>("x-method", "POST")),
            response.headers.end());
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswer) {
  HttpServer server([](const auto&) { return Reply(503, {{"Retry-After", "7"}}, "later"); });
  open(server);
  const auto response = fetch({"GET", server.url()});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "later");
}

TEST_F(HttpClientTest, SendsPartsFromMemoryAndFromAStream) {  // plugin-needs N7 a
  HttpServer server(echo);
  open(server);
  HttpRequest request("POST", server.url());
  FormPart field;
  field.name = "chat";
  field.data = "17";
  FormPart file;
  file.name = "document";
  file.file_name = "a \"b\".txt";
  file.type = "text/plain";
  file.size = 300'000;
  std::size_t given = 0;
  file.read = [&given] { return next_piece(given); };
  request.parts = {field, file};
  const auto body = fetch(std::move(request)).body;
  EXPECT_EQ(std::count(body.begin(), body.end(), 'z'), 300'000);
  EXPECT_NE(body.find("name=\"chat\"\r\n\r\n17\r\n"), body.npos) << body.substr(0, 500);
  EXPECT_NE(body.find("filename=\"a %22b%22.txt\"\r\nContent-Type: text/plain"), body.npos)
      << body.substr(0, 500);
  EXPECT_TRUE(server.requests().at(0).header("content-type").starts_with("multipart/form-data; boundary="));
}

TEST_F(HttpClientTest, StreamsABody) {  // plugin-needs N7 a
  HttpServer server(echo);
  open(server);
  HttpRequest request("PUT", server.url());
  std::size_t given = 0;
  request.whole.emplace();
  request.whole->size = 300'000;
  request.whole->read = [&given] { return next_piece(given); };
  EXPECT_EQ(fetch(request).body, std::string(300'000, 'z'));
  EXPECT_EQ(server.requests().at(0).method, "PUT");
  EXPECT_EQ(server.requests().at(0).header("content-length"), "300000");
  given = 0;
  request.whole->size = 300'001;
  EXPECT_NE(code_of(request), Code::ok) << "it ended before its stated size";
  given = 300'000;
  request.whole->size = 0;
  EXPECT_EQ(fetch(request).body, "");
}

TEST_F(HttpClientTest, StreamsAnswersThatAreGood) {
  HttpServer server([](const auto& request) {
    return request.target == "/bad" ? Reply(404, {}, "no such file")
                                    : Reply(200, {}, std::string(1'000'000, 'y'));
  });
  open(server);
  std::size_t streamed = 0;
  HttpRequest good("GET", server.url("/good"));
  good.on_body = [&](std::string piece) { return count(streamed, std::move(piece)); };
  HttpRequest bad("GET", server.url("/bad"));
  bad.on_body = good.on_body;
  EXPECT_EQ(fetch(std::move(good)).body, "");
  EXPECT_EQ(streamed, 1'000'000u);
  EXPECT_EQ(fetch(std::move(bad)).body, "no such file");
  EXPECT_EQ(streamed, 1'000'000u);
}

TEST_F(HttpClientTest, ReadsNoFasterThanTheStreamTakes) {
  HttpServer server([](const auto&) { return Reply(200, {}, std::string(8u << 20, 'y')); });
  open(server);
  std::size_t streamed = 0;
  std::size_t largest = 0;
  HttpRequest request("GET", server.url());
  request.max_response = 8u << 20;
  request.on_body = [&](std::string piece) { return count_slowly(streamed, largest, std::move(piece)); };
  fetch(std::move(request));
  EXPECT_EQ(streamed, 8u << 20);
  EXPECT_LE(largest, 512u << 10);
}

TEST_F(HttpClientTest, KeepsConnections) {  // measurements 8
  HttpServer server(echo);
  open(server);
  for (int i = 0; i < 20; ++i) fetch({"POST", server.url()});
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(server.requests().size(), 20u);
}

TEST_F(HttpClientTest, PollsOnConnectionsOfTheirOwn) {  // plugin-needs N7 f
  HttpServer server(echo);
  open(server);
  fetch({"GET", server.url()});
  HttpRequest poll("GET", server.url());
  poll.long_poll = true;
  fetch(std::move(poll));
  EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, PollsAreNotCountedAgainstAHost) {
  std::latch both(2);  // answered only when the other one is there too
  HttpServer server([&both](const auto&) {
    both.arrive_and_wait();
    return Reply("{}");
  });
  open(server);
  options_.connections_per_host = 1;
  int answered = 0;
  for (int i = 0; i < 2; ++i) {
    HttpRequest poll("GET", server.url());
    poll.long_poll = true;
    boost::asio::co_spawn(io_, client().fetch(std::move(poll), rule_),
                          [&](std::exception_ptr error, const HttpResponse&) { answered += error ? 0 : 1; });
  }
  io_.run_for(std::chrono::seconds(10));
  EXPECT_EQ(answered, 2);
}

TEST_F(HttpClientTest, AsksThroughAProxyButNotForOpenedHosts) {  // OPS-15
  HttpServer proxy([](const auto&) { return Reply(502, {}, "proxy says no"); });
  HttpServer direct(echo);
  open(direct);
  options_.proxy = proxy.url();
  EXPECT_EQ(fetch({"GET", direct.url()}).status, 200);
  EXPECT_EQ(code_of({"GET", "https://api.example.org/secret-path"}), Code::unavailable);
  ASSERT_EQ(proxy.requests().size(), 1u);
  EXPECT_EQ(proxy.requests().at(0).method, "CONNECT");
  EXPECT_EQ(proxy.requests().at(0).target, "api.example.org:443");
  EXPECT_EQ(code_of({"GET", "https://10.0.0.1/"}), Code::denied);
}

TEST_F(HttpClientTest, TakesNoProxyFromTheEnvironment) {
  HttpServer server(echo);
  open(server);
  ::setenv("http_proxy", "http://127.0.0.1:9", 1);
  EXPECT_EQ(fetch({"GET", server.url()}).status, 200);
  ::unsetenv("http_proxy");
}

TEST_F(HttpClientTest, RunsManyRequestsAtOnce) {
  HttpServer server(echo);
  open(server);
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    boost::asio::co_spawn(io_, client().fetch({"POST", server.url()}, rule_),
                          [&](std::exception_ptr error, const HttpResponse& response) {
                            answered += !error && response.status == 200 ? 1 : 0;
                          });
  }
  io_.run();
  EXPECT_EQ(answered, 200);
  EXPECT_LE(server.connections(), 32u);
}

}  // namespace
}  // namespace patchbay::net
