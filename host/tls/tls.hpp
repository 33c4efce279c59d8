#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"

// TLS 1.2 and 1.3 on a connected socket that belongs to somebody else.
namespace patchbay::tls {

// What a server shows of itself: certificate chain and private key, both PEM. HTTP/1.1 by ALPN. Immutable;
// any thread.
class Identity {
 public:
  // Throws Error{invalid} "tls.certificate" or "tls.key" that names the file and says why: missing, no PEM,
  // key and certificate of different pairs. Blocks on the disk.
  static std::shared_ptr<const Identity> load(const std::filesystem::path& certificate,
                                              const std::filesystem::path& key);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  // When the certificate ends.
  TimePoint expires_at() const { return expires_at_; }

 private:
  friend class Stream;
  struct State;
  explicit Identity(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  TimePoint expires_at_;
};

// The authorities that a client believes. Immutable; any thread.
class Trust {
 public:
  // Those of the system. Read once, when they are first wanted, and kept for as long as the process lives.
  // Throws Error{unavailable} "tls.no_authorities". Blocks on the disk the first time.
  static std::shared_ptr<const Trust> system();
  // One or more certificates as PEM; nobody else is believed then. Shared by all who name the same ones at a
  // time. Throws Error{invalid} "tls.bad_authorities".
  static std::shared_ptr<const Trust> of(std::string_view pem);
  ~Trust();
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;

 private:
  friend class Stream;
  struct State;
  explicit Trust(std::unique_ptr<State> state);
  static std::shared_ptr<const Trust> read(std::string_view pem);

  std::unique_ptr<State> state_;
};

// One side of TLS on a connected, non-blocking socket: says what it waits for instead of waiting. Its buffers
// are given back while a connection is idle. SIGPIPE must be ignored. One thread at a time.
class Stream {
 public:
  enum class Wants {
    nothing,  // it is done
    read,     // call again when the socket can be read
    write,    // call again, with the same bytes, when it can be written
    end,      // the other side has closed, or broken what TLS promises
  };

  // The server's side. `descriptor` stays its owner's and open as long as this lives.
  Stream(std::shared_ptr<const Identity> identity, int descriptor);
  // The client's: the certificate must be for `host`, a name (sent as server name) or a numeric address.
  Stream(std::shared_ptr<const Trust> trust, const std::string& host, int descriptor);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Wants handshake();
  // `got`: how many bytes of `room` were filled, at least one when it is done.
  Wants read(char* room, std::size_t size, std::size_t& got);
  // `sent`: how many of `bytes` went out, at least one when it is done.
  Wants write(std::string_view bytes, std::size_t& sent);
  // Tells the other side that no more comes, once, without waiting.
  void close();

  // After Wants::end. Whether the other side said that no more comes; a connection that just breaks off may
  // have been cut by a third.
  bool is_closed() const { return closed_; }
  // Whether its certificate was refused.
  bool is_refused() const;
  // What went wrong, in OpenSSL's words.
  const std::string& reason() const { return reason_; }

 private:
  struct State;
  Wants wants(int result);

  const std::shared_ptr<const void> owner_;  // of what the state refers to
  std::unique_ptr<State> state_;
  bool broken_ = false;
  bool closed_ = false;
  std::string reason_;
};

}  // namespace patchbay::tls
