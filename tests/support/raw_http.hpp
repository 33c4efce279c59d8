#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace patchbay::test {

struct RawAnswer {
  int status = 0;  // 0: the connection ended before a whole answer
  std::map<std::string, std::string> headers;
  std::string body;
};

// A blocking client that sends exactly the bytes it is told and reads answers off the wire: for tests of
// servers.
class RawHttp {
 public:
  explicit RawHttp(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawHttp() { ::close(fd_); }
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  bool connected() const { return connected_; }

  // False when the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // One answer, with its body by Content-Length, chunks or end of connection.
  RawAnswer read(bool bodiless = false) {
    RawAnswer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
      if (!more()) return answer;
    }
    parse_head(buffer_.substr(0, end), answer);
    buffer_.erase(0, end + 4);
    const bool none = bodiless || answer.status < 200 || answer.status == 204 || answer.status == 304;
    if (!none) read_body(answer);
    return answer;
  }

  // One chunk of a body whose head was read as bodiless; empty: its end, or that of the connection.
  std::string read_chunk() {
    while (buffer_.find("\r\n") == buffer_.npos) {
      if (!more()) return {};
    }
    const auto size = std::strtoull(buffer_.c_str(), nullptr, 16);
    buffer_.erase(0, buffer_.find("\r\n") + 2);
    auto chunk = take(size);
    take(2);
    return chunk.size() == size ? chunk : std::string();
  }

  RawAnswer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }

  // Waits for the end of the connection; whatever comes before it is dropped.
  bool ended() {
    while (more()) buffer_.clear();
    return over_;
  }

 private:
  bool more() {
    char room[16384];
    const auto size = ::recv(fd_, room, sizeof room, 0);
    if (size > 0) buffer_.append(room, static_cast<std::size_t>(size));
    if (size == 0 || (size < 0 && errno == ECONNRESET)) over_ = true;
    return size > 0;
  }

  static void parse_head(const std::string& head, RawAnswer& answer) {
    answer.status = head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
    std::size_t at = head.find("\r\n");
    while (at != head.npos) {
      const auto colon = head.find(": ", at);
      const auto end = head.find("\r\n", at + 2);
      if (colon == head.npos) break;
      answer.headers[head.substr(at + 2, colon - at - 2)] =
          head.substr(colon + 2, end == head.npos ? head.npos : end - colon - 2);
      at = end;
    }
  }

  void read_body(RawAnswer& answer) {
    if (const auto length = answer.headers.find("content-length"); length != answer.headers.end()) {
      answer.body = take(std::strtoull(length->second.c_str(), nullptr, 10));
    } else if (answer.headers.count("transfer-encoding") != 0) {
      while (true) {
        while (buffer_.find("\r\n") == buffer_.npos && more()) {
        }
        const auto size = std::strtoull(buffer_.c_str(), nullptr, 16);
        buffer_.erase(0, buffer_.find("\r\n") + 2);
        answer.body += take(size);
        take(2);
        if (size == 0 || over_) break;
      }
    } else {
      while (more()) {
      }
      answer.body = std::exchange(buffer_, {});
    }
  }

  std::string take(std::size_t size) {
    while (buffer_.size() < size && more()) {
    }
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int fd_;
  bool connected_ = false;
  bool over_ = false;
  std::string buffer_;
};

}  // namespace patchbay::test
