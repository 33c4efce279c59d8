#include "hooks/self_test.hpp"

#include <gtest/gtest.h>

#include "hooks/ingress.hpp"
#include "support.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;
using Mark = SelfTestMarks::Mark;
using Outcome = SelfTest::Outcome;

SecretLookup secrets() {
  return [](const std::string&) { return std::vector<std::string>{"s3cret"}; };
}

// HOOK-6
TEST(Sign, WhatIsSignedIsAccepted) {
  const char* const specs[] = {
      R"({"type":"header-equals","header":"X-Token","secret":"secret:a"})",
      R"({"type":"basic","user":"text:me","password":"secret:a"})",
      R"({"type":"json-equals","pointer":"/value/*/state","secret":"secret:a"})",
      R"({"type":"none"})",
      R"({"type":"hmac","hash":"sha256","key":"secret:a","message":"body","header":"X-Sig","strip":"sha256="})",
      R"({"type":"hmac","hash":"sha1","key":"secret:a","message":["url","form-sorted"],"header":"X-Sig","encoding":"base64"})",
      R"({"type":"hmac","hash":"sha256","key":"secret:a","message":["text:v0:","header:X-Time","text:;","query:q","body"],)"
      R"("header":"X-Sig","timestamp":"X-Time","tolerance_s":300})",
      R"({"type":"hmac","hash":"sha256","key":"secret:a","message":"url","header":"X-Sig","url_ports":"both","body_sha256":"bodyHash"})",
  };
  const Verifier::Context context("https://bay.example/hooks/echo/7/in", kStart);
  for (const auto* spec : specs) {
    for (const char* method : {"POST", "GET"}) {
      const auto verifier = Verifier::compile(spec, secrets(), true);
      Request request(method, "/hooks/echo/7/in");
      ASSERT_TRUE(verifier->sign(request, context)) << spec;
      EXPECT_TRUE(verifier->accepts(request, context)) << method << " " << spec;
    }
  }
}

TEST(Sign, SomeCanOnlyBeSignedByTheProvider) {
  const Verifier::Context context("https://bay.example/hooks/echo/7/in", kStart);
  for (
      const auto* spec :
      {R"({"type":"session"})",
       R"({"type":"jwt","issuer":"https://id.example","audience":"url","keys":"https://id.example/keys"})"}) {
    Request request("POST", "/hooks/echo/7/in");
    EXPECT_FALSE(Verifier::compile(spec, secrets(), true)->sign(request, context)) << spec;
  }
}

// The host and, in the place of the network, `way`: what becomes of a request on its way to it.
class SelfTestTest : public ::testing::TestWithParam<support::Database> {
 protected:
  SelfTestTest() {
    parts.marks = &marks;
    routes.mount(echo_mount());
  }
  // What the request that the test has sent looks like when it arrives.
  Request arrived() {
    const auto& sent = http.seen.back()->request;
    Request request(sent.method, "/hooks/echo/7/update");
    const auto mark = sent.url.find('?');
    if (mark != sent.url.npos) request.query = sent.url.substr(mark + 1);
    request.headers = sent.headers;
    request.body = sent.body;
    return request;
  }
  std::vector<SelfTest::Finding> run() { return loop.run(test.run(7)); }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  support::TempFolder folder;
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "vault.key", clock);
  IdMint mint{clock};
  Counters counters;
  RouteTable routes{"https://bay.example:8443/app"};
  InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  support::FakeHttp http{clock};
  KeySets keys{
      {loop.io.get_executor(), clock, http, [] { return std::vector<std::string>(); }, log::Logger::none()}};
  plugin::HostKey key{*store, *vault, "self_test"};
  SelfTestMarks marks{key, clock};
  Ingress::Parts parts{routes, committer, clock, keys, counters};
  SelfTest test{{clock, routes, http, marks}};
};
PB_ON_BOTH_DATABASES(SelfTestTest);

TEST_P(SelfTestTest, a_marked_request_goes_as_far_as_the_proof_once) {
  Ingress ingress(parts, log::Logger::none());
  http.fail(Code::unavailable);
  EXPECT_EQ(run().at(0).outcome, Outcome::unreachable);
  EXPECT_EQ(http.seen.back()->request.url, "https://bay.example:8443/app/hooks/echo/7/update");
  EXPECT_EQ(http.seen.back()->guard.opened, std::vector<std::string>{"bay.example:8443"});
  const auto answer = loop.run(ingress.handle(arrived()));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at(0).first, kSelfTestHeader);
  EXPECT_EQ(answer.body.find("s3cret"), answer.body.npos);
  EXPECT_EQ(count(*store, "inbox"), 0);
  EXPECT_EQ(loop.run(ingress.handle(arrived())).status, 410);  // not twice
  EXPECT_EQ(count(*store, "inbox"), 0);
}

TEST_P(SelfTestTest, marks_are_good_for_a_minute_and_cannot_be_made_up) {
  const auto take = [&](std::string mark) { return loop.run(marks.take(std::move(mark))); };
  auto mark = loop.run(marks.make());
  auto changed = mark;
  changed[changed.size() / 2] ^= 1;
  EXPECT_EQ(take(changed), Mark::foreign);
  for (const char* rubbish : {"", ".", "9999999999", "9999999999.x.y"})
    EXPECT_EQ(take(rubbish), Mark::foreign) << rubbish;
  EXPECT_EQ(take(mark), Mark::good);
  EXPECT_EQ(take(mark), Mark::spent);
  mark = loop.run(marks.make());
  SelfTestMarks of_another_host(key, clock);
  EXPECT_EQ(loop.run(of_another_host.take(mark)), Mark::good);
  mark = loop.run(marks.make());
  clock.advance(60s);
  EXPECT_EQ(take(mark), Mark::spent);
}

TEST_P(SelfTestTest, says_what_became_of_the_request) {
  const auto outcome = [&](int status, const std::string& body, bool ours = true) {
    net::Headers headers;
    if (ours) headers.emplace_back(kSelfTestHeader, "arrived");
    http.answer(status, body, headers);
    const auto findings = run();
    EXPECT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings.at(0).id, "update");
    return std::pair(findings.at(0).outcome, findings.at(0).text.english());
  };
  EXPECT_EQ(outcome(200, "{}").first, Outcome::verified);
  EXPECT_EQ(outcome(200, "<html>", false).first, Outcome::elsewhere);
  EXPECT_EQ(outcome(302, "", false).first, Outcome::elsewhere);
  const auto lost = outcome(404, R"({"path": "/app/hooks/echo/7/update"})");
  EXPECT_EQ(lost.first, Outcome::differs);
  EXPECT_NE(lost.second.find("/app/hooks/echo/7/update"), std::string::npos);
  http.fail(Code::unavailable);
  run();
  auto request = arrived();
  const auto same = self_test_answer(request, 401).body;
  EXPECT_NE(outcome(401, same).second.find("unchanged"), std::string::npos);
  request.body += " ";
  request.headers.clear();
  const auto other = outcome(401, self_test_answer(request, 401).body);
  EXPECT_EQ(other.first, Outcome::differs);
  EXPECT_NE(other.second.find("body, x-token"), std::string::npos) << other.second;
}

TEST_P(SelfTestTest, sends_nothing_where_it_cannot_sign_or_has_no_address) {
  auto mount = echo_mount();
  mount.routes.front().first.verify =
      R"({"type":"jwt","issuer":"https://id.example","audience":"url","keys":"https://id.example/keys"})";
  routes.mount(std::move(mount));
  EXPECT_EQ(run().at(0).outcome, Outcome::impossible);
  RouteTable nowhere("");
  nowhere.mount(echo_mount());
  SelfTest without({clock, nowhere, http, marks});
  EXPECT_EQ(loop.run(without.run(7)).at(0).outcome, Outcome::unreachable);
  EXPECT_TRUE(loop.run(test.run(8)).empty());
  EXPECT_TRUE(http.seen.empty());
}

}  // namespace
}  // namespace patchbay::hooks
