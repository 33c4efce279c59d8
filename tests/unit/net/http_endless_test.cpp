// Answers that are read while they come (plugin-needs N7 b).
#include <atomic>
#include <condition_variable>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

// Sends a head at once, then what it is told to.
class TrickleServer {
 public:
  explicit TrickleServer(std::string head) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, head = std::move(head)] {
      peer_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      char bytes[4096];
      if (::recv(peer_, bytes, sizeof bytes, 0) <= 0) return;
      ::send(peer_, head.data(), head.size(), MSG_NOSIGNAL);
      // Until the client closes.
      while (::recv(peer_, bytes, sizeof bytes, 0) > 0) continue;
      closed = true;
    });
  }
  ~TrickleServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (peer_ >= 0) ::shutdown(peer_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    if (peer_ >= 0) ::close(peer_);
  }
  TrickleServer(const TrickleServer&) = delete;
  TrickleServer& operator=(const TrickleServer&) = delete;

  // How much was taken off us before the network stood still.
  std::size_t flood() {
    const std::string bytes(64u << 10, 'x');
    std::size_t sent = 0;
    for (int still = 0; still < 20;) {
      const auto took = ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (took > 0) {
        sent += static_cast<std::size_t>(took);
        still = 0;
      } else {
        ++still;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      if (sent > (1u << 30)) return sent;
    }
    return sent;
  }
  void say(const std::string& text) { ::send(peer_, text.data(), text.size(), MSG_NOSIGNAL); }
  void end() { ::shutdown(peer_, SHUT_WR); }

  std::uint16_t port = 0;
  std::atomic<bool> closed = false;

 private:
  int listener_ = -1;
  std::atomic<int> peer_ = -1;
  std::thread thread_;
};

class HttpEndlessTest : public ClientTest {
 protected:
  HttpRequest request_to(const TrickleServer& server) {
    const auto authority = "127.0.0.1:" + std::to_string(server.port);
    rule_.opened.push_back(authority);
    HttpRequest request("GET", "http://" + authority + "/events");
    request.on_head = [this](HttpResponse head) { return take_head(std::move(head)); };
    request.on_body = [this](std::string piece) { return take(std::move(piece)); };
    return request;
  }
  boost::asio::awaitable<void> take_head(HttpResponse head) {
    head_ = std::move(head);
    co_return;
  }
  boost::asio::awaitable<void> take(std::string piece) {
    body_ += piece;
    SystemClock clock;
    while (held_) co_await clock.sleep(Duration(5));
  }
  template <class Done>
  void run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end) io_.run_one_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(done());
  }
  void start(HttpRequest request) {
    boost::asio::co_spawn(io_, client().fetch(std::move(request), rule_),
                          boost::asio::bind_cancellation_slot(
                              signal_.slot(), [this](std::exception_ptr error, const HttpResponse&) {
                                error_ = error;
                                ended_ = true;
                              }));
  }

  std::optional<HttpResponse> head_;
  std::string body_;
  bool held_ = false;
  bool ended_ = false;
  std::exception_ptr error_;
  boost::asio::cancellation_signal signal_;
};

const char* const kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

TEST_F(HttpEndlessTest, TheHeadIsThereBeforeTheBody) {
  TrickleServer server(kHead);
  start(request_to(server));
  run_until([&] { return head_.has_value(); });
  EXPECT_EQ(head_->status, 200);
  EXPECT_EQ(body_, "");
  server.say("data: 1\n\n");
  run_until([&] { return body_ == "data: 1\n\n"; });
  server.end();
  run_until([&] { return ended_; });
  EXPECT_FALSE(error_);
}

TEST_F(HttpEndlessTest, NeitherTimeNorSizeLimitsIt) {
  TrickleServer server(kHead);
  auto request = request_to(server);
  request.timeout = Duration(200);
  request.max_response = 10;
  start(std::move(request));
  run_until([&] { return head_.has_value(); });
  io_.run_for(std::chrono::milliseconds(400));
  EXPECT_FALSE(ended_);
  server.say(std::string(100, 'x'));
  run_until([&] { return body_.size() == 100; });
  server.end();
  run_until([&] { return ended_; });
  EXPECT_FALSE(error_);
}

TEST_F(HttpEndlessTest, UntilTheHeadIsThereTimeRuns) {
  TrickleServer server("");
  auto request = request_to(server);
  request.timeout = Duration(100);
  start(std::move(request));
  run_until([&] { return ended_; });
  EXPECT_TRUE(error_);
}

TEST_F(HttpEndlessTest, WhatIsNotTakenStaysInTheNetwork) {
  TrickleServer server(kHead);
  held_ = true;
  start(request_to(server));
  run_until([&] { return head_.has_value(); });
  std::atomic<std::size_t> sent = 0;
  std::atomic<bool> stood = false;
  std::thread flooding([&] {
    sent = server.flood();
    stood = true;
  });
  run_until([&] { return stood.load(); });
  flooding.join();
  EXPECT_GT(sent, 0u);
  EXPECT_LT(sent, 64u << 20);
  EXPECT_LE(body_.size(), 512u << 10);
  signal_.emit(boost::asio::cancellation_type::terminal);
  run_until([&] { return ended_ && server.closed; });
}

}  // namespace
}  // namespace patchbay::net
