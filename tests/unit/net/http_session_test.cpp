// One connection, one cookie jar, and the logins that need them (plugin-needs N4, N7 c).
#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

using Reply = HttpServer::Reply;
using Request = HttpServer::Request;
using ::testing::HasSubstr;
using ::testing::Not;

// "NTLMSSP", type 2, no flags but Unicode and NTLM, and a challenge.
const char* const kType2 = "TlRMTVNTUAACAAAAAAAAADgAAAABAgAAASNFZ4mrze8AAAAAAAAAAAAAAAAAAAAA";

class HttpSessionTest : public ClientTest {
 protected:
  static HttpRequest with_login(std::string method, std::string url, Login::Scheme scheme) {
    HttpRequest request(std::move(method), std::move(url));
    request.login.emplace();
    request.login->scheme = scheme;
    request.login->user = "CORP\\ann";
    request.login->password = "s3cret";
    return request;
  }
  HttpRequest in(const std::shared_ptr<HttpSession>& session, std::string url) {
    HttpRequest request("GET", std::move(url));
    request.session = session;
    return request;
  }

  // Type 1, then the challenge, then type 3; after that the connection is signed in.
  static Reply ntlm(const Request& request) {
    const auto said = request.header("authorization");
    // Base64 of "NTLMSSP\0" and the first byte of the type.
    if (said.starts_with("NTLM TlRMTVNTUAAB"))
      return {401, {{"WWW-Authenticate", "NTLM " + std::string(kType2)}}};
    if (said.starts_with("NTLM TlRMTVNTUAAD") || (said.empty() && request.number > 2)) return Reply("let in");
    return {401, {{"WWW-Authenticate", "NTLM"}}};
  }
};

TEST_F(HttpSessionTest, ADigestAnswersTheChallengeForThisVeryAddress) {
  HttpServer server([](const Request& request) {
    if (!request.header("authorization").empty()) return Reply(request.body);
    return Reply(401,
                 {{"WWW-Authenticate", R"(Digest realm="r", nonce="n0", qop="auth", algorithm=SHA-256)"}});
  });
  open(server);
  const std::string target = "/a/../b//%2f%7e(x:y,z)?q=%20&r=a+b'&&s";
  auto request = with_login("POST", server.url(target), Login::Scheme::digest);
  request.body = "content";
  const auto response = fetch(std::move(request));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "content");
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests().at(0).body, "");  // nothing is done before it is known who asks
  EXPECT_EQ(server.requests().at(1).target, target);
  const auto said = server.requests().at(1).header("authorization");
  EXPECT_THAT(said, HasSubstr("uri=\"" + target + "\""));
  EXPECT_THAT(said, HasSubstr(R"(username="CORP\\ann")"));
  EXPECT_THAT(said, Not(HasSubstr("s3cret")));
}

TEST_F(HttpSessionTest, AWrongPasswordIsAnAnswer) {
  HttpServer server([](const Request&) {
    return Reply(401, {{"WWW-Authenticate", R"(Digest realm="r", nonce="n0", qop="auth")"}}, "who are you");
  });
  open(server);
  const auto response = fetch(with_login("GET", server.url(), Login::Scheme::digest));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "who are you");
}

TEST_F(HttpSessionTest, NtlmSignsAConnectionInOnce) {
  HttpServer server(ntlm);
  open(server);
  const auto session = client().make_session();
  for (int i = 0; i < 3; ++i) {
    auto request = with_login("POST", server.url("/ews"), Login::Scheme::ntlm);
    request.body = "<soap/>";
    request.session = session;
    EXPECT_EQ(fetch(std::move(request)).body, "let in");
  }
  EXPECT_EQ(server.connections(), 1u);
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_THAT(seen.at(0).header("authorization"), HasSubstr("NTLM TlRMTVNTUAAB"));
  EXPECT_EQ(seen.at(0).body, "");
  EXPECT_THAT(seen.at(1).header("authorization"), HasSubstr("NTLM TlRMTVNTUAAD"));
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(seen.at(i).body, "<soap/>");
  EXPECT_EQ(seen.at(3).header("authorization"), "");
}

TEST_F(HttpSessionTest, NobodyElseGetsAConnectionThatIsSignedIn) {
  HttpServer server(ntlm);
  open(server);
  const auto session = client().make_session();
  auto request = with_login("GET", server.url(), Login::Scheme::ntlm);
  request.session = session;
  EXPECT_EQ(fetch(std::move(request)).status, 200);
  EXPECT_EQ(fetch({"GET", server.url()}).status, 401);
  EXPECT_EQ(fetch(in(client().make_session(), server.url())).status, 401);
  EXPECT_EQ(fetch(in(session, server.url())).status, 401);  // without the login
}

TEST_F(HttpSessionTest, ALoginDoesNotFollowARedirectElsewhere) {
  HttpServer elsewhere([](const Request&) {
    return Reply(401, {{"WWW-Authenticate", R"(Digest realm="r", nonce="n0", qop="auth")"}});
  });
  HttpServer server([&](const Request&) { return Reply(302, {{"Location", elsewhere.url()}}); });
  open(server);
  open(elsewhere);
  auto request = with_login("GET", server.url(), Login::Scheme::digest);
  request.max_redirects = 3;
  EXPECT_EQ(fetch(std::move(request)).status, 401);
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  EXPECT_EQ(elsewhere.requests().at(0).header("authorization"), "");
}

TEST_F(HttpSessionTest, AnUnsafeRequestWithALoginIsNotSentTwice) {
  HttpServer server([](const Request& request) {
    Reply reply(401, {{"WWW-Authenticate", R"(Digest realm="r", nonce="n0", qop="auth")"}});
    reply.drop = !request.header("authorization").empty();
    return reply;
  });
  open(server);
  auto request = with_login("POST", server.url(), Login::Scheme::digest);
  request.body = "once";
  EXPECT_EQ(code_of(std::move(request)), Code::outcome_unknown);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(HttpSessionTest, ALoginHoldsNoLineBreaks) {
  auto request = with_login("GET", "http://127.0.0.1:9/", Login::Scheme::digest);
  rule_.opened.push_back("127.0.0.1:9");
  request.login->user = "ann\r\nX-Evil: 1";
  EXPECT_EQ(code_of(std::move(request)), Code::invalid);
}

TEST_F(HttpSessionTest, CookiesStayInTheirSession) {
  HttpServer server([](const Request& request) {
    if (request.target == "/in")
      return Reply(200, {{"Set-Cookie", "id=1"},
                         {"Set-Cookie", "deep=2; Path=/mail"},
                         {"Set-Cookie", "alien=3; Domain=example.org"}});
    return Reply(request.header("cookie"));
  });
  open(server);
  const auto session = client().make_session();
  fetch(in(session, server.url("/in")));
  EXPECT_EQ(fetch(in(session, server.url("/out"))).body, "id=1");
  EXPECT_THAT(fetch(in(session, server.url("/mail/x"))).body, HasSubstr("deep=2"));
  EXPECT_EQ(fetch(in(client().make_session(), server.url("/out"))).body, "");
  EXPECT_EQ(fetch({"GET", server.url("/out")}).body, "");
  HttpServer other([](const Request& request) { return Reply(request.header("cookie")); });
  open(other);
  auto named = in(session, "http://localhost:" + std::to_string(other.port()));
  rule_.opened.push_back("localhost:" + std::to_string(other.port()));
  EXPECT_EQ(fetch(std::move(named)).body, "");
}

TEST_F(HttpSessionTest, OneRequestAtATimeInTheirOrder) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  HttpServer server([&](const Request&) {
    most = std::max(most.load(), ++running);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --running;
    return Reply("{}");
  });
  open(server);
  const auto session = client().make_session();
  for (int i = 0; i < 10; ++i) {
    boost::asio::co_spawn(io_, client().fetch(in(session, server.url("/" + std::to_string(i))), rule_),
                          [](std::exception_ptr error, const HttpResponse&) { EXPECT_FALSE(error); });
  }
  io_.run();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(server.connections(), 1u);
  ASSERT_EQ(server.requests().size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(server.requests().at(i).target, "/" + std::to_string(i));
}

TEST_F(HttpSessionTest, ATurnThatDoesNotComeInTimeIsADeadline) {
  std::latch late(1);
  HttpServer server([&](const Request&) {
    late.wait();
    return Reply("{}");
  });
  open(server);
  const auto session = client().make_session();
  std::vector<Code> ended;
  const auto start = [&](Duration timeout) {
    auto request = in(session, server.url());
    request.timeout = timeout;
    boost::asio::co_spawn(io_, client().fetch(std::move(request), rule_),
                          [&](std::exception_ptr error, const HttpResponse&) {
                            ended.push_back(Code::ok);
                            try {
                              if (error) std::rethrow_exception(error);
                            } catch (const Error& failure) {
                              ended.back() = failure.code();
                              late.count_down();
                            }
                          });
  };
  start(Duration(30'000));
  start(Duration(20));
  start(Duration(30'000));
  io_.run();
  EXPECT_THAT(ended, ::testing::ElementsAre(Code::deadline, Code::ok, Code::ok));
}

TEST_F(HttpSessionTest, WhoStopsWaitingHoldsUpNobody) {
  std::latch late(1);
  HttpServer server([&](const Request& request) {
    if (request.target == "/slow") late.wait();
    return Reply("{}");
  });
  open(server);
  const auto session = client().make_session();
  int answered = 0;
  int failed = 0;
  boost::asio::cancellation_signal signal;
  const auto count = [&](std::exception_ptr error, const HttpResponse&) { ++(error ? failed : answered); };
  boost::asio::co_spawn(io_, client().fetch(in(session, server.url("/slow")), rule_), count);
  boost::asio::co_spawn(io_, client().fetch(in(session, server.url("/given-up")), rule_),
                        boost::asio::bind_cancellation_slot(signal.slot(), count));
  boost::asio::co_spawn(io_, client().fetch(in(session, server.url("/last")), rule_), count);
  io_.run_for(std::chrono::milliseconds(50));
  signal.emit(boost::asio::cancellation_type::terminal);
  io_.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(failed, 1);
  late.count_down();
  io_.run();
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(server.requests().size(), 2u);
}

}  // namespace
}  // namespace patchbay::net
