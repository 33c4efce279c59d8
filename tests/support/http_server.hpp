#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace patchbay::testing {

// A small blocking HTTP/1.1 server on 127.0.0.1, one thread a connection, with kept connections: for tests of
// clients. The handler runs on those threads.
class HttpServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::multimap<std::string, std::string> headers;  // names in lower case
    std::string body;
    int number = 0;  // on its connection, from 1

    std::string header(const std::string& name) const {
      const auto entry = headers.find(name);
      return entry == headers.end() ? std::string() : entry->second;
    }
  };
  struct Reply {
    Reply() = default;
    explicit Reply(std::string body_) : body(std::move(body_)) {}
    Reply(int status_, std::vector<std::pair<std::string, std::string>> headers_, std::string body_ = {})
        : status(status_), headers(std::move(headers_)), body(std::move(body_)) {}

    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string raw;    // not empty: goes out instead of all that, and the connection ends
    bool drop = false;  // ends the connection without an answer
  };
  using Handler = std::function<Reply(const Request&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 128);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~HttpServer() { stop(); }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void stop() {
    if (stopping_.exchange(true)) return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
  }

  std::uint16_t port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& target = "/") const { return "http://" + authority() + target; }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return sockets_.size();
  }
  bool stopping() const { return stopping_; }

 private:
  void accept_all() {
    while (!stopping_) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    std::string buffer;
    Request request;
    while (read(socket, buffer, request)) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const auto reply = handler_(request);
      if (reply.drop) break;
      send(socket, reply.raw.empty() ? format(request, reply) : reply.raw);
      if (!reply.raw.empty()) break;
    }
    ::shutdown(socket, SHUT_RDWR);
  }

  static bool fill(int socket, std::string& buffer) {
    char piece[16384];
    const auto got = ::recv(socket, piece, sizeof(piece), 0);
    if (got > 0) buffer.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }

  static bool read(int socket, std::string& buffer, Request& request) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
      if (!fill(socket, buffer)) return false;
    }
    const int number = request.number + 1;
    request = parse(buffer.substr(0, end + 2));
    request.number = number;
    buffer.erase(0, end + 4);
    if (request.header("transfer-encoding") == "chunked") return read_chunks(socket, buffer, request.body);
    const auto length = request.header("content-length");
    return take(socket, buffer, length.empty() ? 0 : std::stoul(length), request.body);
  }

  static bool take(int socket, std::string& buffer, std::size_t size, std::string& to) {
    while (buffer.size() < size) {
      if (!fill(socket, buffer)) return false;
    }
    to += buffer.substr(0, size);
    buffer.erase(0, size);
    return true;
  }

  static bool read_chunks(int socket, std::string& buffer, std::string& body) {
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer.find("\r\n")) == buffer.npos) {
        if (!fill(socket, buffer)) return false;
      }
      const auto size = std::stoul(buffer.substr(0, end), nullptr, 16);
      buffer.erase(0, end + 2);
      std::string line;
      if (!take(socket, buffer, size, body) || !take(socket, buffer, 2, line)) return false;
      if (size == 0) return true;
    }
  }

  static Request parse(const std::string& head) {
    Request request;
    const auto first = head.substr(0, head.find("\r\n"));
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
    for (std::size_t at = first.size() + 2; at < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto line = head.substr(at, end - at);
      const auto colon = line.find(':');
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      const auto value = line.find_first_not_of(" \t", colon + 1);
      request.headers.emplace(std::move(name), value == line.npos ? std::string() : line.substr(value));
      at = end + 2;
    }
    return request;
  }

  static std::string format(const Request& request, const Reply& reply) {
    std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " Status\r\n";
    for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
    out += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
    return request.method == "HEAD" ? out : out + reply.body;
  }

  static void send(int socket, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const auto sent = ::send(socket, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += static_cast<std::size_t>(sent);
    }
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> sockets_;
  std::vector<Request> requests_;
};

}  // namespace patchbay::testing
