#include <gtest/gtest.h>

#include <stdexcept>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

using namespace std::chrono_literals;
using Reply = HttpServer::Reply;

class HttpFailureTest : public ClientTest {
 protected:
  // A port on which nobody listens.
  static std::string closed_authority() {
    HttpServer server([](const auto&) { return Reply("x"); });
    return server.authority();
  }
};

Reply drop() {
  Reply reply;
  reply.drop = true;
  return reply;
}

boost::asio::awaitable<void> no_room() {
  throw std::runtime_error("disk full");
  co_return;
}

boost::asio::awaitable<std::string> no_file() {
  throw std::runtime_error("file gone");
  co_return "";
}

boost::asio::awaitable<std::string> nothing() {
  co_return "";
}

// Holds the answer back until the server stops.
struct Silent {
  HttpServer* server = nullptr;
  Reply operator()(const HttpServer::Request&) const {
    while (!server->stopping()) std::this_thread::sleep_for(2ms);
    return Reply("late");
  }
};

TEST_F(HttpFailureTest, NotConnectedIsUnavailable) {
  const auto authority = closed_authority();
  rule_.opened.push_back(authority);
  EXPECT_EQ(code_of({"POST", "http://" + authority + "/token-in-path"}), Code::unavailable);
  EXPECT_EQ(text_.english().find("token-in-path"), std::string::npos);
}

TEST_F(HttpFailureTest, SentWithoutAnswerIsOutcomeUnknown) {
  HttpServer server([](const auto&) { return drop(); });
  open(server);
  EXPECT_EQ(code_of({"POST", server.url()}), Code::outcome_unknown);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpFailureTest, HalfAnAnswerIsOutcomeUnknown) {
  HttpServer server([](const auto&) {
    Reply reply;
    reply.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    return reply;
  });
  open(server);
  EXPECT_EQ(code_of({"POST", server.url()}), Code::outcome_unknown);
}

TEST_F(HttpFailureTest, AnUnsafeRequestIsNeverSentTwice) {
  HttpServer server([](const auto& request) { return request.number == 1 ? Reply("first") : drop(); });
  open(server);
  EXPECT_EQ(fetch({"POST", server.url("/1")}).body, "first");
  EXPECT_EQ(code_of({"POST", server.url("/2")}), Code::outcome_unknown);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(HttpFailureTest, ASafeRequestSurvivesADeadKeptConnection) {
  HttpServer server([](const auto& request) { return request.number == 1 ? Reply("good") : drop(); });
  open(server);
  EXPECT_EQ(fetch({"GET", server.url("/1")}).body, "good");
  EXPECT_EQ(fetch({"GET", server.url("/2")}).body, "good");
}

TEST_F(HttpFailureTest, NoAnswerInTimeIsOutcomeUnknown) {
  Silent silent;
  HttpServer server([&](const auto& request) { return silent(request); });
  silent.server = &server;
  open(server);
  HttpRequest request("POST", server.url());
  request.timeout = 200ms;
  EXPECT_EQ(code_of(std::move(request)), Code::outcome_unknown);
}

TEST_F(HttpFailureTest, TimedOutBeforeSendingIsDeadline) {
  // A listener whose queue is full answers no SYN.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(first, reinterpret_cast<sockaddr*>(&address), size), 0);
  const auto authority = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  rule_.opened.push_back(authority);
  HttpRequest request("POST", "http://" + authority + "/");
  request.timeout = 300ms;
  EXPECT_EQ(code_of(std::move(request)), Code::deadline);
  ::close(first);
  ::close(listener);
}

TEST_F(HttpFailureTest, AnswersBeyondTheLimitAreInvalid) {
  HttpServer server([](const auto&) { return Reply(std::string(2000, 'x')); });
  open(server);
  HttpRequest request("GET", server.url());
  request.max_response = 1999;
  EXPECT_EQ(code_of(std::move(request)), Code::invalid);
  EXPECT_EQ(text_.id(), "net.response_too_large");
}

TEST_F(HttpFailureTest, RefusesWhatWouldBreakTheMessage) {
  rule_.opened = {"127.0.0.1:1"};
  const std::string url = "http://127.0.0.1:1/";
  EXPECT_EQ(code_of({"GE T", url}), Code::invalid);
  for (const auto& [name, value] : Headers{{"X", "a\r\nY: b"},
                                           {"X Y", "a"},
                                           {"", "a"},
                                           {"X", std::string("\0", 1)},
                                           {"Host", "other"},
                                           {"content-length", "3"},
                                           {"Proxy-Authorization", "x"}}) {
    HttpRequest request("GET", url);
    request.headers = {{name, value}};
    EXPECT_EQ(code_of(std::move(request)), Code::invalid) << name;
  }
}

TEST_F(HttpFailureTest, WhatAStreamThrowsComesOut) {
  HttpServer server([](const auto&) { return Reply("body"); });
  open(server);
  HttpRequest request("GET", server.url());
  request.on_body = [](std::string) { return no_room(); };
  EXPECT_THROW(fetch(std::move(request)), std::runtime_error);
  HttpRequest upload("POST", server.url());
  upload.parts.resize(1);
  upload.parts[0].name = "file";
  upload.parts[0].size = 10;
  upload.parts[0].read = [] { return no_file(); };
  EXPECT_THROW(fetch(std::move(upload)), std::runtime_error);
}

TEST_F(HttpFailureTest, APartShorterThanStatedIsInvalid) {
  HttpServer server([](const auto&) { return Reply("body"); });
  open(server);
  HttpRequest request("POST", server.url());
  request.parts.resize(1);
  request.parts[0].name = "file";
  request.parts[0].size = 10;
  request.parts[0].read = [] { return nothing(); };
  EXPECT_EQ(code_of(std::move(request)), Code::invalid);
  EXPECT_EQ(text_.id(), "net.part_too_short");
}

TEST_F(HttpFailureTest, CancellingEndsTheWait) {
  Silent silent;
  HttpServer server([&](const auto& request) { return silent(request); });
  silent.server = &server;
  open(server);
  boost::asio::cancellation_signal signal;
  std::exception_ptr seen;
  boost::asio::co_spawn(
      io_, client().fetch({"POST", server.url()}, rule_),
      boost::asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr error, const HttpResponse&) { seen = error; }));
  while (server.requests().empty()) io_.run_one_for(5ms);
  signal.emit(boost::asio::cancellation_type::terminal);
  io_.run();
  ASSERT_TRUE(seen);
  EXPECT_THROW(std::rethrow_exception(seen), boost::system::system_error);
}

}  // namespace
}  // namespace patchbay::net
