#pragma once

#include <future>
#include <memory>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "support/raw_http.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// A server on a free port with a thread of its own; stops with its end.
class Served {
 public:
  explicit Served(Application& application, HttpServer::Options options = {}, Clock* clock = nullptr,
                  log::Logger logger = log::Logger::none())
      : server_(std::make_unique<HttpServer>(io_.get_executor(), clock != nullptr ? *clock : system_,
                                             std::move(logger), std::move(options), application)) {
    server_->start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Served() { finish(); }

  std::uint16_t port() const { return server_->port(); }
  HttpServer& server() { return *server_; }
  boost::asio::io_context& io() { return io_; }

  std::future<void> stop(Duration bound) {
    stopped_ = true;
    return boost::asio::co_spawn(io_, server_->stop(bound), boost::asio::use_future);
  }
  void finish() {
    if (!thread_.joinable()) return;
    if (!stopped_) stop(Duration{0}).wait();
    server_.reset();
    guard_.reset();
    thread_.join();
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  SystemClock system_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace patchbay::web
