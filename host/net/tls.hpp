#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/clock.hpp"

namespace patchbay::net {

// What a server shows of itself: certificate chain and private key, both PEM. TLS 1.2 or 1.3, HTTP/1.1 by
// ALPN. Immutable; any thread.
class TlsIdentity {
 public:
  // Throws Error{invalid} "net.tls_certificate" or "net.tls_key" that names the file and says why: missing,
  // no PEM, key and certificate of different pairs. Blocks on the disk.
  static std::shared_ptr<const TlsIdentity> load(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  // When the certificate ends.
  TimePoint expires_at() const { return expires_at_; }

 private:
  friend class TlsStream;
  struct State;
  explicit TlsIdentity(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  TimePoint expires_at_;
};

// The server's side of TLS on a connected, non-blocking socket: says what it waits for instead of waiting.
// Its buffers are given back while a connection is idle. SIGPIPE must be ignored. One thread at a time.
class TlsStream {
 public:
  enum class Wants {
    nothing,  // it is done
    read,     // call again when the socket can be read
    write,    // call again, with the same bytes, when it can be written
    end,      // the other side has closed, or broken what TLS promises
  };

  // `descriptor` stays its owner's and open as long as this lives.
  TlsStream(std::shared_ptr<const TlsIdentity> identity, int descriptor);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Wants handshake();
  // `got`: how many bytes of `room` were filled, at least one when it is done.
  Wants read(char* room, std::size_t size, std::size_t& got);
  // `sent`: how many of `bytes` went out, at least one when it is done.
  Wants write(std::string_view bytes, std::size_t& sent);
  // Tells the other side that no more comes, once, without waiting.
  void close();

 private:
  struct State;
  Wants wants(int result);

  const std::shared_ptr<const TlsIdentity> identity_;
  std::unique_ptr<State> state_;
  bool broken_ = false;
};

}  // namespace patchbay::net
