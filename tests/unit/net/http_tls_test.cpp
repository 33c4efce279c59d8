#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/net/client_fixture.hpp"
#include "unit/net/tls_server.hpp"

namespace patchbay::net {
namespace {

// SDK-4: TLS is always verified.
class HttpTlsTest : public ClientTest {
 protected:
  HttpTlsTest()
      : file_(std::filesystem::temp_directory_path() /
              ("patchbay_ca_" + std::to_string(::getpid()) + ".pem")) {
    std::signal(SIGPIPE, SIG_IGN);  // the server's side of a refused handshake
    server_.write_certificate(file_);
    rule_.opened = {"127.0.0.1:" + server_.port(), "other.example.org:" + server_.port()};
    options_.resolve = {"other.example.org:" + server_.port() + ":127.0.0.1"};
  }
  ~HttpTlsTest() override { std::filesystem::remove(file_); }

  TlsServer server_;
  const std::filesystem::path file_;
};

TEST_F(HttpTlsTest, ACertificateOfAnUnknownAuthorityIsDenied) {
  EXPECT_EQ(code_of({"POST", "https://127.0.0.1:" + server_.port() + "/"}), Code::denied);
  EXPECT_EQ(text_.id(), "net.certificate_refused");
}

TEST_F(HttpTlsTest, AnAuthorityOfOnesOwnIsAccepted) {  // OPS-15
  options_.ca_file = file_;
  EXPECT_EQ(fetch({"POST", "https://127.0.0.1:" + server_.port() + "/"}).body, "safe");
}

// N11. Whoever does not name them is not let in by a connection that is kept for those who do.
TEST_F(HttpTlsTest, AuthoritiesOfOneRequestAreNobodyElses) {
  std::ifstream in(file_);
  HttpRequest request("POST", "https://127.0.0.1:" + server_.port() + "/");
  request.authorities.assign(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(fetch(request).body, "safe");
  EXPECT_EQ(code_of({"POST", "https://127.0.0.1:" + server_.port() + "/"}), Code::denied);
  EXPECT_EQ(fetch(request).body, "safe");
  request.authorities = "no certificate";
  EXPECT_NE(code_of(request), Code::ok);
}

TEST_F(HttpTlsTest, ACertificateForAnotherNameIsDenied) {
  options_.ca_file = file_;
  EXPECT_EQ(code_of({"POST", "https://other.example.org:" + server_.port() + "/"}), Code::denied);
}

}  // namespace
}  // namespace patchbay::net
