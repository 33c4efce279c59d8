#include "port/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "port/limits.hpp"

namespace patchbay::port {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr std::size_t kIdleBuffer = 8u << 10;  // kept while nothing comes: an idle worker stays small
constexpr Duration kStuck{500};
constexpr std::size_t kReadAhead = 64u << 10;  // while frames come
}  // namespace

Connection::Connection(asio::any_io_executor executor, Clock& clock, int socket, Descriptors descriptors)
    : strand_(asio::make_strand(executor)),
      clock_(clock),
      socket_(strand_, asio::local::stream_protocol(), socket),
      descriptors_(descriptors) {
  socket_.non_blocking(true);
}

void Connection::start(OnFrame on_frame, OnEnd on_end) {
  asio::post(strand_, [self = shared_from_this(), f = std::move(on_frame), e = std::move(on_end)]() mutable {
    self->on_frame_ = std::move(f);
    self->on_end_ = std::move(e);
    self->in_.resize(kIdleBuffer);
    self->read();
  });
}

void Connection::send(const wire::Frame& frame) {
  bool begin = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || closing_) return;
    const auto before = queue_.size();
    if (frame.has_fd) queue_fds_.push_back({before, frame.fd});
    wire::append(queue_, frame);
    unsent_ += queue_.size() - before;
    begin = !std::exchange(busy_, true);
  }
  if (begin) asio::post(strand_, [self = shared_from_this()] { self->write(); });
}

bool Connection::send_if_room(const wire::Frame& frame) {
  if (unsent_ > kMaxUnsent / 2) return false;
  send(frame);
  return true;
}

void Connection::close() {
  bool begin = false;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    begin = !std::exchange(busy_, true);
  }
  if (begin) asio::post(strand_, [self = shared_from_this()] { self->write(); });
}

void Connection::abort(std::string reason) {
  asio::post(strand_, [self = shared_from_this(), reason = std::move(reason)]() mutable {
    self->finish(std::move(reason));
  });
}

void Connection::write() {
  if (ended_) return;
  bool closing = false;
  {
    const std::lock_guard lock(mutex_);
    writing_.clear();
    if (writing_.capacity() > kReadAhead) writing_.shrink_to_fit();
    writing_.swap(queue_);
    writing_fds_.swap(queue_fds_);
    if (writing_.empty()) busy_ = false;
    closing = closing_;
  }
  written_ = 0;
  if (!writing_.empty()) return write_some();
  if (closing) return finish({});
  if (std::exchange(paused_, false)) read();
}

void Connection::write_some() {
  auto end = writing_.size();
  if (!writing_fds_.empty()) {
    end = writing_fds_.front().at;
    if (end == written_) return write_with_fd();
  }
  auto done = [self = shared_from_this()](error_code error, std::size_t count) {
    if (error) return self->finish({});
    self->wrote(count);
  };
  const auto rest = asio::buffer(writing_.data() + written_, end - written_);
  socket_.async_write_some(rest, asio::bind_executor(strand_, std::move(done)));
}

// A descriptor comes with the first byte of its frame, and never two with what is read at once (unix(7)): so
// the other side need not guess which frame it goes with.
void Connection::write_with_fd() {
  const int fd = writing_fds_.front().fd->get();
  const auto end = writing_fds_.size() > 1 ? writing_fds_[1].at : writing_.size();
  iovec part{writing_.data() + written_, end - written_};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  const auto count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && errno != EAGAIN && errno != EINTR) return finish({});
  auto ready = [self = shared_from_this(), count](error_code error) {
    if (error) return self->finish({});
    if (count < 0) return self->write_some();
    self->wrote(static_cast<std::size_t>(count));
  };
  if (count < 0)
    return socket_.async_wait(socket_.wait_write, asio::bind_executor(strand_, std::move(ready)));
  writing_fds_.pop_front();
  asio::post(strand_, [ready = std::move(ready)] { ready({}); });
}

void Connection::wrote(std::size_t count) {
  if (ended_) return;
  written_ += count;
  unsent_ -= count;
  stuck_ = false;
  stuck_timer_.reset();
  if (paused_) {
    paused_ = false;
    read();
  }
  if (written_ < writing_.size()) return write_some();
  write();
}

void Connection::read() {
  if (ended_) return;
  if (stuck_ && unsent_ > stuck_at_ + kMaxStuck)
    return finish("reads nothing: " + std::to_string(unsent_ >> 20) + " MiB wait for it");
  if (!stuck_ && unsent_ > kMaxUnsent) return pause();
  const auto count = drained_ ? -1 : receive();
  if (count >= 0) return asio::post(strand_, [self = shared_from_this(), count] { self->came(count); });
  if (!drained_ && errno != EAGAIN && errno != EINTR) return finish({});
  drained_ = false;
  auto ready = [self = shared_from_this()](error_code error) {
    if (error) return self->finish({});
    self->came(self->receive());
  };
  socket_.async_wait(socket_.wait_read, asio::bind_executor(strand_, std::move(ready)));
}

// As recvmsg(2). Room for one descriptor, where any may come: what is sent beyond that the kernel closes, and
// says so.
long Connection::receive() {
  iovec room{in_.data() + filled_, in_.size() - filled_};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  if (descriptors_ == Descriptors::taken) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_LEN(sizeof(int));
  }
  const auto count = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count <= 0) return count;
  const bool is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
  const auto* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    fds_.emplace_back(fd);
  } else if (is_cut && descriptors_ == Descriptors::taken) {
    fds_.emplace_back();  // this process may hold no more
  }
  if (is_cut && descriptors_ == Descriptors::refused) finish("sent garbage: a descriptor");
  return count;
}

void Connection::came(long count) {
  if (ended_) return;
  if (count > 0) return take(static_cast<std::size_t>(count));
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return read();
  finish({});
}

void Connection::pause() {
  paused_ = true;
  stuck_timer_ = clock_.after(strand_, kStuck, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->ended_) return;
    self->stuck_ = true;
    self->stuck_at_ = self->unsent_;
    if (std::exchange(self->paused_, false)) self->read();
  });
}

void Connection::take(std::size_t count) {
  drained_ = count < in_.size() - filled_;
  filled_ += count;
  std::size_t used = 0;
  std::size_t wanted = 0;
  try {
    while (!ended_) {
      auto step = wire::read(std::string_view(in_).substr(used, filled_ - used));
      wanted = step.wanted;
      if (step.used == 0) break;
      used += step.used;
      if (step.frame.has_fd) {
        if (fds_.empty()) throw wire::Broken("a frame whose descriptor is missing");
        step.frame.fd = std::make_shared<Fd>(std::move(fds_.front()));
        fds_.pop_front();
      }
      on_frame_(std::move(step.frame));
    }
  } catch (const wire::Broken& broken) {
    return finish(std::string("sent garbage: ") + broken.what());
  }
  if (ended_) return;
  in_.erase(0, used);
  filled_ -= used;
  const auto size =
      filled_ == 0 && count < kIdleBuffer ? kIdleBuffer : std::max({wanted, kReadAhead, filled_ + 1});
  in_.resize(size);
  if (in_.capacity() > 2 * size) in_.shrink_to_fit();
  read();
}

void Connection::finish(std::string reason) {
  if (std::exchange(ended_, true)) return;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    queue_.clear();
    queue_fds_.clear();
  }
  stuck_timer_.reset();
  fds_.clear();
  writing_fds_.clear();
  error_code ignored;
  socket_.close(ignored);
  const auto on_end = std::move(on_end_);
  on_frame_ = nullptr;
  if (on_end) on_end(std::move(reason));
}

}  // namespace patchbay::port
