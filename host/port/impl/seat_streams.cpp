// pb.net/1: connections of an instance. The host connects and hands the socket over; from then on it is ours.
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "port/impl/adopt.hpp"
#include "port/impl/gated.hpp"
#include "port/impl/seat.hpp"
#include "port/limits.hpp"

namespace patchbay::port {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostStreams = 256;        // of one instance, open or being opened
constexpr std::size_t kLargestWrite = 1u << 20;  // bytes
constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLargestAuthorities = 256u << 10;
constexpr std::uint64_t kDefaultRead = 64u << 10;
constexpr Duration kConnectLimit{30'000};

Duration limit_of(std::int64_t timeout_ms) {
  return Duration{std::max<std::int64_t>(timeout_ms, 0)};
}

// Whom the host trusts where the plugin says nothing; empty: as the system does.
std::string authorities_in(const std::string& reply) {
  const auto body = nlohmann::json::parse(reply, nullptr, false);
  const auto found = body.is_object() ? body.find("authorities") : body.end();
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result closed() {
  return failure(Code::cancelled, Text("port.stream_closed"));
}

}  // namespace

Stream::Done Seat::reply_to(pb_reply_fn reply, void* user) {
  return [self = shared_from_this(), reply, user](const Result& result) { self->give(reply, user, result); };
}

pb_code Seat::open_stream(const pb_net_target* target, pb_reply_fn reply, void* user,
                          std::uint64_t* out_stream) noexcept try {
  if (refuses_host_calls("pb.net/1:connect")) return PB_CANCELLED;
  const auto wanted = adopt(target);
  const auto host = text_of(wanted.host);
  const auto authorities = text_of(wanted.authorities);
  if (reply == nullptr || host.empty() || host.size() > kLongestHost || wanted.port == 0 ||
      wanted.port > 65535 || wanted.security > PB_TLS || authorities.size() > kLargestAuthorities) {
    complain(
        "the plugin wanted to connect without a reply function, host, port (1 to 65535) or a known security");
    return PB_INVALID;
  }
  Connecting connecting;
  connecting.stream = next_call_number();
  connecting.host = host;
  connecting.is_tls = wanted.security == PB_TLS;
  connecting.authorities = authorities;
  const auto limit = wanted.timeout_ms > 0 ? limit_of(wanted.timeout_ms) : kConnectLimit;
  connecting.until = clock_.monotonic() + limit;
  connecting.done = reply_to(reply, user);
  const nlohmann::json request = {{"host", connecting.host}, {"port", wanted.port}};
  const auto words = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  Call call("pb.net/1:connect", Message(words), std::string(text_of(wanted.trace).substr(0, 256)), limit);
  const auto id = next_call_number();
  {
    const std::lock_guard lock(mutex_);
    if (streams_.size() >= kMostStreams) return PB_RATE_LIMITED;
    streams_[connecting.stream].asked = id;
  }
  const auto stream = connecting.stream;
  if (out_stream != nullptr) *out_stream = stream;
  auto answered = [this, connecting = std::move(connecting)](Result result) mutable {
    connected(std::move(connecting), std::move(result));
  };
  const auto accepted = ask_host(id, std::move(call), std::move(answered));
  if (accepted != PB_OK) forget_stream(stream);
  return accepted;
} catch (...) {
  complain("a connection of the plugin failed inside the host");
  return PB_INTERNAL;
}

// On the strand, as everything below but the entries of the C side.
void Seat::connected(Connecting connecting, Result result) {
  const auto fd = std::exchange(result.fd, nullptr);
  const auto fail = [&](const Result& why) {
    forget_stream(connecting.stream);
    connecting.done(why);
  };
  if (!result.ok()) return fail(result);
  if (!fd) return fail(failure(Code::internal, Text("port.no_connection")));
  if (fd->get() < 0) return fail(failure(Code::rate_limited, Text("port.no_descriptor")));
  if (connecting.authorities.empty()) connecting.authorities = authorities_in(result.message.json);
  std::shared_ptr<Stream> stream;
  std::shared_ptr<const tls::Trust> trust;
  try {
    stream = std::make_shared<Stream>(strand_, clock_, connecting.host, std::move(*fd));
    if (connecting.is_tls) trust = trust_of(connecting.authorities);
  } catch (const Error& error) {
    return fail(failure(error.code(), error.text()));
  } catch (const std::exception& error) {
    return fail(failure(Code::internal, Text::verbatim(error.what())));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(connecting.stream);
    if (found != streams_.end()) {
      found->second.stream = stream;
      found->second.authorities = connecting.authorities;
    } else {
      stream.reset();  // closed meanwhile
    }
  }
  if (!stream) return connecting.done(closed());
  if (!trust) return connecting.done(Result());
  const auto left = std::chrono::ceil<Duration>(connecting.until - clock_.monotonic());
  auto secured = [this, id = connecting.stream, done = std::move(connecting.done)](Result outcome) {
    if (!outcome.ok()) end_stream(id, closed());
    done(std::move(outcome));
  };
  stream->secure(std::move(trust), std::max(left, Duration{1}), std::move(secured));
}

std::shared_ptr<const tls::Trust> Seat::trust_of(const std::string& authorities) {
  return authorities.empty() ? tls::Trust::system() : tls::Trust::of(authorities);
}

// Does something with a stream that is open, or answers that there is none.
pb_code Seat::on_stream(std::uint64_t id, const char* what, pb_reply_fn reply, void* user,
                        std::function<void(Stream&, Stream::Done)> act) noexcept try {
  if (refuses_host_calls(what)) return PB_CANCELLED;
  if (reply == nullptr) return PB_INVALID;
  const std::lock_guard lock(mutex_);
  if (life_ != Life::running) return PB_CANCELLED;
  asio::post(strand_, [this, id, done = reply_to(reply, user), act = std::move(act)] {
    const auto stream = find_stream(id);
    if (!stream) return done(failure(Code::not_found, Text("port.stream_closed")));
    act(*stream, done);
  });
  return PB_OK;
} catch (...) {
  complain("a connection of the plugin failed inside the host");
  return PB_INTERNAL;
}

pb_code Seat::secure_stream(std::uint64_t id, std::int64_t timeout_ms, pb_reply_fn reply,
                            void* user) noexcept {
  return on_stream(id, "pb.net/1:start_tls", reply, user, [=, this](Stream& stream, Stream::Done done) {
    std::string authorities;
    {
      const std::lock_guard lock(mutex_);
      authorities = streams_[id].authorities;
    }
    try {
      stream.secure(trust_of(authorities), limit_of(timeout_ms), done);
    } catch (const Error& error) {
      done(failure(error.code(), error.text()));
    }
  });
}

pb_code Seat::read_stream(std::uint64_t id, std::uint64_t most, std::int64_t timeout_ms, pb_reply_fn reply,
                          void* user) noexcept {
  return on_stream(id, "pb.net/1:read", reply, user, [=](Stream& stream, Stream::Done done) {
    stream.read(most == 0 ? kDefaultRead : most, limit_of(timeout_ms), std::move(done));
  });
}

pb_code Seat::write_stream(std::uint64_t id, pb_view bytes, std::int64_t timeout_ms, pb_reply_fn reply,
                           void* user) noexcept try {
  if (bytes.size > kLargestWrite) {
    complain("the plugin wrote more than 1 MiB to a connection at once");
    return PB_INVALID;
  }
  auto copy = std::make_shared<std::string>(text_of(bytes));
  return on_stream(id, "pb.net/1:write", reply, user, [=](Stream& stream, Stream::Done done) {
    stream.write(std::move(*copy), limit_of(timeout_ms), std::move(done));
  });
} catch (...) {
  return PB_INTERNAL;
}

void Seat::cancel_stream(std::uint64_t id) noexcept try {
  if (refuses_host_calls("pb.net/1:cancel")) return;
  asio::post(strand_, [self = shared_from_this(), id] {
    std::uint64_t asked = 0;
    std::shared_ptr<Stream> stream;
    {
      const std::lock_guard lock(self->mutex_);
      const auto found = self->streams_.find(id);
      if (found == self->streams_.end()) return;
      stream = found->second.stream;
      asked = found->second.asked;
    }
    if (!stream) return self->host_->cancel(asked);
    stream->cancel(failure(Code::cancelled, Text("port.stream_cancelled")));
  });
} catch (...) {
  complain("a cancellation by the plugin failed inside the host");
}

void Seat::close_stream(std::uint64_t id) noexcept try {
  if (refuses_host_calls("pb.net/1:close")) return;
  asio::post(strand_, [self = shared_from_this(), id] { self->end_stream(id, closed()); });
} catch (...) {
  complain("a connection of the plugin could not be closed; it ends with the instance");
}

std::shared_ptr<Stream> Seat::find_stream(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.stream;
}

void Seat::forget_stream(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  streams_.erase(id);
}

void Seat::end_stream(std::uint64_t id, const Result& why) {
  OpenStream open;
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    open = std::move(found->second);
    streams_.erase(found);
  }
  if (open.stream) return open.stream->close(why);
  host_->cancel(open.asked);
}

void Seat::end_streams() {
  std::vector<std::uint64_t> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, open] : streams_) all.push_back(id);
  }
  const auto why = failure(Code::cancelled, Text("port.stopping"));
  for (const auto id : all) end_stream(id, why);
}

}  // namespace patchbay::port
