#include "app/impl/secure_listener.hpp"

#include "app/impl/inherited_socket.hpp"
#include "base/error.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kLook = 30s;

web::HttpServer::Options secured(web::HttpServer::Options options, const config::Config& config) {
  options.address = config.tls_address;
  options.port = config.tls_port;
  options.inherited = inherited_socket("https");
  options.tls = tls::Identity::load(config.tls_certificate, config.tls_key);
  return options;
}

}  // namespace

SecureListener::SecureListener(asio::any_io_executor executor, Clock& clock, log::Logger logger,
                               metrics::Registry& metrics, const config::Config& config,
                               web::HttpServer::Options options, web::Application& application)
    : clock_(clock),
      logger_(logger),
      certificate_(config.tls_certificate),
      key_(config.tls_key),
      expires_(metrics.define({metrics::Kind::gauge, "patchbay_tls_certificate_expires_timestamp_seconds",
                               "When the certificate of the listener ends, as Unix time"})),
      seen_(stamps()),
      server_(std::move(executor), clock, std::move(logger), secured(std::move(options), config),
              application) {
  note(*tls::Identity::load(certificate_, key_));
}

SecureListener::Stamps SecureListener::stamps() const {
  std::error_code ignored;
  return {std::filesystem::last_write_time(certificate_, ignored),
          std::filesystem::last_write_time(key_, ignored)};
}

void SecureListener::note(const tls::Identity& identity) {
  expires_.record(std::chrono::duration<double>(identity.expires_at().time_since_epoch()).count());
}

void SecureListener::reload() {
  const auto now = stamps();
  try {
    auto identity = tls::Identity::load(certificate_, key_);
    note(*identity);
    const auto ends = to_rfc3339(identity->expires_at());
    server_.show(std::move(identity));
    logger_.info("certificate read again", {{"file", certificate_.string()}, {"expires_at", ends}});
  } catch (const Error& error) {
    logger_.error("the certificate stays as it was", {{"error", error.what()}});
  }
  seen_ = now;
}

asio::awaitable<void> SecureListener::watch() {
  for (;;) {
    co_await clock_.sleep(kLook);
    if (stamps() != seen_) reload();
  }
}

}  // namespace patchbay::app
