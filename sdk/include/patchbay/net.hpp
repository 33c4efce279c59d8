#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "patchbay/waiting.hpp"

// Connections for protocols that the host does not speak (pb.net/1).
namespace patchbay {

// Where to connect to; the manifest's "net" must allow it.
class NetTarget {
 public:
  NetTarget(std::string host_, std::uint32_t port_) : host(std::move(host_)), port(port_) {}
  // TLS from the first byte.
  NetTarget& tls() {
    security = PB_TLS;
    return *this;
  }
  // Certificates in PEM, believed instead of the system's authorities. Empty: the system's.
  NetTarget& believe(std::string pem) {
    authorities = std::move(pem);
    return *this;
  }
  // Until it is connected; 0: what the call has left, else 30 s.
  NetTarget& within(std::int64_t milliseconds) {
    timeout_ms = milliseconds;
    return *this;
  }

  std::string host;
  std::uint32_t port;
  std::uint32_t security = PB_PLAIN;
  std::string authorities;
  std::int64_t timeout_ms = 0;
};

// One operation on a connection. `start(state, wait)` makes it and says with wait.on(id) for which
// connection.
template <class Start>
class NetRequest : public Reply {
 public:
  NetRequest(const HostTable& host, const char* what, Start start)
      : Reply(host, what), start_(std::move(start)) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> task) {
    const std::shared_ptr<CallState> state = suspend(task);
    if (!host_.net.connect) throw Error(PB_UNSUPPORTED, "The host offers no pb.net/1: update it");
    std::uint64_t stream = 0;
    if (refused(start_(*state, &NetRequest::on_reply, static_cast<Reply*>(this), stream))) return false;
    if (!has_come()) state->waits_for_stream(stream);
    return true;
  }

 private:
  Start start_;
};

// A connection. Closes itself; closing ends what waits with Error(PB_CANCELLED). One read and one write (or
// start_tls) may wait at a time; a call that is cancelled cancels what it waits for. A timeout of 0 means
// what the call has left. On the strand.
class Stream {
 public:
  Stream(const HostTable& host, std::uint64_t id) : host_(&host), id_(id) {}
  Stream(Stream&& other) noexcept : host_(other.host_), id_(std::exchange(other.id_, 0)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(id_, other.id_);
    return *this;
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { close(); }

  // What has arrived, up to `most` bytes (0: 64 KiB, which is the most); empty at the end. A read that was
  // cut off, also by its time (PB_DEADLINE), has taken nothing. PB_UNAVAILABLE: it broke.
  Task<std::string> read(std::size_t most = 0, std::int64_t timeout_ms = 0) const {
    return read_from(*host_, id_, most, timeout_ms);
  }
  // All of it. PB_OUTCOME_UNKNOWN: it broke, a part may have arrived. One that was cut off leaves a
  // connection that can only be closed.
  Task<void> write(std::string bytes, std::int64_t timeout_ms = 0) const {
    return write_to(*host_, id_, std::move(bytes), timeout_ms);
  }
  // TLS from here on. PB_DENIED: the certificate was not accepted. Read what the server said before it.
  Task<void> start_tls(std::int64_t timeout_ms = 0) const { return secure(*host_, id_, timeout_ms); }

  void close() {
    const std::uint64_t id = std::exchange(id_, 0);
    if (id && host_->net.close) host_->net.close(host_->core.ctx, id);
  }

 private:
  static constexpr std::size_t kPiece = 1u << 20;  // that the host takes at once

  static std::int64_t limit(const CallState& state, std::int64_t timeout_ms) {
    return timeout_ms > 0 ? timeout_ms : state.remaining_ms();
  }

  static Task<std::string> read_from(const HostTable& host, std::uint64_t id, std::size_t most,
                                     std::int64_t timeout_ms) {
    const auto start = [&](const CallState& state, pb_reply_fn reply, void* user, std::uint64_t& stream) {
      stream = id;
      return host.net.read(host.core.ctx, id, most, limit(state, timeout_ms), reply, user);
    };
    NetRequest waiting(host, "pb.net/1, read", start);
    co_await waiting;
    Message reply = waiting.take();
    if (reply.blobs.empty()) co_return std::string();
    co_return std::move(reply.blobs.front());
  }

  static Task<void> write_to(const HostTable& host, std::uint64_t id, std::string bytes,
                             std::int64_t timeout_ms) {
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
      const std::string_view piece = std::string_view(bytes).substr(at, kPiece);
      const auto start = [&](const CallState& state, pb_reply_fn reply, void* user, std::uint64_t& stream) {
        stream = id;
        return host.net.write(host.core.ctx, id, view(piece), limit(state, timeout_ms), reply, user);
      };
      NetRequest waiting(host, "pb.net/1, write", start);
      co_await waiting;
      waiting.take();
    }
  }

  static Task<void> secure(const HostTable& host, std::uint64_t id, std::int64_t timeout_ms) {
    const auto start = [&](const CallState& state, pb_reply_fn reply, void* user, std::uint64_t& stream) {
      stream = id;
      return host.net.start_tls(host.core.ctx, id, limit(state, timeout_ms), reply, user);
    };
    NetRequest waiting(host, "pb.net/1, start_tls", start);
    co_await waiting;
    waiting.take();
  }

  const HostTable* host_;
  std::uint64_t id_;  // 0: closed
};

// What Host::connect does.
inline Task<Stream> connect(const HostTable& host, NetTarget target) {
  std::uint64_t id = 0;
  const auto start = [&](const CallState& state, pb_reply_fn reply, void* user, std::uint64_t& stream) {
    pb_net_target wanted = {};
    wanted.struct_size = sizeof wanted;
    wanted.security = target.security;
    wanted.host = view(target.host);
    wanted.port = target.port;
    wanted.timeout_ms = target.timeout_ms > 0 ? target.timeout_ms : state.remaining_ms();
    wanted.authorities = view(target.authorities);
    wanted.trace = view(state.trace());
    const pb_code accepted = host.net.connect(host.core.ctx, &wanted, reply, user, &id);
    stream = id;
    return accepted;
  };
  NetRequest waiting(host, "pb.net/1:connect", start);
  co_await waiting;
  waiting.take();
  co_return Stream(host, id);
}

}  // namespace patchbay
