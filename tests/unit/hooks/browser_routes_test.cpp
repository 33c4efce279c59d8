// plugin-needs N15: routes that pages of other sites call: sessions, streams, verifier "session", CORS.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "hooks/ingress.hpp"
#include "support.hpp"
#include "support/databases.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;
using Kind = plugin::RouteSpec::Kind;
using nlohmann::json;

const char* const kSite = "https://shop.example";

plugin::RouteSpec spec(std::string id, Kind kind) {
  plugin::RouteSpec made;
  made.id = std::move(id);
  made.kind = kind;
  made.cors = "/origins";
  if (kind == Kind::live) made.methods = {"GET"};
  if (kind == Kind::webhook) {
    made.verify = R"({"type":"session"})";
    made.dedupe = {"/id"};
    made.body_limit = 1000;
  }
  return made;
}

Mount chat_mount(Id integration = 7) {
  Mount mount(integration, "chat", SecretLookup());
  mount.settings = R"({"origins": ["https://Shop.example:443/", "http://localhost:3000", "*", "null", 5]})";
  mount.add(spec("session", Kind::session));
  mount.add(spec("events", Kind::live));
  mount.add(spec("in", Kind::webhook));
  return mount;
}

std::optional<std::string> header(const Answer& answer, const std::string& name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

class BrowserRoutesTest : public ::testing::Test {
 protected:
  BrowserRoutesTest() {
    routes.mount(chat_mount());
    routes.mount(chat_mount(8));
  }
  static Ingress::Parts with_sessions(Ingress::Parts parts, SessionDoor& door) {
    parts.sessions = &door;
    return parts;
  }
  Answer ask(std::string method, const std::string& route, Request::Headers headers = {},
             std::string body = {}, std::string query = {}, Id integration = 7) {
    Request request(std::move(method), "/hooks/chat/" + to_string_id(integration) + "/" + route,
                    std::move(query));
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.peer = peer;
    return loop.run(ingress.handle(std::move(request)));
  }
  static Request::Headers bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }
  json new_session(Request::Headers headers = {}, Id integration = 7) {
    const auto answer = ask("POST", "session", std::move(headers), "", "", integration);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.type, "application/json");
    return answer.status == 200 ? json::parse(answer.body) : json();
  }
  Answer post(const std::string& token, const std::string& body) {
    return ask("POST", "in", bearer(token), body);
  }

  Loop loop;
  support::FreshDatabase database{support::Database::sqlite};
  support::TempFolder folder;
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "vault.key", clock);
  IdMint mint{clock};
  Counters counters;
  RouteTable routes{"https://bay.example"};
  InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  support::FakeHttp http{clock};
  KeySets keys{
      {loop.io.get_executor(), clock, http, [] { return std::vector<std::string>(); }, log::Logger::none()}};
  plugin::HostKey key{*store, *vault, "sessions"};
  SessionTokens tokens{key, clock};
  SessionDoor door{tokens, clock};
  Ingress ingress{with_sessions(Ingress::Parts(routes, committer, clock, keys, counters), door),
                  log::Logger::none()};
  std::string peer = "192.0.2.1";
};

TEST_F(BrowserRoutesTest, MakesAndRenewsSessions) {
  const auto first = new_session();
  EXPECT_EQ(first["expires_at"], "2027-01-16T08:00:00.000Z");
  EXPECT_NE(new_session()["session"], first["session"]);
  clock.advance(1h);
  const auto renewed = new_session(bearer(first["token"]));
  EXPECT_EQ(renewed["session"], first["session"]);
  EXPECT_EQ(renewed["expires_at"], "2027-01-16T09:00:00.000Z");
  EXPECT_EQ(ask("GET", "session").status, 405);
  EXPECT_EQ(ask("POST", "session", {}, std::string(5000, 'x')).status, 413);
}

TEST_F(BrowserRoutesTest, TellsAnybodyTheSettingsThatAreMeantForPages) {
  Mount mount(9, "chat", SecretLookup());
  mount.settings = R"({"title": "Shop", "look": {"colour": "#123456", "inner": 1}, "origins": []})";
  auto session = spec("session", Kind::session);
  session.methods = {"POST", "GET"};
  session.settings = {"/title", "/look/colour", "/missing"};
  mount.add(std::move(session));
  routes.mount(std::move(mount));
  const auto shown = ask("GET", "session", {}, "", "", 9);
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(json::parse(shown.body),
            json::parse(R"({"settings": {"title": "Shop", "look": {"colour": "#123456"}}})"));
  EXPECT_EQ(ask("GET", "session", {{"origin", kSite}}, "", "", 9).status, 403) << "not on other sites";
  EXPECT_EQ(ask("GET", "session").status, 405) << "a route that shows none";
}

TEST_F(BrowserRoutesTest, RefusesTokensThatAreNotGoodHere) {
  const auto own = new_session()["token"].get<std::string>();
  const auto foreign = new_session({}, 8)["token"].get<std::string>();
  auto forged = own;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const auto& token : {foreign, forged, std::string("nonsense"), std::string("1.2.3.4")}) {
    EXPECT_EQ(ask("POST", "session", bearer(token)).status, 401) << token;
    EXPECT_EQ(ask("GET", "events", bearer(token)).status, 401) << token;
    EXPECT_EQ(post(token, "{}").status, 401) << token;
  }
  EXPECT_EQ(ask("GET", "events").status, 401);
  EXPECT_EQ(post("", "{}").status, 401);
  clock.advance(24h);
  EXPECT_EQ(ask("GET", "events", bearer(own)).status, 401);
  EXPECT_EQ(post(own, "{}").status, 401);
  EXPECT_EQ(count(*store, "inbox"), 0);
}

TEST_F(BrowserRoutesTest, AFloodOfSessionsFromOneAddressIsHeldBack) {
  int made = 0;
  while (made < 1000 && ask("POST", "session").status == 200) ++made;
  EXPECT_EQ(made, 30);
  const auto refused = ask("POST", "session");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, 6);
  peer = "192.0.2.2";
  EXPECT_EQ(ask("POST", "session").status, 200);
}

TEST_F(BrowserRoutesTest, OpensTheStreamOfASession) {
  const auto session = new_session();
  const auto token = session["token"].get<std::string>();
  const auto answer = ask("GET", "events", bearer(token));
  EXPECT_EQ(answer.status, 200);
  ASSERT_TRUE(answer.live);
  EXPECT_EQ(answer.live->integration, 7);
  EXPECT_EQ(answer.live->topic, session["session"]);
  EXPECT_EQ(answer.live->until, kStart + 24h);
  EXPECT_TRUE(ask("GET", "events", {}, "", "after=1&token=" + token).live);
  EXPECT_TRUE(ingress.is_live("/hooks/chat/7/events"));
  EXPECT_FALSE(ingress.is_live("/hooks/chat/7/in"));
  routes.unmount(7);
  EXPECT_FALSE(ingress.is_live("/hooks/chat/7/events"));
}

TEST_F(BrowserRoutesTest, StoresWhatAVisitorSendsUnderTheSession) {
  const auto session = new_session();
  const auto id = session["session"].get<std::string>();
  EXPECT_EQ(post(session["token"], R"({"id": "m1"})").status, 200);
  const auto row = store->read_now(
      [](store::Session& s) { return *s.query_one("select lane, dedupe_key, request, verdict from inbox"); });
  EXPECT_EQ(row.text(0), id);
  EXPECT_EQ(row.text(1), id + "/m1");
  EXPECT_EQ(json::parse(row.text(2))["session"], id);
  EXPECT_EQ(row.text(2).find(session["token"].get<std::string>()), std::string::npos);
  EXPECT_EQ(row.text(3), "session");
  EXPECT_EQ(post(session["token"], R"({"id": "m1"})").status, 200);
  EXPECT_EQ(count(*store, "inbox"), 1);
  EXPECT_EQ(post(new_session()["token"], R"({"id": "m1"})").status, 200);
  EXPECT_EQ(count(*store, "inbox"), 2) << "no visitor takes away another's ids";
}

TEST_F(BrowserRoutesTest, OneVisitorDoesNotUseUpWhatAllMaySend) {  // HOOK-4
  const auto loud = new_session()["token"].get<std::string>();
  int sent = 0;
  while (sent < 1000 && post(loud, "{}").status == 200) ++sent;
  EXPECT_EQ(sent, 50);
  EXPECT_EQ(post(loud, "{}").status, 429);
  EXPECT_EQ(post(new_session()["token"], "{}").status, 200);
}

TEST_F(BrowserRoutesTest, AnswersAPreflightWithoutThePlugin) {
  const Request::Headers asked = {{"origin", kSite},
                                  {"access-control-request-method", "POST"},
                                  {"access-control-request-headers", "authorization"}};
  const auto answer = ask("OPTIONS", "in", asked);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), kSite);
  EXPECT_EQ(header(answer, "Access-Control-Allow-Methods"), "POST");
  EXPECT_EQ(header(answer, "Access-Control-Allow-Headers"), "Authorization, Content-Type, Last-Event-ID");
  EXPECT_EQ(header(answer, "Vary"), "Origin");
  EXPECT_FALSE(header(answer, "Access-Control-Allow-Credentials"));
  EXPECT_EQ(ask("OPTIONS", "in", {{"origin", kSite}}).status, 405) << "no preflight";
}

TEST_F(BrowserRoutesTest, LetsListedOriginsReadEveryAnswer) {
  for (const auto* origin : {kSite, "http://localhost:3000"}) {
    const auto refused = ask("POST", "in", {{"origin", origin}}, "{}");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(header(refused, "Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(header(ask("POST", "session", {{"origin", origin}}), "Access-Control-Allow-Origin"), origin);
  }
  const auto without = ask("POST", "session");
  EXPECT_EQ(without.status, 200);
  EXPECT_FALSE(header(without, "Access-Control-Allow-Origin"));
  EXPECT_EQ(header(without, "Vary"), "Origin");
}

TEST_F(BrowserRoutesTest, RefusesOtherOrigins) {
  for (const auto* origin : {"https://evil.example", "http://shop.example", "https://shop.example:8443",
                             "null", "*", "https://shop.example.evil.example", "https://Shop.example"}) {
    for (const auto* method : {"POST", "OPTIONS"}) {
      const auto answer =
          ask(method, "session", {{"origin", origin}, {"access-control-request-method", "POST"}});
      EXPECT_EQ(answer.status, 403) << method << " " << origin;
      EXPECT_FALSE(header(answer, "Access-Control-Allow-Origin")) << origin;
    }
  }
  EXPECT_EQ(counters.origins, 14u);
}

TEST_F(BrowserRoutesTest, ARouteWithoutCorsSaysNothingAboutOrigins) {
  auto mount = chat_mount(9);
  for (auto& [route, served] : mount.routes) route.cors.clear();
  routes.mount(std::move(mount));
  const auto answer = ask("POST", "session", {{"origin", kSite}}, "", "", 9);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.headers.empty());
}

TEST(Cors, WithoutAListNobodyIsAllowed) {
  for (const auto* settings :
       {"{}", R"({"origins": "https://shop.example"})", R"({"origins": {}})", "broken"})
    EXPECT_FALSE(Cors(settings, "/origins").allows(kSite)) << settings;
}

TEST(NetworkOf, CountsAHouseholdOnce) {
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
  EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace patchbay::hooks
