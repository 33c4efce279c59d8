#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "web/http_server.hpp"

namespace patchbay::app {

// The second listener, with TLS (OPS-12). A certificate that is replaced is shown to whoever connects next,
// within half a minute or at a reload; what cannot be used is told, and the old one is shown on.
class SecureListener {
 public:
  // Throws Error{invalid} for a certificate or key that cannot be used. Everything outlives it.
  SecureListener(boost::asio::any_io_executor executor, Clock& clock, log::Logger logger,
                 metrics::Registry& metrics, const config::Config& config, web::HttpServer::Options options,
                 web::Application& application);

  web::HttpServer& server() { return server_; }
  // Looks at the files every now and then, until cancelled.
  boost::asio::awaitable<void> watch();
  void reload();

 private:
  using Stamps = std::pair<std::filesystem::file_time_type, std::filesystem::file_time_type>;
  Stamps stamps() const;
  void note(const tls::Identity& identity);

  Clock& clock_;
  const log::Logger logger_;
  const std::filesystem::path certificate_;
  const std::filesystem::path key_;
  const metrics::Metric expires_;
  Stamps seen_;
  web::HttpServer server_;
};

}  // namespace patchbay::app
