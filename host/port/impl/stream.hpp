#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/strand.hpp>

#include "base/clock.hpp"
#include "port/fd.hpp"
#include "port/message.hpp"
#include "tls/tls.hpp"

namespace patchbay::port {

// A connection that the host made for an instance: with or without TLS, in either mode. Everything happens on
// the strand, and each `done` runs once, on it, possibly before the call that it was given to has returned.
// While nothing moves it holds no buffer.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Strand = boost::asio::strand<boost::asio::any_io_executor>;
  using Done = std::function<void(Result)>;

  // `host` is whom its certificate must name.
  Stream(const Strand& strand, Clock& clock, std::string host, Fd socket);

  // Begins TLS as a client. A limit of zero: none, here and below.
  void secure(std::shared_ptr<const tls::Trust> trust, Duration limit, Done done);
  // Up to `most` bytes as soon as there are some, as the only attachment; an empty one at the end.
  void read(std::size_t most, Duration limit, Done done);
  // All of it.
  void write(std::string bytes, Duration limit, Done done);
  // Ends what waits. After a handshake or a write that was cut off, nothing more can be done with it.
  void cancel(const Result& why);
  // The same for good.
  void close(const Result& why);

 private:
  // What waits until the socket is ready.
  struct Work {
    std::function<tls::Stream::Wants()> step;
    std::function<Result()> result;
    std::function<Result()> broke;
    Done done;  // empty once it has run
    std::unique_ptr<Clock::Timer> limit;
  };
  using Slot = std::shared_ptr<Work> Stream::*;

  void begin(Slot slot, std::shared_ptr<Work> work, Duration limit);
  void go_on(Slot slot, const std::shared_ptr<Work>& work);
  void finish(Slot slot, const std::shared_ptr<Work>& work, Result result);
  bool refuses(Slot slot, const char* what, const Done& done);
  tls::Stream::Wants receive(char* room, std::size_t size, std::size_t& got);
  tls::Stream::Wants send(std::string_view bytes, std::size_t& sent);
  Result broken(Code code) const;
  Result unsecured() const;

  const Strand strand_;
  Clock& clock_;
  const std::string host_;
  boost::asio::generic::stream_protocol::socket socket_;
  std::unique_ptr<tls::Stream> tls_;
  std::shared_ptr<Work> reading_;
  std::shared_ptr<Work> writing_;  // or a handshake
  bool useless_ = false;           // a handshake or a write was cut off
  int error_ = 0;                  // of the socket, as errno
};

}  // namespace patchbay::port
