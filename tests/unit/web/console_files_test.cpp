// UI-10: the console's files and its page.
#include "web/console_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.hpp"
#include "unit/web/api_server.hpp"

namespace patchbay::web {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBrowser = "Accept: text/html,*/*;q=0.8\r\n";

class ConsoleFilesTest : public testing::Test {
 protected:
  ConsoleFilesTest() {
    write("index.html", "<head><base href=\"/\" /></head>");
    write("scheme.js", "plain");
    write("assets/index-a1.js", "let a = 1;");
    write("assets/index-a1.js.br", "brotli");
    write("assets/index-a1.js.gz", "gzip");
    fs::create_symlink("/etc/passwd", folder() / "assets/secrets.txt");
    files.emplace(folder(), site);
    router.add(
        Operation::none, Verb::get, "/api/v1/things",
        [](Call) -> boost::asio::awaitable<Response> { co_return Response(200, "text/plain", "things"); },
        Doc("Things"));
    router.fall_back_to(*files);
  }
  fs::path folder() const { return fs::path(temp.path()) / "console"; }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder() / name).parent_path());
    std::ofstream(folder() / name) << text;
  }
  test::RawAnswer get(const std::string& path, std::string_view headers = {}) {
    return ask(served.port(), "GET " + path, headers);
  }

  support::TempFolder temp;
  SiteAddress site{"https://bay.example/app"};
  std::optional<ConsoleFiles> files;
  ScopeAuthenticator authenticator;
  Router router{authenticator, site};
  Served served{router};
};

TEST_F(ConsoleFilesTest, HashedFilesAreKeptForeverAndSentCompressed) {
  const auto plain = get("/assets/index-a1.js");
  EXPECT_EQ(plain.body, "let a = 1;");
  EXPECT_EQ(plain.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(plain.headers.at("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(plain.headers.at("vary"), "accept-encoding");
  const auto brotli = get("/app/assets/index-a1.js", "Accept-Encoding: gzip, deflate, br\r\n");
  EXPECT_EQ(brotli.body, "brotli");
  EXPECT_EQ(brotli.headers.at("content-encoding"), "br");
  EXPECT_EQ(get("/assets/index-a1.js", "Accept-Encoding: br;q=0, gzip\r\n").body, "gzip");
  EXPECT_EQ(get("/assets/index-a1.js", "Accept-Encoding: identity\r\n").body, "let a = 1;");
  const auto etag = brotli.headers.at("etag");
  EXPECT_NE(etag, plain.headers.at("etag"));
  EXPECT_EQ(get("/assets/index-a1.js", "Accept-Encoding: br\r\nIf-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(get("/scheme.js").headers.at("cache-control"), "no-cache");
}

TEST_F(ConsoleFilesTest, ThePageAnswersForEveryAddressOfItsOwn) {
  for (const auto* path : {"/", "/app", "/app/", "/index.html", "/desk/chats/812?filter=x", "/app/desk"}) {
    const auto page = get(path, kBrowser);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.body, "<head><base href=\"/app/\" /></head>") << path;
    EXPECT_EQ(page.headers.at("cache-control"), "no-cache");
    EXPECT_EQ(page.headers.at("x-frame-options"), "DENY");
    EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.headers.at("referrer-policy"), "same-origin");
    EXPECT_EQ(page.headers.at("cross-origin-opener-policy"), "same-origin");
    EXPECT_TRUE(
        page.headers.at("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
  }
  const auto etag = get("/").headers.at("etag");
  EXPECT_EQ(get("/", "If-None-Match: " + etag + "\r\n").status, 304);
  site.set("https://bay.example");
  EXPECT_EQ(get("/", "If-None-Match: " + etag + "\r\n").body, "<head><base href=\"/\" /></head>");
}

TEST_F(ConsoleFilesTest, NothingElseIsReached) {  // bar 18
  for (const auto* path :
       {"/assets/../index.html", "/assets/secrets.txt", "/assets/index-b2.js", "/assets/%2e%2e/scheme.js",
        "/api", "/api/v1/nothing", "/hooks/x", "/files/x", "/plugins/x", "/oauth/x", "/sign-in/x"}) {
    EXPECT_EQ(get(path, kBrowser).status, 404) << path;
  }
  EXPECT_EQ(get("/desk", "Accept: application/json\r\n").status, 404);
  EXPECT_EQ(get("/api/v1/things", kBrowser).body, "things");
  EXPECT_EQ(ask(served.port(), "POST /desk").status, 404);
  EXPECT_EQ(ask(served.port(), "POST /api/v1/things").status, 405);
}

TEST(ConsoleFilesAbsent, ABuildWithoutItSaysSo) {
  ConsoleFiles files("/nowhere/at/all");
  ScopeAuthenticator authenticator;
  Router router{authenticator};
  router.fall_back_to(files);
  Served served{router};
  const auto page = ask(served.port(), "GET /", kBrowser);
  EXPECT_EQ(page.status, 404);
  EXPECT_NE(page.body.find("without its web console"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::web
