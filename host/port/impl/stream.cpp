#include "port/impl/stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <boost/asio/bind_executor.hpp>

#include "port/limits.hpp"

namespace patchbay::port {

namespace asio = boost::asio;
using boost::system::error_code;
using Wants = tls::Stream::Wants;

namespace {

constexpr std::size_t kRoom = 64u << 10;  // read at once

Wants wants_after(ssize_t count, Wants direction, int& error) {
  if (count > 0) return Wants::nothing;
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return direction;
  error = count < 0 ? errno : 0;
  return Wants::end;
}

}  // namespace

Stream::Stream(const Strand& strand, Clock& clock, std::string host, Fd socket)
    : strand_(strand), clock_(clock), host_(std::move(host)), socket_(strand) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  socket_.assign(asio::generic::stream_protocol(address.ss_family, 0), socket.get());
  static_cast<void>(socket.release());
  socket_.non_blocking(true);
}

void Stream::secure(std::shared_ptr<const tls::Trust> trust, Duration limit, Done done) {
  if (refuses(&Stream::writing_, "start_tls", done) || refuses(&Stream::reading_, "start_tls", done)) return;
  if (tls_) return done(failure(Code::conflict, Text("port.stream_secured", {{"host", host_}})));
  tls_ = std::make_unique<tls::Stream>(std::move(trust), host_, socket_.native_handle());
  auto work = std::make_shared<Work>();
  work->step = [this] { return tls_->handshake(); };
  work->result = [] { return Result(); };
  work->broke = [this] { return unsecured(); };
  work->done = std::move(done);
  begin(&Stream::writing_, std::move(work), limit);
}

void Stream::read(std::size_t most, Duration limit, Done done) {
  if (refuses(&Stream::reading_, "read", done)) return;
  auto work = std::make_shared<Work>();
  const auto bytes = std::make_shared<std::string>();
  work->step = [this, bytes, most] {
    bytes->resize(std::min(most, kRoom));
    std::size_t got = 0;
    const auto wants = receive(bytes->data(), bytes->size(), got);
    bytes->resize(got);
    bytes->shrink_to_fit();
    return wants;
  };
  const auto arrived = [bytes] { return Result(Message({}, {std::move(*bytes)})); };
  work->result = arrived;
  work->broke = [this, arrived] {
    const bool is_end = tls_ ? tls_->is_closed() : error_ == 0;
    return is_end ? arrived() : broken(Code::unavailable);
  };
  work->done = std::move(done);
  begin(&Stream::reading_, std::move(work), limit);
}

void Stream::write(std::string bytes, Duration limit, Done done) {
  if (refuses(&Stream::writing_, "write", done)) return;
  auto work = std::make_shared<Work>();
  work->step = [this, bytes = std::move(bytes), sent = std::size_t{0}]() mutable {
    while (sent < bytes.size()) {
      std::size_t now = 0;
      const auto wants = send(std::string_view(bytes).substr(sent), now);
      if (wants != Wants::nothing) return wants;
      sent += now;
    }
    return Wants::nothing;
  };
  work->result = [] { return Result(); };
  work->broke = [this] { return broken(Code::outcome_unknown); };
  work->done = std::move(done);
  begin(&Stream::writing_, std::move(work), limit);
}

void Stream::cancel(const Result& why) {
  error_code ignored;
  socket_.cancel(ignored);
  if (const auto work = reading_) finish(&Stream::reading_, work, why);
  if (const auto work = writing_) {
    useless_ = true;
    finish(&Stream::writing_, work, why);
  }
}

void Stream::close(const Result& why) {
  cancel(why);
  if (tls_ && !useless_) tls_->close();
  useless_ = true;
  error_code ignored;
  socket_.close(ignored);
}

bool Stream::refuses(Slot slot, const char* what, const Done& done) {
  if (useless_) {
    done(failure(Code::unavailable, Text("port.stream_useless", {{"host", host_}})));
  } else if (this->*slot) {
    done(failure(Code::conflict, Text("port.stream_busy", {{"host", host_}, {"what", what}})));
  } else {
    return false;
  }
  return true;
}

void Stream::begin(Slot slot, std::shared_ptr<Work> work, Duration limit) {
  this->*slot = work;
  if (limit > Duration{0}) {
    auto late = [weak = weak_from_this(), slot, pending = std::weak_ptr<Work>(work), limit] {
      const auto self = weak.lock();
      const auto found = pending.lock();
      if (!self || !found || !found->done) return;
      if (slot == &Stream::writing_) self->useless_ = true;
      const Text::Args args = {{"host", self->host_}, {"limit", std::to_string(limit.count())}};
      self->finish(slot, found, failure(Code::deadline, Text("port.stream_late", args)));
      error_code ignored;
      self->socket_.cancel(ignored);  // the other direction looks again
    };
    work->limit = clock_.after(strand_, limit, std::move(late));
  }
  go_on(slot, work);
}

void Stream::go_on(Slot slot, const std::shared_ptr<Work>& work) {
  if (!work->done) return;
  const auto wants = work->step();
  if (wants == Wants::nothing) return finish(slot, work, work->result());
  if (wants == Wants::end) {
    useless_ = slot == &Stream::writing_ || useless_;
    return finish(slot, work, work->broke());
  }
  const auto type = wants == Wants::read ? socket_.wait_read : socket_.wait_write;
  auto ready = [self = shared_from_this(), slot, work](error_code) { self->go_on(slot, work); };
  socket_.async_wait(type, asio::bind_executor(strand_, std::move(ready)));
}

void Stream::finish(Slot slot, const std::shared_ptr<Work>& work, Result result) {
  if (this->*slot == work) this->*slot = nullptr;
  work->limit.reset();
  work->step = nullptr;  // and the bytes in it
  if (const auto done = std::exchange(work->done, nullptr)) done(std::move(result));
}

Wants Stream::receive(char* room, std::size_t size, std::size_t& got) {
  if (tls_) return tls_->read(room, size, got);
  const auto count = ::recv(socket_.native_handle(), room, size, MSG_DONTWAIT);
  got = count > 0 ? static_cast<std::size_t>(count) : 0;
  return wants_after(count, Wants::read, error_);
}

Wants Stream::send(std::string_view bytes, std::size_t& sent) {
  if (tls_) return tls_->write(bytes, sent);
  const auto count = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  sent = count > 0 ? static_cast<std::size_t>(count) : 0;
  return wants_after(count, Wants::write, error_);
}

Result Stream::broken(Code code) const {
  const auto reason = tls_ ? tls_->reason() : std::string(std::strerror(error_));
  return failure(code, Text("port.stream_broken", {{"host", host_}, {"reason", reason}}));
}

Result Stream::unsecured() const {
  const Text::Args args = {{"host", host_}, {"reason", tls_->reason()}};
  if (tls_->is_refused()) return failure(Code::denied, Text("port.certificate_refused", args));
  return failure(Code::unavailable, Text("port.no_tls", args));
}

}  // namespace patchbay::port
