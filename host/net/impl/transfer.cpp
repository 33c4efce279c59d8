#include "net/impl/transfer.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "net/impl/ascii.hpp"
#include "net/impl/session.hpp"

namespace patchbay::net {
namespace {

constexpr Duration kConnectTimeout{10'000};
constexpr std::size_t kMaxHeaderBytes = 256u << 10;
constexpr long kIdleSeconds = 55;
constexpr std::size_t kBuffered = 256u << 10;  // of a streamed answer, before the network has to wait
constexpr std::string_view kToken =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
// What frames the message or the connection is the client's business.
constexpr std::array<std::string_view, 9> kReserved = {"connection", "content-length",    "expect",
                                                       "host",       "keep-alive",        "te",
                                                       "trailer",    "transfer-encoding", "upgrade"};

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kToken) == text.npos;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() &&
         (text.back() == '\r' || text.back() == '\n' || text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

std::string numeric(const curl_sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* const whole = &address.addr;
  const void* bytes = nullptr;
  if (address.family == AF_INET) bytes = &static_cast<const sockaddr_in*>(whole)->sin_addr;
  if (address.family == AF_INET6) bytes = &static_cast<const sockaddr_in6*>(whole)->sin6_addr;
  if (bytes == nullptr || ::inet_ntop(address.family, bytes, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

void check_header(const std::string& name, const std::string& value) {
  const auto plain = lower(name);
  const bool is_reserved = std::find(kReserved.begin(), kReserved.end(), plain) != kReserved.end();
  if (is_reserved || plain.starts_with("proxy-")) {
    throw Error(Code::invalid, Text("net.header_reserved", {{"header", plain}}));
  }
  if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
    throw Error(Code::invalid, Text("net.bad_header"));
  }
}

void check_login(const Login& login) {
  for (const auto* text : {&login.user, &login.password}) {
    if (text->find_first_of(std::string_view("\r\n\0", 3)) != text->npos)
      throw Error(Code::invalid, Text("net.bad_login"));
  }
}

bool is_certificate_fault(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR ||
         code == CURLE_SSL_INVALIDCERTSTATUS || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
}

}  // namespace

bool is_safe_method(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Transfer::Transfer(std::shared_ptr<const HttpRequest> request, UrlParts url, EgressRule guard,
                   const HttpClient::Options& options)
    : request_(std::move(request)),
      url_(std::move(url)),
      guard_(std::move(guard)),
      options_(options),
      opened_(is_opened(guard_, url_.host, url_.port) || is_in_opened_range(guard_, url_.host, url_.port)),
      through_proxy_(!options.proxy.empty() && !opened_),
      easy_(nullptr) {
  if (!is_token(request_->method)) throw Error(Code::invalid, Text("net.bad_method"));
  for (const auto& [name, value] : request_->headers) check_header(name, value);
  if (request_->login) check_login(*request_->login);
  easy_ = curl_easy_init();
  if (easy_ == nullptr) throw std::bad_alloc();
  set_target();
  set_method();
  set_body();
  set_headers();
  set_guard();
  set_login();
  set_session();
  set_results();
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_mime_free(mime_);
  curl_slist_free_all(header_list_);
}

// curl gets an address of our own making, so that it cannot read another host out of it than the guard did;
// path and query go out untouched. It is told of them where it works with them: a login signs them, cookies
// have paths.
void Transfer::set_target() {
  const bool is_v6 = url_.host.find(':') != url_.host.npos;
  const auto host = is_v6 ? "[" + url_.host + "]" : url_.host;
  auto address = url_.scheme + "://" + host + ":" + std::to_string(url_.port);
  const bool is_proxied = through_proxy_ && url_.scheme == "http";
  address += is_proxied || request_->login || request_->session ? url_.target : "/";
  if (!is_proxied) curl_easy_setopt(easy_, CURLOPT_REQUEST_TARGET, url_.target.c_str());
  curl_easy_setopt(easy_, CURLOPT_URL, address.c_str());
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  // Always set: an empty one keeps curl from reading a proxy out of the environment.
  curl_easy_setopt(easy_, CURLOPT_PROXY, through_proxy_ ? options_.proxy.c_str() : "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void Transfer::set_method() {
  const auto& method = request_->method;
  if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (method != "GET" || !request_->body.empty() || !request_->parts.empty() || request_->whole) {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void Transfer::set_body() {
  if (request_->method == "HEAD") return;
  if (!request_->parts.empty()) return set_parts();
  if (request_->whole) return set_whole();
  const auto& method = request_->method;
  if (request_->body.empty() && method != "POST" && method != "PUT" && method != "PATCH") return;
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->body.size()));
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_->body.c_str());
}

void Transfer::set_parts() {
  mime_ = curl_mime_init(easy_);
  readings_.resize(request_->parts.size());
  for (std::size_t i = 0; i < readings_.size(); ++i) {
    const auto& part = request_->parts[i];
    auto* const slot = curl_mime_addpart(mime_);
    curl_mime_name(slot, part.name.c_str());
    if (!part.file_name.empty()) curl_mime_filename(slot, part.file_name.c_str());
    if (!part.type.empty()) curl_mime_type(slot, part.type.c_str());
    if (part.read) {
      readings_[i].transfer = this;
      readings_[i].part = i;
      curl_mime_data_cb(slot, static_cast<curl_off_t>(part.size), &Transfer::on_read, nullptr, nullptr,
                        &readings_[i]);
    } else {
      curl_mime_data(slot, part.data.data(), part.data.size());
    }
  }
  curl_easy_setopt(easy_, CURLOPT_MIMEPOST, mime_);
}

// It cannot be read a second time, so curl does not repeat it on another connection.
void Transfer::set_whole() {
  readings_.resize(1);
  readings_[0].transfer = this;
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->whole->size));
  curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Transfer::on_read);
  curl_easy_setopt(easy_, CURLOPT_READDATA, &readings_[0]);
}

void Transfer::set_headers() {
  const auto append = [this](const std::string& line) {
    auto* const longer = curl_slist_append(header_list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    header_list_ = longer;
  };
  bool has_type = false;
  for (const auto& [name, value] : request_->headers) {
    const bool is_type = lower(name) == "content-type";
    if (is_type && !request_->parts.empty()) continue;  // curl writes the boundary
    has_type = has_type || is_type;
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!has_type && request_->parts.empty()) append("Content-Type:");  // curl would call every body a form
  append("Expect:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "");
}

void Transfer::set_guard() {
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Transfer::on_ready);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!request_->authorities.empty()) {
    const auto& pem = request_->authorities;
    curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy_, CURLOPT_CAINFO_BLOB, &blob);
  } else if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
}

void Transfer::set_login() {
  if (!request_->login) return;
  const auto& login = *request_->login;
  const auto scheme = login.scheme == Login::Scheme::digest ? CURLAUTH_DIGEST : CURLAUTH_NTLM;
  curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, static_cast<long>(scheme));
  curl_easy_setopt(easy_, CURLOPT_USERNAME, login.user.c_str());
  curl_easy_setopt(easy_, CURLOPT_PASSWORD, login.password.c_str());
}

void Transfer::set_session() {
  if (!request_->session) return;
  curl_easy_setopt(easy_, CURLOPT_SHARE, static_cast<const CurlSession&>(*request_->session).cookies());
  curl_easy_setopt(easy_, CURLOPT_COOKIEFILE, "");  // reads none, but turns cookies on
}

void Transfer::set_results() {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, kIdleSeconds);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_data);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void Transfer::set_timeout(Duration left) {
  timeout_ = std::max(left, Duration(1));
  started_ = std::chrono::steady_clock::now();
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(timeout_, kConnectTimeout).count()));
}

bool Transfer::may_connect(const std::string& address) {
  if (through_proxy_ || opened_ || is_public_address(address)) return true;
  if (is_in_opened_range(guard_, address, url_.port)) return true;
  refused_ = address;
  return false;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto text = numeric(*address);
  if (!transfer.may_connect(text)) return CURL_SOCKET_BAD;
  if (transfer.options_.may_connect && !transfer.options_.may_connect(text)) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Runs before each attempt to send, also on a kept connection, which another rule may have opened.
int Transfer::on_ready(void* self, char* remote, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.may_connect(remote)) return CURL_PREREQFUNC_ABORT;
  // curl repeats any request whose kept connection died before an answer; the first may have acted. After an
  // answer it goes on with a login.
  const bool goes_on = std::exchange(transfer.was_answered_, false);
  if (transfer.was_sent() && !goes_on && !is_safe_method(transfer.request_->method))
    return CURL_PREREQFUNC_ABORT;
  if (transfer.attempts_++ == 0) transfer.sent_before_ = transfer.bytes_sent();
  return CURL_PREREQFUNC_OK;
}

long Transfer::bytes_sent() const {
  long size = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &size);
  return size;
}

void Transfer::add_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also after an interim answer (RFC 9110, 15.2)
    response_.headers.clear();
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    was_answered_ = status >= 200;
    return;
  }
  if (line.empty() && head_ == Head::awaited && request_->on_head && is_streamed()) {
    head_ = Head::ready;
    notify();
    return;
  }
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0) return;
  response_.headers.emplace_back(lower(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  transfer.too_large_ = transfer.header_bytes_ > kMaxHeaderBytes;
  if (transfer.too_large_) return 0;
  transfer.add_header(trim(std::string_view(data, size * count)));
  return size * count;
}

bool Transfer::is_streamed() const {
  return request_->on_body && response_.status >= 200 && response_.status < 300;
}

std::size_t Transfer::keep(std::string_view data) {
  if (is_streamed() && arrived_.size() >= kBuffered) {
    is_full_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  received_ += data.size();
  too_large_ = head_ == Head::awaited && received_ > request_->max_response;
  if (too_large_) return CURL_WRITEFUNC_ERROR;
  (is_streamed() ? arrived_ : response_.body) += data;
  if (is_streamed()) notify();
  return data.size();
}

std::size_t Transfer::on_data(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->keep(std::string_view(data, size * count));
}

std::size_t Transfer::read(Reading& reading, char* to, std::size_t room) {
  const auto left = std::min(room, reading.piece.size() - reading.used);
  if (left > 0) {
    std::copy_n(reading.piece.data() + reading.used, left, to);
    reading.used += left;
    reading.given += left;
    return left;
  }
  if (reading.is_ended) {
    const auto& part = request_->whole ? *request_->whole : request_->parts[reading.part];
    too_short_ = reading.given < part.size;
    return too_short_ ? CURL_READFUNC_ABORT : 0;
  }
  if (!reading.is_asked) {
    reading.is_asked = true;
    wanted_ = reading.part;
    notify();
  }
  return CURL_READFUNC_PAUSE;
}

std::size_t Transfer::on_read(char* to, std::size_t size, std::size_t count, void* reading) {
  auto& source = *static_cast<Reading*>(reading);
  return source.transfer->read(source, to, size * count);
}

void Transfer::feed(std::size_t part, std::string piece) {
  auto& reading = readings_[part];
  reading.is_ended = piece.empty();
  reading.piece = std::move(piece);
  reading.used = 0;
  reading.is_asked = false;
  if (result_) return;
  // curl notes a part's pause at once and its own one only with the next read; unless both are set, CONT ends
  // neither.
  curl_easy_pause(easy_, CURLPAUSE_SEND);
  curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void Transfer::wait(Waiter waiter) {
  waiter_ = std::move(waiter);
  if (head_ == Head::given) curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 0L);
  notify();
  // The buffer has just been taken; curl calls back at once with what it held.
  if (is_full_ && arrived_.empty() && !result_) {
    is_full_ = false;
    curl_easy_pause(easy_, CURLPAUSE_CONT);
  }
}

void Transfer::notify() {
  if (!waiter_ || (head_ != Head::ready && arrived_.empty() && !wanted_ && !result_)) return;
  std::exchange(waiter_, nullptr)(boost::system::error_code(), take_step());
}

Step Transfer::take_step() {
  Step step;
  if (head_ == Head::ready) {
    head_ = Head::given;
    step.head = response_;
  } else if (!arrived_.empty()) {
    step.data = std::exchange(arrived_, {});
  } else if (wanted_) {
    step.wanted = std::exchange(wanted_, std::nullopt);
  } else {
    step.result = result_;
  }
  return step;
}

void Transfer::finish(CURLcode code) {
  result_ = code;
  notify();
}

void Transfer::stop(boost::system::error_code error) {
  result_ = CURLE_ABORTED_BY_CALLBACK;
  if (waiter_) std::exchange(waiter_, nullptr)(error, Step());
}

void Transfer::check(CURLcode code) const {
  if (too_short_) throw Error(Code::invalid, Text("net.part_too_short", {{"host", url_.host}}));
  if (too_large_) {
    const auto limit = std::to_string(request_->max_response);
    throw Error(Code::invalid, Text("net.response_too_large", {{"host", url_.host}, {"limit", limit}}));
  }
  if (code == CURLE_OK) return;
  if (!refused_.empty() && !was_sent()) {
    throw Error(Code::denied, Text("net.address_refused", {{"host", url_.host}, {"address", refused_}}));
  }
  const std::string reason = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  if (is_certificate_fault(code)) {
    throw Error(Code::denied, Text("net.certificate_refused", {{"host", url_.host}, {"reason", reason}}));
  }
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  fail_sent_or_not(code);
}

void Transfer::fail_sent_or_not(CURLcode code) const {
  const std::string reason = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  if (was_sent())
    throw Error(Code::outcome_unknown, Text("net.no_answer", {{"host", url_.host}, {"reason", reason}}));
  const bool is_over = std::chrono::steady_clock::now() - started_ >= timeout_;
  if (code == CURLE_OPERATION_TIMEDOUT && is_over) {
    const auto limit = std::to_string(timeout_.count());
    throw Error(Code::deadline, Text("net.deadline", {{"host", url_.host}, {"timeout_ms", limit}}));
  }
  throw Error(Code::unavailable, Text("net.not_connected", {{"host", url_.host}, {"reason", reason}}));
}

}  // namespace patchbay::net
