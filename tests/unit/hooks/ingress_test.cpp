#include "hooks/ingress.hpp"

#include <algorithm>
#include <future>

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "base/error.hpp"
#include "jwt_tokens.hpp"
#include "support.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

class IngressTest : public ::testing::TestWithParam<support::Database> {
 protected:
  IngressTest() { routes.mount(echo_mount()); }

  Answer send(Request request) { return loop.run(ingress.handle(std::move(request))); }
  store::Row only_row(const std::string& columns) {
    return store->read_now(
        [&](store::Session& s) { return *s.query_one("select " + columns + " from inbox"); });
  }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  IdMint mint{clock};
  Counters counters;
  RouteTable routes{"https://bay.example"};
  InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  support::FakeHttp http{clock};
  KeySets keys{
      {loop.io.get_executor(), clock, http, [] { return std::vector<std::string>(); }, log::Logger::none()}};
  Ingress::Parts parts{routes, committer, clock, keys, counters};
  Ingress ingress{parts, log::Logger::none()};
  Injector injector{routes, committer, clock};
};
PB_ON_BOTH_DATABASES(IngressTest);

TEST_P(IngressTest, answers_200_once_the_raw_request_is_stored) {  // HOOK-1
  auto request = echo_request(R"({"id":5,"chat":"c1"})");
  request.query = "a=1";
  const auto answer = send(std::move(request));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  const auto row = only_row("lane, dedupe_key, request, body, verdict, received_at");
  EXPECT_EQ(row.text(0), "c1");
  EXPECT_EQ(row.text(1), "5");
  EXPECT_EQ(row.text(2), R"({"method":"POST","path":"/hooks/echo/7/update","query":"a=1",)"
                         R"("headers":{"content-type":"application/json"}})");
  EXPECT_EQ(row.bytes(3), R"({"id":5,"chat":"c1"})");
  EXPECT_EQ(row.text(4), "verified");
  EXPECT_EQ(row.integer(5), kStart.time_since_epoch().count());
}

TEST_P(IngressTest, a_known_duplicate_is_answered_like_the_first) {  // HOOK-2
  send(echo_request(R"({"id":5})"));
  EXPECT_EQ(send(echo_request(R"({"id":5})")).status, 200);
  EXPECT_EQ(count(*store, "inbox"), 1);
  EXPECT_EQ(counters.known, 1u);
}

TEST_P(IngressTest, refuses_before_anything_is_stored) {
  auto unknown = echo_request("{}");
  unknown.path = "/hooks/echo/8/update";
  EXPECT_EQ(send(unknown).status, 404);
  auto get = echo_request("");
  get.method = "GET";
  const auto wrong_method = send(get);
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.headers.front(), (std::pair<std::string, std::string>("Allow", "POST")));
  EXPECT_EQ(send(echo_request(std::string(1001, ' '))).status, 413);
  EXPECT_EQ(send(echo_request("{}", "wrong")).status, 401);
  EXPECT_EQ(count(*store, "inbox"), 0);
}

TEST_P(IngressTest, takes_bodies_that_are_no_json) {
  EXPECT_EQ(send(echo_request(std::string("\0\xff{{{", 5))).status, 200);
  EXPECT_EQ(count(*store, "inbox where lane = '' and dedupe_key is null"), 1);
}

TEST_P(IngressTest, stores_no_header_that_holds_a_secret) {
  auto request = echo_request("{}");
  request.headers.insert(request.headers.end(),
                         {{"authorization", "Bearer canary"}, {"x-many", "1"}, {"x-many", "\xff"}});
  send(std::move(request));
  EXPECT_EQ(only_row("request").text(0),
            "{\"method\":\"POST\",\"path\":\"/hooks/echo/7/update\",\"query\":\"\",\"headers\":"
            "{\"content-type\":\"application/json\",\"x-many\":\"1, \xef\xbf\xbd\"}}");
}

TEST_P(IngressTest, stores_no_secret_of_the_body) {  // ACC-4
  auto mount = echo_mount();
  mount.routes.front().first.verify = R"({"type":"json-equals","pointer":"/state","secret":"secret:hook"})";
  routes.mount(std::move(mount));
  EXPECT_EQ(send(echo_request(R"({"id": 5, "state": "s3cret"})")).status, 200);
  EXPECT_EQ(only_row("body").bytes(0), R"({"id": 5, "state": "******"})");
}

TEST_P(IngressTest, goes_on_with_the_trace_of_the_sender) {  // HOOK-5
  auto request = echo_request("{}");
  request.headers.emplace_back("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  send(std::move(request));
  EXPECT_EQ(only_row("trace").text(0).substr(3, 32), "0123456789abcdef0123456789abcdef");
}

TEST_P(IngressTest, answers_a_challenge_without_storing_it) {
  auto mount = echo_mount();
  mount.routes.front().first.challenge = R"({"when":{"query":["code"]},"reply":{"text":"{query:code}"}})";
  routes.mount(std::move(mount));
  const auto answer = send(Request("GET", "/hooks/echo/7/update", "code=42"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "42");
  EXPECT_EQ(send(Request("GET", "/hooks/echo/7/update")).status, 405);
  EXPECT_EQ(count(*store, "inbox"), 0);
}

TEST_P(IngressTest, gives_the_reply_that_the_route_declares) {
  auto mount = echo_mount();
  mount.routes.front().first.reply = R"({"status":202,"type":"text/xml","body":"<Response/>"})";
  routes.mount(std::move(mount));
  const auto answer = send(echo_request("{}"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.type, "text/xml");
  EXPECT_EQ(answer.body, "<Response/>");
}

TEST_P(IngressTest, faults_of_ours_are_503_with_a_time_to_come_back) {  // HOOK-6
  store->write_now([](store::Session& session) { session.script("alter table inbox rename to gone"); });
  const auto answer = send(echo_request("{}"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_GT(answer.retry_after, 0);
}

TEST_P(IngressTest, a_store_that_is_away_is_503) {  // HOOK-6
  committer.stop();
  EXPECT_EQ(send(echo_request("{}")).status, 503);
}

TEST_P(IngressTest, a_flood_of_one_integration_leaves_room_for_others) {  // HOOK-4
  Ingress::Limits limits;
  limits.open = 1;
  Ingress narrow(parts, log::Logger::none(), limits);
  routes.mount(echo_mount(8));
  auto other = echo_request(R"({"id":1})");
  other.path = "/hooks/echo/8/update";
  std::vector<std::future<Answer>> answers;
  boost::asio::post(loop.io, [&] {  // so that all have begun before the first can end
    for (int i = 0; i < 3; ++i) answers.push_back(loop.start(narrow.handle(echo_request("{}"))));
    answers.push_back(loop.start(narrow.handle(other)));
  });
  loop.run([]() -> boost::asio::awaitable<void> { co_return; }());
  EXPECT_EQ(answers.at(0).get().status, 200);
  EXPECT_EQ(answers.at(1).get().status, 503);
  EXPECT_EQ(answers.at(2).get().status, 503);
  EXPECT_EQ(answers.at(3).get().status, 200);
  EXPECT_EQ(counters.queue_full, 2u);
  Request later = echo_request("{}");
  EXPECT_EQ(loop.run(narrow.handle(std::move(later))).status, 200);
}

TEST_P(IngressTest, tokens_are_verified_with_keys_that_the_provider_publishes) {  // N6
  plugin::RouteSpec spec;
  spec.id = "update";
  spec.verify =
      R"({"type":"jwt","issuer":"https://id.example","audience":"text:https://bay.example/in/hooks/p/1/r",)"
      R"("keys":"https://id.example/keys"})";
  Mount mount(7, "echo", SecretLookup());
  mount.add(std::move(spec));
  routes.mount(std::move(mount));
  const ManualClock then(TimePoint(std::chrono::milliseconds(1'700'000'000'000)));
  Ingress door(Ingress::Parts(routes, committer, then, keys, counters), log::Logger::none());
  const auto ask = [&](const std::string& token) {
    Request request("POST", "/hooks/echo/7/update");
    request.headers = {{"authorization", "Bearer " + token}};
    request.body = "{}";
    return loop.run(door.handle(std::move(request)));
  };
  http.fail(Code::unavailable);
  const auto later = ask(tokens().at("rs"));
  EXPECT_EQ(later.status, 503);
  EXPECT_EQ(later.retry_after, 5);
  EXPECT_EQ(counters.keys_missing, 1u);
  EXPECT_EQ(ask(tokens().at("hs")).status, 401) << "nothing is fetched for what cannot be right";
  clock.advance(std::chrono::seconds(6));
  http.answer(200, kKeySet);
  EXPECT_EQ(ask(tokens().at("rs")).status, 200);
  EXPECT_EQ(ask(tokens().at("es")).status, 200);
  EXPECT_EQ(ask(tokens().at("other_issuer")).status, 401);
  EXPECT_EQ(only_row("cast(count(*) as bigint)").integer(0), 2);
  EXPECT_EQ(only_row("request").text(0).find("authorization"), std::string::npos);
}

TEST_P(IngressTest, one_integration_gets_so_many_a_second_and_no_more) {  // HOOK-4
  Ingress::Limits limits;
  limits.rate = net::Rate(2, std::chrono::seconds(4), 3);
  Ingress slow(parts, log::Logger::none(), limits);
  const auto ask = [&](Request request) { return loop.run(slow.handle(std::move(request))); };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(echo_request("{}", "wrong")).status, 401);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask(echo_request("{}")).status, 200) << "a stranger takes nothing away";
  const auto refused = ask(echo_request("{}"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, 2);
  EXPECT_EQ(counters.too_fast, 1u);
  routes.mount(echo_mount(8));
  auto other = echo_request("{}");
  other.path = "/hooks/echo/8/update";
  EXPECT_EQ(ask(std::move(other)).status, 200) << "the others are not concerned";
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(ask(echo_request("{}")).status, 200);
  EXPECT_EQ(ask(echo_request("{}")).status, 429);
}

TEST_P(IngressTest, bad_signatures_are_told_once_a_second) {  // HOOK-4
  std::string lines;
  const log::Redactor redactor;
  Ingress telling(parts, log::Logger::to_string(log::Format::json, log::Level::warn, redactor, lines));
  for (int i = 0; i < 100; ++i) loop.run(telling.handle(echo_request("{}", "wrong")));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
  clock.advance(std::chrono::seconds(1));
  loop.run(telling.handle(echo_request("{}", "wrong")));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_NE(lines.find(R"("count":"100")"), std::string::npos) << lines;
}

TEST_P(IngressTest, a_route_whose_secret_is_gone_lets_nobody_in) {  // HOOK-6
  routes.mount(echo_mount());
  routes.refresh(7, [](const std::string&) { return std::vector<std::string>(); });
  EXPECT_EQ(send(echo_request("{}")).status, 503);
  EXPECT_EQ(send(echo_request("{}", "")).status, 503);
}

TEST_P(IngressTest, injected_bodies_are_stored_in_order_unverified) {
  const auto outcome = loop.run(
      injector.inject(7, "update", "application/json", {R"({"id":1})", R"({"id":2})", R"({"id":1})"}, ""));
  EXPECT_EQ(outcome.stored, 2u);
  EXPECT_EQ(outcome.known, 1u);
  EXPECT_EQ(count(*store, "inbox where verdict = 'injected'"), 2);
  EXPECT_EQ(send(echo_request(R"({"id":2})")).status, 200);
  EXPECT_EQ(counters.known, 2u);
}

TEST_P(IngressTest, inject_needs_a_route_of_the_integration) {
  try {
    loop.run(injector.inject(7, "nothing", "", {"{}"}, ""));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
  }
}

}  // namespace
}  // namespace patchbay::hooks
