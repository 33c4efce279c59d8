#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/error.hpp"
#include "net/http.hpp"
#include "support/http_server.hpp"

namespace patchbay::net {

// A client on an io_context that runs while a request does.
class ClientTest : public ::testing::Test {
 protected:
  // Before main(), as the product does it before any thread.
  static void SetUpTestSuite() {
    static const bool done = (init(), true);
    static_cast<void>(done);
  }

  HttpClient& client() {
    if (!client_) client_ = HttpClient::make(io_.get_executor(), options_);
    return *client_;
  }

  // The answer, or throws what fetch threw.
  HttpResponse fetch(HttpRequest request) {
    std::exception_ptr error;
    std::optional<HttpResponse> response;
    boost::asio::co_spawn(io_, client().fetch(std::move(request), rule_),
                          [&](std::exception_ptr e, HttpResponse r) {
                            error = e;
                            response = std::move(r);
                          });
    io_.restart();
    io_.run();
    if (error) std::rethrow_exception(error);
    return std::move(*response);
  }

  // The code that fetch failed with; ok when it did not.
  Code code_of(HttpRequest request) {
    try {
      fetch(std::move(request));
      return Code::ok;
    } catch (const Error& error) {
      text_ = error.text();
      return error.code();
    }
  }

  // Lets the client reach a test server on 127.0.0.1.
  void open(const patchbay::testing::HttpServer& server) { rule_.opened.push_back(server.authority()); }

  HttpClient::Options options_;
  EgressRule rule_;
  Text text_;
  boost::asio::io_context io_;
  std::unique_ptr<HttpClient> client_;
};

using patchbay::testing::HttpServer;

}  // namespace patchbay::net
