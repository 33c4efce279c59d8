#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/strand.hpp>

#include "base/clock.hpp"
#include "port/wire.hpp"

namespace patchbay::port {

// Frames over one socket. Writes are joined while one is under way; nothing is read while more than
// kMaxUnsent bytes wait to be written, unless the other side takes nothing at all: then it may be waiting for
// us, and is read until kMaxStuck bytes more wait for it. Handlers run one after another on a strand of the
// connection.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // May throw wire::Broken: the connection then ends with that reason.
  using OnFrame = std::function<void(wire::Frame)>;
  // Once. `reason` says what the other side did ("sent garbage: …"), and is empty when it closed or close()
  // was called.
  using OnEnd = std::function<void(std::string reason)>;

  // Whether the other side may send descriptors along with its frames. One that may not and does has sent
  // garbage; the kernel closes what it sent.
  enum class Descriptors { refused, taken };

  // Takes ownership of the descriptor. `clock` outlives the connection.
  Connection(boost::asio::any_io_executor executor, Clock& clock, int socket,
             Descriptors descriptors = Descriptors::refused);

  void start(OnFrame on_frame, OnEnd on_end);
  // Any thread. Frames after the end are dropped.
  void send(const wire::Frame& frame);
  // The same, unless too much waits already: false.
  bool send_if_room(const wire::Frame& frame);
  // Any thread: closes after what was sent before is written.
  void close();
  // Any thread: closes at once; on_end hears `reason`.
  void abort(std::string reason);

 private:
  struct Outgoing {
    std::size_t at = 0;  // where its frame begins
    std::shared_ptr<Fd> fd;
  };

  void read();
  long receive();
  void came(long count);
  void take(std::size_t count);
  void write();
  void write_some();
  void write_with_fd();
  void wrote(std::size_t count);
  void pause();
  void finish(std::string reason);

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  Clock& clock_;
  boost::asio::local::stream_protocol::socket socket_;
  const Descriptors descriptors_;
  OnFrame on_frame_;
  OnEnd on_end_;
  bool ended_ = false;
  bool drained_ = false;  // the last read took all that was there: another at once is in vain
  bool paused_ = false;
  bool stuck_ = false;        // the other side takes nothing: read all the same
  std::size_t stuck_at_ = 0;  // what waited then
  std::unique_ptr<Clock::Timer> stuck_timer_;
  std::string in_;
  std::size_t filled_ = 0;
  std::deque<Fd> fds_;  // that came, in the order of the frames that they go with
  std::string writing_;
  std::size_t written_ = 0;  // of writing_
  std::deque<Outgoing> writing_fds_;

  std::atomic<std::size_t> unsent_{0};  // bytes sent and not yet written
  std::mutex mutex_;                    // guards what follows
  std::string queue_;
  std::deque<Outgoing> queue_fds_;
  bool busy_ = false;
  bool closed_ = false;
  bool closing_ = false;
};

}  // namespace patchbay::port
