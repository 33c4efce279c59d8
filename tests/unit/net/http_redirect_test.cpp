#include <gtest/gtest.h>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

using Reply = HttpServer::Reply;

class HttpRedirectTest : public ClientTest {
 protected:
  static Reply to(const std::string& location, int status = 302) {
    return {status, {{"Location", location}}, "moved"};
  }
  static HttpRequest with_redirects(std::string method, std::string url) {
    HttpRequest request(std::move(method), std::move(url));
    request.max_redirects = 5;
    return request;
  }
};

TEST_F(HttpRedirectTest, AreAnswersUnlessAskedFor) {
  HttpServer server([](const auto&) { return to("/next"); });
  open(server);
  EXPECT_EQ(fetch({"GET", server.url()}).status, 302);
}

TEST_F(HttpRedirectTest, AreFollowedToRelativePlaces) {
  HttpServer server([](const auto& request) {
    if (request.target == "/a/start?x=1") return to("../b/second");
    if (request.target == "/b/second") return to("?page=2");
    return Reply(request.target);
  });
  open(server);
  EXPECT_EQ(fetch(with_redirects("GET", server.url("/a/start?x=1"))).body, "/b/second?page=2");
}

TEST_F(HttpRedirectTest, KeepMethodAndBodyExcept303) {  // plugin-needs N7 d
  HttpServer server([](const auto& request) {
    if (request.target == "/307") return to("/end", 307);
    if (request.target == "/303") return to("/end", 303);
    return Reply(request.method + " " + request.body);
  });
  open(server);
  auto request = with_redirects("REPORT", server.url("/307"));
  request.body = "<x/>";
  EXPECT_EQ(fetch(std::move(request)).body, "REPORT <x/>");
  auto see_other = with_redirects("POST", server.url("/303"));
  see_other.body = "<x/>";
  EXPECT_EQ(fetch(std::move(see_other)).body, "GET ");
}

TEST_F(HttpRedirectTest, EndAtTheLimitWithTheLastAnswer) {
  HttpServer server([](const auto&) { return to("/again"); });
  open(server);
  EXPECT_EQ(fetch(with_redirects("GET", server.url())).status, 302);
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(HttpRedirectTest, TakeNoSecretsToAnotherHost) {
  HttpServer second([](const auto&) { return Reply("end"); });
  HttpServer first([&](const auto&) { return to(second.url()); });
  open(first);
  open(second);
  auto request = with_redirects("GET", first.url());
  request.headers = {{"Authorization", "Bearer x"}, {"Cookie", "a=b"}, {"X-Key", "k"}, {"X-Plain", "p"}};
  request.private_headers = {"x-key"};
  EXPECT_EQ(fetch(request).body, "end");
  const auto seen = second.requests().at(0);
  for (const char* name : {"authorization", "cookie", "x-key"})
    EXPECT_EQ(seen.headers.count(name), 0u) << name;
  EXPECT_EQ(seen.header("x-plain"), "p");
  EXPECT_EQ(first.requests().at(0).header("authorization"), "Bearer x");
  request.trusted = [&](const UrlParts& url) { return url.port == second.port(); };
  fetch(request);
  EXPECT_EQ(second.requests().at(1).header("authorization"), "Bearer x");
}

TEST_F(HttpRedirectTest, TakeNoBodyToAnotherHost) {
  HttpServer second([](const auto&) { return Reply("end"); });
  HttpServer first([&](const auto&) { return to(second.url(), 307); });
  open(first);
  open(second);
  auto request = with_redirects("POST", first.url());
  request.body = "secret";
  EXPECT_EQ(fetch(std::move(request)).status, 307);
  EXPECT_EQ(second.requests().size(), 0u);
}

TEST_F(HttpRedirectTest, PassTheGuardAtEachHop) {  // OPS-13
  HttpServer closed([](const auto&) { return Reply("inside"); });
  HttpServer server([&](const auto&) { return to(closed.url()); });
  open(server);
  EXPECT_EQ(code_of(with_redirects("GET", server.url())), Code::denied);
  EXPECT_EQ(closed.connections(), 0u);
}

}  // namespace
}  // namespace patchbay::net
