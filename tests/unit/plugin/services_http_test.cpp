#include "plugin/settings.hpp"
#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class ServicesHttpTest : public ServicesTest {};

TEST_F(ServicesHttpTest, APlaceholderThatNeverClosesHidesNoOther) {  // N4
  http_.answer(200);
  EXPECT_TRUE(fetch({{"url", "https://api.example.org/{{secret:open?a={{secret:key}}"}}).ok());
  EXPECT_EQ(sent().url, "https://api.example.org/{{secret:open?a=signing-key");
}

TEST_F(ServicesHttpTest, AnswersWithStatusHeadersAndBody) {  // SDK-4
  http_.answer(201, "made", {{"x-a", "1"}, {"x-a", "2"}, {"bad", "\xff"}});
  const auto result = fetch({{"method", "POST"}, {"url", "https://api.example.org/x"}});
  ASSERT_TRUE(result.ok()) << result.text;
  const auto reply = body_of(result);
  EXPECT_EQ(reply["status"], 201);
  EXPECT_EQ(reply["headers"]["x-a"], "1, 2");
  EXPECT_EQ(reply["size"], 4);
  EXPECT_FALSE(reply.contains("blob"));
  EXPECT_THAT(result.message.blobs, ::testing::ElementsAre("made"));
}

TEST_F(ServicesHttpTest, HandsTheTraceOn) {  // HOOK-5
  const std::string trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  http_.answer(200);
  fetch({{"url", "https://api.example.org/"}}, {}, trace);
  EXPECT_EQ(header("traceparent"), trace);
  http_.answer(200);
  const auto own = json::object({{"TraceParent", "its own"}});
  EXPECT_TRUE(fetch({{"url", "https://api.example.org/"}, {"headers", own}}, {}, trace).ok());
  EXPECT_EQ(sent(1).headers.size(), 1U);
  EXPECT_EQ(header("TraceParent", 1), "its own");
}

TEST_F(ServicesHttpTest, FillsInSystemSettingsOfItsOwnThatAreSecret) {  // SET-1
  SettingSpec key;
  key.code = "AcmeKey";
  key.type = "secret";
  key.hosts = {"api.example.org"};
  manifest_.settings = {key};
  start();
  const json request = {{"url", "https://api.example.org/"}, {"headers", {{"X-Key", "{{system:AcmeKey}}"}}}};
  store_->write_now([&](store::Session& session) {
    vault_->put(session, setting_secret("another", "AcmeKey"), "of another plugin");
  });
  EXPECT_THAT(fetch(request).text, HasSubstr("AcmeKey is not set"));
  store_->write_now([&](store::Session& session) {
    vault_->put(session, setting_secret("acme", "AcmeKey"), "of the installation");
  });
  http_.answer(200);
  EXPECT_TRUE(fetch(request).ok());
  EXPECT_EQ(header("X-Key"), "of the installation");
  auto elsewhere = request;
  elsewhere["headers"] = {{"X-Key", "{{system:Other}}"}};
  EXPECT_EQ(fetch(elsewhere).code, Code::denied);
  manifest_.settings.front().hosts = {"other.example.org"};
  start();
  EXPECT_EQ(fetch(request).code, Code::denied);
}

TEST_F(ServicesHttpTest, FillsSecretsIntoEveryPlace) {  // plugin-needs N4
  http_.answer(200);
  fetch({{"method", "POST"},
         {"url", "https://api.example.org/bot{{secret:token}}/send?a={{secret:token}}"},
         {"query", {{"b", "{{secret:token}}"}, {"c", {1, "two"}}}},
         {"headers", {{"X-Key", "{{secret:key}}"}, {"X-Plain", "p"}}},
         {"auth", "bearer:{{secret:token}}"},
         {"json", {{"deep", {{"list", {"k={{secret:key}}"}}}}, {"n", 1}}}});
  const std::string encoded = "123%3As3cret%2Fvalue";
  EXPECT_EQ(sent().url, "https://api.example.org/bot123:s3cret%2Fvalue/send?a=" + encoded + "&b=" + encoded +
                            "&c=1&c=two");
  EXPECT_EQ(header("X-Key"), "signing-key");
  EXPECT_EQ(header("Authorization"), "Bearer 123:s3cret/value");
  EXPECT_EQ(header("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(sent().body), json::parse(R"({"deep": {"list": ["k=signing-key"]}, "n": 1})"));
  EXPECT_THAT(sent().private_headers, ::testing::ElementsAre("x-key"));
}

TEST_F(ServicesHttpTest, FillsFormsAndBasicAuthorization) {
  http_.answer(200);
  fetch({{"method", "POST"},
         {"url", "https://api.example.org/"},
         {"auth", "basic:user:{{secret:key}}"},
         {"form", {{"t", "{{secret:token}}"}, {"a b", "c&d"}}}});
  EXPECT_EQ(sent().body, "a%20b=c%26d&t=123%3As3cret%2Fvalue");
  EXPECT_EQ(header("Authorization"), "Basic dXNlcjpzaWduaW5nLWtleQ==");
  EXPECT_EQ(header("Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(ServicesHttpTest, SendsSecretsOnlyToTheirHosts) {  // ACC-4
  for (const std::string place : {"url", "body"}) {
    json request = {{"method", "POST"}, {"url", "http://127.0.0.1:19000/x"}};
    if (place == "url") request["url"] = "http://127.0.0.1:19000/{{secret:key}}";
    if (place == "body") request["json"] = {"{{secret:key}}"};
    const auto result = fetch(request);
    EXPECT_EQ(result.code, Code::denied);
    EXPECT_THAT(result.text, HasSubstr("secret:key"));
  }
  http_.answer(200);
  EXPECT_TRUE(fetch({{"url", "http://127.0.0.1:19000/{{secret:token}}"}}).ok());
  EXPECT_EQ(http_.seen.size(), 1u);
}

TEST_F(ServicesHttpTest, LetsASettingNameItsPortToo) {
  settings_ = R"({"api_base": "http://127.0.0.1:19001/"})";
  start();
  EXPECT_EQ(fetch({{"url", "http://127.0.0.1:19000/{{secret:token}}"}}).code, Code::denied);
}

TEST_F(ServicesHttpTest, ReachesDeclaredHostsOnly) {  // plugin-needs N11
  for (const std::string url :
       {"https://evil.example.org/", "https://api.example.org.evil.example/", "http://api.example.org/",
        "https://{{secret:token}}/", "https://api.example.org@evil.example/", "nonsense"}) {
    const auto code = fetch({{"url", url}}).code;
    EXPECT_TRUE(code == Code::denied || code == Code::invalid) << url;
  }
  EXPECT_TRUE(http_.seen.empty());
}

TEST_F(ServicesHttpTest, ReachesNothingWhenNothingIsDeclared) {
  manifest_.egress.clear();
  start();
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}}).code, Code::denied);
}

TEST_F(ServicesHttpTest, HandsTheGuardOn) {
  http_.answer(200);
  fetch({{"url", "https://api.example.org/"}});
  EXPECT_THAT(http_.seen.at(0)->guard.hosts, ::testing::ElementsAre("api.example.org", "127.0.0.1"));
  EXPECT_THAT(http_.seen.at(0)->guard.opened, ::testing::ElementsAre("127.0.0.1:19000"));
}

TEST_F(ServicesHttpTest, ASecretThatIsNotSetAsksToSignIn) {
  manifest_.secrets["other"].hosts = {"api.example.org"};
  start();
  const auto result = fetch({{"url", "https://api.example.org/{{secret:other}}"}});
  EXPECT_EQ(result.code, Code::unauthenticated);
  EXPECT_THAT(result.text, HasSubstr("other"));
}

TEST_F(ServicesHttpTest, ShowsNoSecretAnywhere) {  // ACC-4
  http_.fail(Code::unavailable);
  const auto result = fetch({{"method", "POST"}, {"url", "https://api.example.org/bot{{secret:token}}/x"}});
  EXPECT_FALSE(result.ok());
  side_->log(2, "the token is 123:s3cret/value", R"({"t": "123%3As3cret%2Fvalue"})");
  EXPECT_THAT(lines_ + result.text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(lines_, HasSubstr("bot{{secret:token}}"));
}

TEST_F(ServicesHttpTest, RepeatsWhatIsSafe) {
  http_.fail(Code::unavailable);
  http_.fail(Code::outcome_unknown);
  http_.answer(200, "late");
  EXPECT_TRUE(fetch({{"url", "https://api.example.org/"}}).ok());
  EXPECT_EQ(http_.seen.size(), 3u);
}

TEST_F(ServicesHttpTest, RepeatsNothingElse) {
  http_.fail(Code::outcome_unknown);
  http_.fail(Code::unavailable);
  http_.fail(Code::outcome_unknown);
  EXPECT_EQ(fetch({{"method", "POST"}, {"url", "https://api.example.org/"}}).code, Code::outcome_unknown);
  EXPECT_EQ(fetch({{"method", "POST"}, {"url", "https://api.example.org/"}}).code, Code::unavailable);
  // Reading has done no harm, whatever became of it.
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"retry", "never"}}).code, Code::unavailable);
  EXPECT_EQ(http_.seen.size(), 3u);
}

TEST_F(ServicesHttpTest, RemembersUnsafeRequestsByTrace) {
  const std::string trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  const std::string other = "00-0123456789abcdef0123456789abcdef-fedcba9876543210-01";
  const auto acted = [&](const std::string& t, std::chrono::nanoseconds since = 0ns) {
    return contexts_.back()->kept && side_->acted(t, since);
  };
  http_.turns.clear();
  for (int i = 0; i < 3; ++i) http_.answer(200);
  fetch({{"url", "https://api.example.org/"}}, {}, trace);
  fetch({{"method", "POST"}, {"retry", "safe"}, {"url", "https://api.example.org/"}}, {}, trace);
  EXPECT_FALSE(acted(trace));
  fetch({{"method", "POST"}, {"url", "https://api.example.org/"}}, {}, trace);
  EXPECT_TRUE(acted(trace));
  EXPECT_FALSE(acted(other));
  EXPECT_FALSE(acted(trace, clock_.monotonic() + 1ns));  // a call that began afterwards
}

TEST_F(ServicesHttpTest, RemembersAnUnsafeRequestBeforeItWaitsForAnything) {
  http_.answer(200);
  std::optional<port::Result> result;
  const json request = {{"method", "POST"}, {"url", "https://api.example.org/{{secret:key}}"}};
  side_->ask(1, port::Call("pb.http/1:fetch", port::Message(request.dump())),
             [&](port::Result r) { result = std::move(r); });
  run_until([&] { return side_->acted({}, 0ns) || !http_.seen.empty(); });
  EXPECT_TRUE(http_.seen.empty());
  run_until([&] { return result.has_value(); });
}

TEST_F(ServicesHttpTest, SendsNothingThatWasGivenUpBeforeItActed) {
  http_.answer(200);
  std::optional<port::Result> result;
  const json request = {{"method", "POST"}, {"url", "https://api.example.org/"}};
  side_->ask(1, port::Call("pb.http/1:fetch", port::Message(request.dump())),
             [&](port::Result r) { result = std::move(r); });
  side_->cancel(1);  // its worker died; nothing has acted so far
  EXPECT_FALSE(side_->acted({}, 0ns));
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->code, Code::cancelled);
  EXPECT_TRUE(http_.seen.empty());
}

TEST_F(ServicesHttpTest, NamesTheFieldThatIsWrong) {
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"method", "GET"}}, "url"},
      {{{"url", 1}}, "url"},
      {{{"url", "https://api.example.org/"}, {"timeout_ms", "x"}}, "timeout_ms"},
      {{{"url", "https://api.example.org/"}, {"timeout_ms", -1}}, "timeout_ms"},
      {{{"url", "https://api.example.org/"}, {"headers", {1}}}, "headers"},
      {{{"url", "https://api.example.org/"}, {"retry", "often"}}, "retry"},
      {{{"url", "https://api.example.org/"}, {"body", {{"blob_index", 0}}}}, "blob_index"},
      {{{"url", "https://api.example.org/"}, {"parts", json::array({json::object()})}}, "name"},
      {{{"url", "https://api.example.org/"}, {"response", {{"max", 0}}}}, "response/max"}};
  for (const auto& [request, field] : cases) {
    const auto result = fetch(request);
    EXPECT_EQ(result.code, Code::invalid) << request;
    EXPECT_THAT(result.text, HasSubstr(field)) << request;
  }
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"json", 1}, {"form", json::object()}}).code,
            Code::invalid);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"auth", "negotiate:x"}}).code, Code::unsupported);
}

TEST_F(ServicesHttpTest, StreamsBlobsBothWays) {  // plugin-needs N7 a
  const auto made = body_of(ask("pb.blob/1:create", {{"name", "a.txt"}, {"type", "text/plain"}}));
  ask("pb.blob/1:write", {{"blob", made["blob"]}, {"offset", 0}}, {"content"});
  ask("pb.blob/1:close", {{"blob", made["blob"]}});
  http_.answer(200, "downloaded");
  const auto result = fetch({{"method", "POST"},
                             {"url", "https://api.example.org/"},
                             {"parts",
                              {{{"name", "caption"}, {"value", "{{secret:token}}"}, {"literal", true}},
                               {{"name", "t"}, {"value", "{{secret:key}}"}},
                               {{"name", "file"}, {"blob", made["blob"]}}}},
                             {"response", {{"blob", true}, {"name", "b.bin"}}}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_THAT(http_.seen.at(0)->parts, ::testing::ElementsAre("{{secret:token}}", "signing-key", "content"));
  EXPECT_EQ(sent().parts.at(2).file_name, "a.txt");
  EXPECT_EQ(sent().parts.at(2).type, "text/plain");
  EXPECT_TRUE(result.message.blobs.empty());
  EXPECT_EQ(body_of(result)["size"], 10);
  const auto read =
      ask("pb.blob/1:read", {{"blob", body_of(result)["blob"]}, {"offset", 0}, {"length", 100}});
  EXPECT_THAT(read.message.blobs, ::testing::ElementsAre("downloaded"));
  EXPECT_EQ(body_of(read)["name"], "b.bin");
}

TEST_F(ServicesHttpTest, SendsASliceOfABlobAsTheBody) {  // plugin-needs N7 a
  const auto made = body_of(ask("pb.blob/1:create", {{"name", "a.txt"}, {"type", "text/plain"}}));
  ask("pb.blob/1:write", {{"blob", made["blob"]}, {"offset", 0}}, {"0123456789"});
  ask("pb.blob/1:close", {{"blob", made["blob"]}});
  const auto send = [&](json body) {
    http_.answer(200);
    body["blob"] = made["blob"];
    return fetch({{"method", "PUT"}, {"url", "https://api.example.org/"}, {"body", body}}).code;
  };
  EXPECT_EQ(send(json::object()), Code::ok);
  EXPECT_EQ(send({{"offset", 3}, {"length", 4}}), Code::ok);
  EXPECT_EQ(send({{"offset", 10}}), Code::ok);
  EXPECT_THAT(http_.seen.at(0)->parts, ::testing::ElementsAre("0123456789"));
  EXPECT_THAT(http_.seen.at(1)->parts, ::testing::ElementsAre("3456"));
  EXPECT_EQ(http_.seen.at(1)->request.whole->size, 4U);
  EXPECT_EQ(http_.seen.at(2)->request.whole->size, 0U);
  EXPECT_EQ(send({{"offset", 11}}), Code::invalid);
  EXPECT_EQ(send({{"offset", 3}, {"length", 8}}), Code::invalid);
  EXPECT_EQ(send({{"offset", -1}}), Code::invalid);
  EXPECT_EQ(http_.seen.size(), 3U);
}

TEST_F(ServicesHttpTest, KeepsWhatWentWrongOutOfBlobs) {
  http_.answer(404, "no such file");
  const auto result = fetch({{"url", "https://api.example.org/"}, {"response", {{"blob", true}}}});
  EXPECT_FALSE(body_of(result).contains("blob"));
  EXPECT_THAT(result.message.blobs, ::testing::ElementsAre("no such file"));
}

TEST_F(ServicesHttpTest, TrustsRedirectsOnlyWhereTheSecretsMayGo) {
  http_.answer(200);
  fetch({{"url", "https://api.example.org/"},
         {"auth", "bearer:{{secret:key}}"},
         {"redirect", {{"max", 5}, {"auth", "any"}}}});
  EXPECT_EQ(sent().max_redirects, 5);
  EXPECT_TRUE(sent().trusted(*net::parse_url("https://api.example.org/other")));
  EXPECT_FALSE(sent().trusted(*net::parse_url("http://127.0.0.1:19000/")));
}

TEST_F(ServicesHttpTest, CountsRequests) {  // OPS-6
  http_.answer(404);
  fetch({{"url", "https://api.example.org/"}});
  EXPECT_THAT(metrics_.text(), HasSubstr("patchbay_http_requests_total{outcome=\"4xx\",plugin=\"acme\"} 1"));
}

}  // namespace
}  // namespace patchbay::plugin
