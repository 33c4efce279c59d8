#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>
#include <ctime>

#include "base/error.hpp"

namespace patchbay::net {
namespace {

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
// A session that is resumed was with this server.
constexpr unsigned char kSessionContext[] = "patchbay";

// What OpenSSL noted last on this thread.
std::string reason() {
  const auto code = ::ERR_peek_last_error();
  const char* words = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return words == nullptr ? "it cannot be read" : words;
}

Error failure(const char* id, const std::filesystem::path& file) {
  return Error(Code::invalid, Text(id, {{"file", file.string()}, {"why", reason()}}));
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = ::SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

TimePoint end_of(const X509* certificate) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &parts) != 1) return TimePoint();
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

struct TlsIdentity::State {
  SSL_CTX* context = nullptr;
  ~State() { ::SSL_CTX_free(context); }
};

TlsIdentity::TlsIdentity(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsIdentity::~TlsIdentity() = default;

std::shared_ptr<const TlsIdentity> TlsIdentity::load(const std::filesystem::path& certificate,
                                                     const std::filesystem::path& key) {
  ::ERR_clear_error();
  auto state = std::make_unique<State>();
  state->context = ::SSL_CTX_new(::TLS_server_method());
  auto* context = state->context;
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    throw failure("net.tls_certificate", certificate);
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1)
    throw failure("net.tls_key", key);
  const auto expires_at = end_of(::SSL_CTX_get0_certificate(context));
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(state)));
  identity->expires_at_ = expires_at;
  return identity;
}

struct TlsStream::State {
  SSL* ssl = nullptr;
  ~State() { ::SSL_free(ssl); }
};

TlsStream::TlsStream(std::shared_ptr<const TlsIdentity> identity, int descriptor)
    : identity_(std::move(identity)), state_(std::make_unique<State>()) {
  state_->ssl = ::SSL_new(identity_->state_->context);
  ::SSL_set_fd(state_->ssl, descriptor);
  ::SSL_set_accept_state(state_->ssl);
}
TlsStream::~TlsStream() = default;

TlsStream::Wants TlsStream::wants(int result) {
  switch (::SSL_get_error(state_->ssl, result)) {
    case SSL_ERROR_NONE:
      return Wants::nothing;
    case SSL_ERROR_WANT_READ:
      return Wants::read;
    case SSL_ERROR_WANT_WRITE:
      return Wants::write;
    default:
      broken_ = true;
      return Wants::end;
  }
}

TlsStream::Wants TlsStream::handshake() {
  ::ERR_clear_error();
  return wants(::SSL_do_handshake(state_->ssl));
}

TlsStream::Wants TlsStream::read(char* room, std::size_t size, std::size_t& got) {
  ::ERR_clear_error();
  const int result = ::SSL_read(state_->ssl, room, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  got = result > 0 ? static_cast<std::size_t>(result) : 0;
  return wants(result);
}

TlsStream::Wants TlsStream::write(std::string_view bytes, std::size_t& sent) {
  ::ERR_clear_error();
  const int result =
      ::SSL_write(state_->ssl, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
  sent = result > 0 ? static_cast<std::size_t>(result) : 0;
  return wants(result);
}

void TlsStream::close() {
  if (broken_ || ::SSL_in_init(state_->ssl) != 0) return;
  ::ERR_clear_error();
  ::SSL_shutdown(state_->ssl);
  broken_ = true;
}

}  // namespace patchbay::net
