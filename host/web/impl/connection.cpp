#include <array>
#include <atomic>
#include <charconv>
#include <optional>

#include <boost/asio/buffer.hpp>

#include "base/trace.hpp"
#include "web/impl/request_parser.hpp"
#include "web/impl/response_head.hpp"
#include "web/impl/server_state.hpp"
#include "web/impl/wire.hpp"
#include "web/problem.hpp"

namespace patchbay::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kFreshGrace{1'000};          // for the first request of a connection, once the server ends
constexpr std::size_t kSmallBuffer = 2u << 10;  // of an idle connection
constexpr std::size_t kLargeBuffer = 64u << 10;
constexpr std::size_t kJoinBody = 16u
                                  << 10;  // up to here the body is copied behind the header: one system call
constexpr std::size_t kLingerBytes = 4u << 20;
constexpr Duration kLingerTime{2'000};

std::int64_t to_ns(Duration time) {
  return std::chrono::nanoseconds(time).count();
}

StatusError refusal(int status, std::string id, Text::Args args = {}) {
  return StatusError(status, Text(std::move(id), std::move(args)), Code::invalid);
}

bool same_word(std::string_view a, std::string_view lower) {
  return boost::beast::iequals({a.data(), a.size()}, {lower.data(), lower.size()});
}

// All fields of that name: whoever adds one of his own must not hide those of the proxy.
std::string forwarded_for(const Headers& headers) {
  std::string out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers[i];
    if (!same_word(name, "x-forwarded-for")) continue;
    if (!out.empty()) out += ',';
    out += value;
  }
  return out;
}

// One client. Everything happens on its strand, apart from reading `deadline`.
class Connection final : public Body, public Link {
 public:
  Connection(std::shared_ptr<HttpServer::State> state, tcp::socket socket, bool refused)
      : state_(std::move(state)),
        wire_(std::move(socket), state_->identity()),
        peer_(wire_.peer()),
        refused_(refused) {
    state_->enter(this);
  }
  ~Connection() override { state_->leave(this); }

  asio::awaitable<void> run() override;
  asio::awaitable<std::string> next() override;
  bool expired(std::int64_t now) const override {
    const auto limit = deadline_.load(std::memory_order_relaxed);
    return limit != 0 && now >= limit;
  }
  void cut() override;
  void drain() override;
  asio::any_io_executor executor() override { return wire_.executor(); }

 private:
  asio::awaitable<void> refuse();
  asio::awaitable<bool> receive_head();
  asio::awaitable<bool> fill();
  asio::awaitable<Response> respond();
  asio::awaitable<Response> handle();
  void hold(std::size_t bytes);
  asio::awaitable<void> send(Response response);
  asio::awaitable<bool> send_source(std::shared_ptr<BodySource> source, bool chunked);
  void follow(const std::shared_ptr<BodySource>& source);
  void look_for_end();
  asio::awaitable<bool> write(std::string_view bytes);
  asio::awaitable<void> linger();
  bool parse_head();
  void parse_body();
  bool plan_body(Request& request);
  void check_head();
  void make_room();
  Framing framing(const Response& response) const;
  Response failed(const std::exception_ptr& error);
  void limit(std::int64_t time) { deadline_.store(time, std::memory_order_relaxed); }

  std::shared_ptr<HttpServer::State> state_;
  Wire wire_;
  std::atomic<std::int64_t> deadline_{0};  // coarse time at which the connection is cut; 0: never
  std::string peer_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what of buffer_ is waiting to be parsed
  std::optional<RequestParser> parser_;
  std::optional<StatusError> failure_;   // what was wrong with the head
  std::shared_ptr<BodySource> endless_;  // is being sent
  std::string out_, language_, request_id_, date_;
  std::int64_t date_second_ = -1;
  std::int64_t waited_ = 0;     // time spent waiting for this body
  std::uint64_t received_ = 0;  // bytes of this body's encoding
  std::uint64_t held_ = 0;      // our share of State::buffered
  bool refused_, idle_ = false, first_ = true, fresh_ = true, keep_ = true, gone_ = false;
  bool head_only_ = false, wants_continue_ = false;
};

asio::awaitable<void> Connection::run() {
  limit(state_->now() + to_ns(state_->options.header_timeout));
  const bool ready = co_await wire_.open();
  if (!ready) co_return;
  if (refused_) {
    co_await refuse();
    co_return;
  }
  while (true) {
    const bool received = co_await receive_head();
    if (!received) break;
    Response response = co_await respond();
    state_->buffered.fetch_sub(std::exchange(held_, 0), std::memory_order_relaxed);
    if (gone_) co_return;
    co_await send(std::move(response));
    if (!keep_ || gone_) break;
  }
  if (!gone_) co_await linger();
}

asio::awaitable<void> Connection::refuse() {
  keep_ = false;
  request_id_ = Trace::make().id();
  parser_.emplace(0, 0);
  const Error full(Code::unavailable, Text("web.too_many_connections"));
  Response response = problem(full, "en", request_id_);
  co_await send(std::move(response));
  co_await linger();
}

// Waits for the next header. False: the client has left, or was cut.
asio::awaitable<bool> Connection::receive_head() {
  parser_.emplace(state_->options.header_limit, state_->options.header_fields);
  failure_.reset();
  received_ = 0;
  waited_ = 0;
  idle_ = begin_ == end_;
  const bool stopping = state_->stopping.load(std::memory_order_relaxed);
  if (idle_ && !fresh_ && stopping) {
    gone_ = true;
    co_return false;
  }
  const bool starting = std::exchange(first_, false);
  limit(state_->now() +
        to_ns(idle_ && !starting ? state_->options.idle_timeout : state_->options.header_timeout));
  if (fresh_ && stopping) limit(state_->now() + to_ns(kFreshGrace));
  while (!parse_head()) {
    const bool more = co_await fill();
    if (!more) co_return false;
    fresh_ = false;
    if (std::exchange(idle_, false)) limit(state_->now() + to_ns(state_->options.header_timeout));
  }
  limit(0);
  co_return true;
}

// One read. False: end of the connection.
asio::awaitable<bool> Connection::fill() {
  make_room();
  const auto got = co_await wire_.read_some(buffer_.data() + end_, buffer_.size() - end_);
  if (got == 0) {
    gone_ = true;
    co_return false;
  }
  end_ += got;
  co_return true;
}

void Connection::make_room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    const bool body = parser_->is_header_done();
    const auto wanted = body ? kLargeBuffer : kSmallBuffer;
    if (buffer_.size() < wanted || (!body && buffer_.size() > 2 * kSmallBuffer)) {
      buffer_ = std::string(wanted, '\0');
    }
    return;
  }
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
    buffer_.resize(buffer_.capacity());
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
}

// True when there is something to answer: a request, or what is wrong with it.
bool Connection::parse_head() {
  while (begin_ != end_ && !parser_->got_some() && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n'))
    ++begin_;
  if (begin_ == end_) return false;
  error_code error;
  begin_ += parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
  if (error == http::error::need_more) return false;
  if (error == http::error::header_limit) {
    failure_ =
        refusal(431, "web.header_too_large", {{"limit", std::to_string(state_->options.header_limit)}});
  } else if (error == http::error::bad_version) {
    failure_ = refusal(505, "web.bad_version");
  } else if (error) {
    failure_ = refusal(400, "web.bad_request", {{"reason", error.message()}});
  } else {
    check_head();
  }
  return true;
}

void Connection::check_head() {
  const auto& headers = parser_->request.headers;
  wants_continue_ = false;
  if (const auto complaint = parser_->complaint(); !complaint.empty()) {
    failure_ = refusal(400, "web.bad_request", {{"reason", std::string(complaint)}});
  } else if (const auto expect = headers.get("expect"); !expect.empty() && parser_->http11) {
    wants_continue_ = same_word(expect, "100-continue");
    if (!wants_continue_) failure_ = refusal(417, "web.bad_expectation");
  }
}

asio::awaitable<Response> Connection::respond() {
  const auto& headers = parser_->request.headers;
  language_ = headers.get("accept-language");
  const auto parent = headers.get("traceparent");
  auto trace = parent.empty() ? Trace::make() : Trace::from(parent);
  request_id_ = trace.id();
  head_only_ = parser_->request.method == "HEAD";
  keep_ = !failure_ && parser_->keep_alive();
  if (failure_) co_return problem(*failure_, language_of(language_), request_id_);
  parser_->request.peer = client_of(peer_, forwarded_for(headers), state_->options.trusts_proxy);
  parser_->request.trace = trace.traceparent();
  std::exception_ptr error;
  try {
    co_return co_await handle();
  } catch (...) {
    error = std::current_exception();
  }
  co_return failed(error);
}

asio::awaitable<Response> Connection::handle() {
  Request request = std::move(parser_->request);
  if (!parser_->is_done()) {
    const bool streamed = plan_body(request);
    if (parser_->is_done()) {
      request.body = std::move(parser_->body);
    } else if (streamed) {
      request.stream = this;
    } else {
      while (!parser_->is_done() || !parser_->body.empty()) {
        const std::string piece = co_await next();
        hold(piece.size());
        request.body += piece;
      }
    }
  }
  co_return co_await state_->application.handle(std::move(request));
}

// Asks what may come, then takes what has come. Returns whether the handler pulls the rest itself.
bool Connection::plan_body(Request& request) {
  const auto plan = state_->application.plan(request);
  const auto length = parser_->content_length();
  const auto too_large = [&] {
    return refusal(413, "web.body_too_large", {{"limit", std::to_string(plan.limit)}});
  };
  if (length && *length > plan.limit) throw too_large();
  parser_->body_limit(plan.limit);
  parser_->eager(true);
  if (length && !plan.streamed) parser_->body.reserve(std::min<std::size_t>(*length, kLargeBuffer));
  parse_body();
  return plan.streamed;
}

void Connection::parse_body() {
  if (begin_ == end_) return;
  error_code error;
  const auto used = parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
  begin_ += used;
  received_ += used;
  if (!error) return;
  if (error == http::error::body_limit) throw refusal(413, "web.chunks_too_large");
  // A chunk's own header is no place for 64 KiB.
  const bool stuck = used == 0 && end_ - begin_ >= kLargeBuffer;
  if (error != http::error::need_more || stuck) {
    throw refusal(400, "web.bad_request", {{"reason", error.message()}});
  }
}

// Takes a share of the memory that all unfinished bodies have together.
void Connection::hold(std::size_t bytes) {
  held_ += bytes;
  const auto together = state_->buffered.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (together > state_->options.buffered_limit) throw Error(Code::unavailable, Text("web.busy"));
}

asio::awaitable<std::string> Connection::next() {
  while (parser_->body.empty() && !parser_->is_done()) {
    if (std::exchange(wants_continue_, false) && received_ == 0)
      co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    const auto& options = state_->options;
    const auto start = state_->now();
    const auto grace = to_ns(options.transfer_timeout);
    const auto earned = static_cast<std::int64_t>(received_ * 1'000'000'000 / options.min_rate);
    limit(start + std::min(grace, std::max<std::int64_t>(1, grace + earned - waited_)));
    const bool more = !gone_ && co_await fill();
    limit(0);
    waited_ += state_->now() - start;
    if (!more) {
      gone_ = true;
      throw boost::system::system_error(asio::error::connection_aborted);
    }
    parse_body();
  }
  co_return std::exchange(parser_->body, {});
}

// The one place where what a handler throws becomes an answer.
Response Connection::failed(const std::exception_ptr& error) {
  std::string words = "not a standard exception";
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    if (status_of(e.code()) != 500 || dynamic_cast<const StatusError*>(&e) != nullptr) {
      return problem(e, language_of(language_), request_id_);
    }
    words = e.what();
  } catch (const std::exception& e) {
    if (gone_) return Response(500);
    words = e.what();
  } catch (...) {
    if (gone_) return Response(500);
  }
  state_->logger.error("a request failed", {{"trace", request_id_}, {"error", words}});
  return problem(Error(Code::internal, Text("web.internal")), language_of(language_), request_id_);
}

Framing Connection::framing(const Response& response) const {
  Framing framing;
  framing.keep_alive = keep_;
  framing.http11 = parser_->http11 || failure_ || refused_;
  framing.bodiless = head_only_ || response.status == 204 || response.status == 304;
  framing.length = response.source ? response.source->size() : response.body.size();
  framing.date = date_;
  framing.request_id = request_id_;
  framing.secured = wire_.secured();
  return framing;
}

asio::awaitable<void> Connection::send(Response response) {
  if (!failure_ && !refused_ && !parser_->is_done()) keep_ = false;  // the rest of the body was not wanted
  if (state_->stopping.load(std::memory_order_relaxed)) keep_ = false;
  if (const auto second = state_->second.load(std::memory_order_relaxed); second != date_second_) {
    date_second_ = second;
    date_ = http_date(TimePoint(std::chrono::seconds(second)));
  }
  auto how = framing(response);
  if (!how.length && !how.http11) how.keep_alive = keep_ = false;
  out_.clear();
  write_head(out_, response, how);
  const bool joined = !response.source && response.body.size() <= kJoinBody;
  if (joined && !how.bodiless) out_ += response.body;
  const bool sent = co_await write(out_);
  if (!sent || how.bodiless || joined) co_return;
  if (response.source) {
    const bool chunked = !how.length;
    const bool whole = co_await send_source(std::move(response.source), chunked);
    keep_ = keep_ && whole;
  } else {
    co_await write(response.body);
  }
}

// False: the client must not take this for the whole.
asio::awaitable<bool> Connection::send_source(std::shared_ptr<BodySource> source, bool chunked) {
  std::exception_ptr error;
  const auto length = source->size();
  std::uint64_t sent = 0;
  follow(source);
  try {
    while (true) {
      const std::string piece = co_await source->next();
      if (piece.empty()) break;
      sent += piece.size();
      std::array<char, 20> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
      if (chunked && parser_->http11) {
        out_.assign(digits.data(), end).append("\r\n").append(piece).append("\r\n");
      } else {
        out_ = piece;
      }
      const bool written = co_await write(out_);
      if (!written) break;
    }
  } catch (...) {
    error = std::current_exception();
  }
  endless_.reset();
  if (gone_) co_return false;
  if (error || (length && *length != sent)) {
    if (error) failed(error);
    cut();
    co_return false;
  }
  if (chunked && parser_->http11) co_return co_await write("0\r\n\r\n");
  co_return true;
}

// A stream may have nothing to write for long: its client's end is looked for, and the server's stop ends it.
void Connection::follow(const std::shared_ptr<BodySource>& source) {
  if (!source->is_endless()) return;
  endless_ = source;
  wire_.watch([link = weak_from_this(), this] {
    if (const auto alive = link.lock()) look_for_end();
  });
  if (state_->stopping.load(std::memory_order_relaxed)) source->end();
}

void Connection::look_for_end() {
  if (!endless_ || !wire_.is_hung_up()) return;
  gone_ = true;
  endless_->end();
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  const auto& options = state_->options;
  const auto grace = static_cast<std::int64_t>(bytes.size() * 1'000'000'000 / options.min_rate);
  limit(state_->now() + to_ns(options.transfer_timeout) + grace);
  const bool whole = co_await wire_.write(bytes);
  limit(0);
  if (!whole) gone_ = true;
  co_return whole;
}

// Closing with unread input would reset the connection and could take our answer with it: says "no more" and
// reads on for a moment.
asio::awaitable<void> Connection::linger() {
  const bool there = wire_.finish();
  if (!there || (!refused_ && !failure_ && parser_->is_done() && begin_ == end_)) co_return;
  limit(state_->now() + to_ns(kLingerTime));
  std::size_t discarded = 0;
  while (discarded < kLingerBytes) {
    begin_ = end_ = 0;
    const bool more = co_await fill();
    if (!more) break;
    discarded += end_;
  }
}

void Connection::cut() {
  gone_ = true;
  if (endless_) endless_->end();
  wire_.close();
}

void Connection::drain() {
  if (endless_) return endless_->end();
  if (!idle_ || wire_.has_input()) return;
  // Who has just connected means to ask something, and could not know.
  if (fresh_) return limit(state_->now() + to_ns(kFreshGrace));
  cut();
}

}  // namespace

std::shared_ptr<Link> make_connection(std::shared_ptr<HttpServer::State> state, tcp::socket socket,
                                      bool refused) {
  return std::make_shared<Connection>(std::move(state), std::move(socket), refused);
}

}  // namespace patchbay::web
