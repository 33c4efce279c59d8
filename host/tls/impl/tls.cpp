#include "tls/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <map>
#include <mutex>
#include <utility>

#include <arpa/inet.h>

#include "base/error.hpp"

namespace patchbay::tls {
namespace {

constexpr char kAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
// A session that is resumed was with this server.
constexpr unsigned char kSessionContext[] = "patchbay";

// What OpenSSL noted last on this thread.
std::string last_error(const char* otherwise) {
  const auto code = ::ERR_peek_last_error();
  const char* words = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return words == nullptr ? otherwise : words;
}

Error failure(const char* id, const std::filesystem::path& file) {
  return Error(Code::invalid, Text(id, {{"file", file.string()}, {"why", last_error("it cannot be read")}}));
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = ::SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX* new_context(const SSL_METHOD* method) {
  auto* context = ::SSL_CTX_new(method);
  if (context == nullptr) throw std::bad_alloc();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

SSL* new_session(SSL_CTX* context, int descriptor) {
  auto* session = ::SSL_new(context);
  if (session == nullptr || ::SSL_set_fd(session, descriptor) != 1) throw std::bad_alloc();
  return session;
}

bool is_numeric(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

TimePoint end_of(const X509* certificate) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &parts) != 1) return TimePoint();
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

struct Identity::State {
  SSL_CTX* context = nullptr;
  ~State() { ::SSL_CTX_free(context); }
};

Identity::Identity(std::unique_ptr<State> state) : state_(std::move(state)) {}
Identity::~Identity() = default;

std::shared_ptr<const Identity> Identity::load(const std::filesystem::path& certificate,
                                               const std::filesystem::path& key) {
  ::ERR_clear_error();
  auto state = std::make_unique<State>();
  state->context = new_context(::TLS_server_method());
  auto* context = state->context;
  ::SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    throw failure("tls.certificate", certificate);
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1)
    throw failure("tls.key", key);
  const auto expires_at = end_of(::SSL_CTX_get0_certificate(context));
  std::shared_ptr<Identity> identity(new Identity(std::move(state)));
  identity->expires_at_ = expires_at;
  return identity;
}

struct Trust::State {
  SSL_CTX* context = nullptr;
  ~State() { ::SSL_CTX_free(context); }
};

Trust::Trust(std::unique_ptr<State> state) : state_(std::move(state)) {
  // Nothing of the machine's own settings: a worker may not read them.
  ::OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  state_->context = new_context(::TLS_client_method());
  ::SSL_CTX_set_verify(state_->context, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_session_cache_mode(state_->context, SSL_SESS_CACHE_OFF);
}
Trust::~Trust() = default;

std::shared_ptr<const Trust> Trust::system() {
  static const auto* kept = [] {
    std::shared_ptr<Trust> trust(new Trust(std::make_unique<State>()));
    ::ERR_clear_error();
    if (::SSL_CTX_load_verify_file(trust->state_->context, kAuthorities) != 1) {
      const Text::Args args = {{"file", kAuthorities}, {"why", last_error("it cannot be read")}};
      throw Error(Code::unavailable, Text("tls.no_authorities", args));
    }
    return new std::shared_ptr<const Trust>(std::move(trust));
  }();
  return *kept;
}

// Ten thousand connections to servers of one authority need it once.
std::shared_ptr<const Trust> Trust::of(std::string_view pem) {
  static auto* const mutex = new std::mutex;
  static auto* const known = new std::map<std::string, std::weak_ptr<const Trust>, std::less<>>;
  const std::lock_guard lock(*mutex);
  const auto found = known->find(pem);
  if (found != known->end()) {
    if (auto trust = found->second.lock()) return trust;
  }
  auto trust = read(pem);
  std::erase_if(*known, [](const auto& each) { return each.second.expired(); });
  known->insert_or_assign(std::string(pem), trust);
  return trust;
}

std::shared_ptr<const Trust> Trust::read(std::string_view pem) {
  std::shared_ptr<Trust> trust(new Trust(std::make_unique<State>()));
  auto* const store = ::SSL_CTX_get_cert_store(trust->state_->context);
  const std::unique_ptr<BIO, decltype(&::BIO_free)> in(
      ::BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), INT_MAX))),
      ::BIO_free);
  ::ERR_clear_error();
  int count = 0;
  for (;; ++count) {
    const std::unique_ptr<X509, decltype(&::X509_free)> one(
        ::PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), ::X509_free);
    if (!one || ::X509_STORE_add_cert(store, one.get()) != 1) break;
  }
  const bool is_at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (count == 0 || !is_at_end)
    throw Error(Code::invalid, Text("tls.bad_authorities", {{"why", last_error("it holds none")}}));
  ::ERR_clear_error();
  return trust;
}

struct Stream::State {
  SSL* ssl = nullptr;
  ~State() { ::SSL_free(ssl); }
};

Stream::Stream(std::shared_ptr<const Identity> identity, int descriptor)
    : owner_(identity), state_(std::make_unique<State>()) {
  state_->ssl = new_session(identity->state_->context, descriptor);
  ::SSL_set_accept_state(state_->ssl);
}

Stream::Stream(std::shared_ptr<const Trust> trust, const std::string& host, int descriptor)
    : owner_(trust), state_(std::make_unique<State>()) {
  state_->ssl = new_session(trust->state_->context, descriptor);
  ::SSL_set_connect_state(state_->ssl);
  bool is_set = false;
  if (is_numeric(host)) {
    is_set = ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(state_->ssl), host.c_str()) == 1;
  } else {
    ::SSL_set_hostflags(state_->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = ::SSL_set1_host(state_->ssl, host.c_str()) == 1 &&
             SSL_set_tlsext_host_name(state_->ssl, host.c_str()) == 1;
  }
  if (!is_set) throw std::bad_alloc();
}
Stream::~Stream() = default;

bool Stream::is_refused() const {
  return broken_ && ::SSL_get_verify_result(state_->ssl) != X509_V_OK;
}

Stream::Wants Stream::wants(int result) {
  switch (::SSL_get_error(state_->ssl, result)) {
    case SSL_ERROR_NONE:
      return Wants::nothing;
    case SSL_ERROR_WANT_READ:
      return Wants::read;
    case SSL_ERROR_WANT_WRITE:
      return Wants::write;
    case SSL_ERROR_ZERO_RETURN:
      closed_ = true;
      break;
    default:
      break;
  }
  broken_ = true;
  reason_ = last_error("the connection broke");
  if (is_refused()) reason_ = ::X509_verify_cert_error_string(::SSL_get_verify_result(state_->ssl));
  return Wants::end;
}

Stream::Wants Stream::handshake() {
  ::ERR_clear_error();
  return wants(::SSL_do_handshake(state_->ssl));
}

Stream::Wants Stream::read(char* room, std::size_t size, std::size_t& got) {
  ::ERR_clear_error();
  const int result = ::SSL_read(state_->ssl, room, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  got = result > 0 ? static_cast<std::size_t>(result) : 0;
  return wants(result);
}

Stream::Wants Stream::write(std::string_view bytes, std::size_t& sent) {
  ::ERR_clear_error();
  const int result =
      ::SSL_write(state_->ssl, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
  sent = result > 0 ? static_cast<std::size_t>(result) : 0;
  return wants(result);
}

void Stream::close() {
  if (broken_ || ::SSL_in_init(state_->ssl) != 0) return;
  ::ERR_clear_error();
  ::SSL_shutdown(state_->ssl);
  broken_ = true;
}

}  // namespace patchbay::tls
