#include "web/router.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/web/api_server.hpp"

namespace patchbay::web {
namespace {

using nlohmann::json;

boost::asio::awaitable<Response> tell(Call call) {
  json out;
  out["id"] = call.param("id");
  out["who"] = call.who.name;
  co_return answer(200, out);
}

boost::asio::awaitable<Response> take(Call call) {
  co_return answer(201, call.json());
}

boost::asio::awaitable<Response> list(Call call) {
  const auto page = call.page();
  json items = json::array();
  items.push_back(page.limit);
  items.push_back(page.after);
  items.push_back(call.query_id("integration").value_or(0));
  co_return answer_list(std::move(items), Id{77});
}

boost::asio::awaitable<Response> clash(Call call) {
  Error error(Code::conflict, Text("base.not_found", {{"what", call.language()}}));
  error.add(Diagnostic("/name", Text::verbatim("taken"), Text::verbatim("Choose another")));
  throw error;
  co_return Response();
}

boost::asio::awaitable<Response> later(Call) {
  throw Error(Code::unavailable, Text("web.busy")).retry_after(std::chrono::milliseconds(2500));
  co_return Response();
}

boost::asio::awaitable<Response> hello(Call) {
  co_return Response(200, "text/plain", "hello");
}

constexpr const char* kBody =
    R"({"type":"object","required":["text"],"properties":{"text":{"type":"string"}},"additionalProperties":false})";

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router.add(Operation::read_chats, Verb::get, "/api/v1/things/{id}", tell, Doc("One thing"));
    router.add(Operation::write_chats, Verb::post, "/api/v1/things", take, Doc("Make one").json(kBody, 500));
    router.add(Operation::read_chats, Verb::get, "/api/v1/things", list,
               Doc("All things")
                   .lists(Doc::kText)
                   .query("integration", "Of one integration")
                   .query("state", "In one state", R"({"type": "string", "enum": ["new", "done"]})"));
    router.add(Operation::none, Verb::get, "/hello", hello, Doc("Says hello"));
    router.add(Operation::none, Verb::put, "/clash", clash, Doc("Fails"));
    router.add(Operation::none, Verb::get, "/later", later, Doc("Fails"));
  }

  test::RawAnswer get(std::string_view target, std::string_view headers = {}) {
    return ask(served.port(), "GET " + std::string(target), headers);
  }
  test::RawAnswer post(std::string_view body, std::string_view type = "application/json") {
    return ask(served.port(), "POST /api/v1/things", "Content-Type: " + std::string(type) + "\r\n", body);
  }
  int status_as(std::string_view scope, std::string_view line) {
    test::RawHttp client(served.port());
    return client
        .ask(std::string(line) + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string(scope) +
             "\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"text\":\"a\"}")
        .status;
  }

  ScopeAuthenticator authenticator;
  Router router{authenticator, "https://bay.example/app/"};
  Served served{router};
};

TEST_F(RouterTest, FindsTheRouteAndDecodesItsParameters) {
  const auto answer = get("/api/v1/things/a%20b%2Fc");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["id"], "a b/c");
}

TEST_F(RouterTest, TakesTheBasePathOff) {  // SET-2: SiteUrl may carry a path
  EXPECT_EQ(get("/app/api/v1/things/5").status, 200);
  EXPECT_EQ(get("/apple/api/v1/things/5").status, 404);
}

TEST_F(RouterTest, UnknownPathIsNotFound) {
  const auto answer = get("/api/v1/nothing");
  EXPECT_EQ(answer.status, 404);
  const auto problem = json::parse(answer.body);
  EXPECT_EQ(problem["type"], "urn:patchbay:problem:not_found");
  EXPECT_EQ(problem["title"], "Not found");
  EXPECT_EQ(problem["status"], 404);
  EXPECT_TRUE(problem["errors"].is_array());
  EXPECT_EQ(problem["request_id"], answer.headers.at("x-request-id"));
  EXPECT_NE(problem["detail"].get<std::string>().find("/api/v1/nothing"), std::string::npos);
}

TEST_F(RouterTest, BrokenPercentEncodingIsRefused) {
  EXPECT_EQ(get("/api/v1/things/%zz").status, 400);
}

TEST_F(RouterTest, WrongMethodNamesTheRightOnes) {
  const auto answer = ask(served.port(), "DELETE /api/v1/things");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "POST, GET, HEAD");
}

TEST_F(RouterTest, HeadIsGetWithoutTheBody) {
  test::RawHttp client(served.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.read(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "5");
  EXPECT_EQ(client.ask("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").body, "hello");
}

TEST_F(RouterTest, EveryRouteAsksForItsOperation) {  // ACC-3
  EXPECT_EQ(status_as("chats", "POST /api/v1/things"), 201);
  EXPECT_EQ(status_as("read", "POST /api/v1/things"), 403);
  EXPECT_EQ(status_as("plugins", "GET /api/v1/things/1"), 403);
  EXPECT_EQ(status_as("nobody", "GET /api/v1/things/1"), 401);
  EXPECT_EQ(status_as("nobody", "GET /hello"), 200);
}

TEST_F(RouterTest, StrangersDoNotGetTheirBodyRead) {
  test::RawHttp client(served.port());
  const auto answer = client.ask(
      "POST /api/v1/things HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer realm=\"patchbay\"");
}

TEST_F(RouterTest, TakesJson) {
  const auto answer = post(R"({"text":"hi"})", "application/json; charset=utf-8");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"({"text":"hi"})");
}

TEST_F(RouterTest, BrokenJsonIsRefusedWithItsPlace) {
  const auto answer = post("{\n  \"text\": nope}");
  EXPECT_EQ(answer.status, 400);
  const auto detail = json::parse(answer.body)["detail"].get<std::string>();
  EXPECT_NE(detail.find("line 2, column 12"), std::string::npos) << detail;
}

TEST_F(RouterTest, DeepJsonIsRefused) {
  EXPECT_EQ(post(std::string(400, '[')).status, 400);
}

TEST_F(RouterTest, OtherTypesAreRefused) {
  EXPECT_EQ(post("text=hi", "application/x-www-form-urlencoded").status, 415);
}

TEST_F(RouterTest, LargeBodiesAreRefused) {
  EXPECT_EQ(post(std::string(501, ' ')).status, 413);
}

TEST_F(RouterTest, ContentThatDoesNotFitPointsAtTheField) {  // SETUP-2
  const auto answer = post(R"({"text":"hi","txet":1})");
  EXPECT_EQ(answer.status, 422);
  const auto errors = json::parse(answer.body)["errors"];
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0]["pointer"], "/txet");
}

TEST_F(RouterTest, ListsHaveLimitsAndCursors) {
  const auto all = json::parse(get("/api/v1/things").body);
  EXPECT_EQ(all["items"], json::parse("[100,0,0]"));
  EXPECT_EQ(all["next"], "77");
  const auto page = json::parse(get("/api/v1/things?limit=500&cursor=77&integration=5").body);
  EXPECT_EQ(page["items"], json::parse("[500,77,5]"));
}

TEST_F(RouterTest, WrongParametersAreNamed) {
  for (const auto* target :
       {"?limit=0", "?limit=501", "?limit=x", "?cursor=-1", "?integration=abc", "?state=old"}) {
    EXPECT_EQ(get(std::string("/api/v1/things") + target).status, 422) << target;
  }
  const auto answer = get("/api/v1/things?integraton=5");
  EXPECT_EQ(answer.status, 422);
  EXPECT_NE(answer.body.find("did you mean integration"), std::string::npos);
}

TEST_F(RouterTest, ErrorsSpeakTheReadersLanguage) {
  const auto answer = ask(served.port(), "PUT /clash", "Accept-Language: ru\r\n");
  EXPECT_EQ(answer.status, 409);
  const auto problem = json::parse(answer.body);
  EXPECT_EQ(problem["title"], "Конфликт");
  EXPECT_EQ(problem["detail"], "Не найдено: ru");
  EXPECT_EQ(problem["errors"][0]["pointer"], "/name");
  EXPECT_EQ(problem["errors"][0]["detail"], "taken. Choose another");
}

TEST_F(RouterTest, UnavailableSaysWhenToComeBack) {
  const auto answer = get("/later");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "3");
}

TEST(Scopes, UnknownOnesNameTheNearest) {
  try {
    parse_scopes("chats amdin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    EXPECT_NE(std::string(error.what()).find("did you mean admin"), std::string::npos);
  }
  EXPECT_THROW(parse_scopes(" ,"), Error);
  EXPECT_TRUE(parse_scopes("read,plugins").has(Operation::manage_plugins));
  EXPECT_FALSE(parse_scopes("read").has(Operation::manage_tokens));
}

}  // namespace
}  // namespace patchbay::web
