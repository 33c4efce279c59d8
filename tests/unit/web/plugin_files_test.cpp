// plugin-needs N15: the folder web/ of a plugin, for browsers.
#include "web/plugin_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.hpp"
#include "unit/web/api_server.hpp"

namespace patchbay::web {
namespace {

namespace fs = std::filesystem;

class PluginFilesTest : public testing::Test {
 protected:
  PluginFilesTest() {
    write("acme.so", "code");
    write("plugin.json",
          R"({"id": "acme", "version": "1.0.0", "sdk": "0.0", "kinds": ["channel"], "title": "Acme",
              "description": "d", "licence": "MIT", "offers": ["pb.lifecycle/1"]})");
    write("web/widget.js", "let a = 1;");
    write("web/index.html", "<p>hello</p>");
    write("web/img/logo.svg", "<svg/>");
    catalogue.choose({{"acme", {}}});
    catalogue.scan();
    router.mount("/plugins/", files);
  }
  fs::path folder() const { return fs::path(temp.path()) / "plugins/acme"; }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder() / name).parent_path());
    std::ofstream(folder() / name) << text;
  }
  test::RawAnswer get(const std::string& path, std::string_view headers = {}) {
    return ask(served.port(), "GET " + path, headers);
  }
  void expect_broken(const std::string& name) {
    catalogue.scan();
    EXPECT_FALSE(catalogue.find("acme")) << name;
    ASSERT_FALSE(catalogue.list().empty());
    EXPECT_EQ(catalogue.list()[0].reason.id(), "plugin.web_file") << catalogue.list()[0].reason.english();
  }

  support::TempFolder temp;
  plugin::Catalogue catalogue{{fs::path(temp.path()) / "plugins"}, temp / "artefacts", log::Logger::none()};
  PluginFiles files{catalogue, "https://bay.example/app"};
  ScopeAuthenticator authenticator;
  Router router{authenticator, "https://bay.example/app"};
  Served served{router};
};

TEST_F(PluginFilesTest, AreServedWithTheirTypesToPagesOfAnyOrigin) {
  const auto script = get("/plugins/acme/web/widget.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.body, "let a = 1;");
  EXPECT_EQ(script.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(script.headers.at("access-control-allow-origin"), "*");
  EXPECT_EQ(script.headers.at("cross-origin-resource-policy"), "cross-origin");
  EXPECT_EQ(script.headers.at("content-security-policy"), "sandbox allow-scripts");
  EXPECT_EQ(get("/app/plugins/acme/web/img/logo.svg?v=2").headers.at("content-type"), "image/svg+xml");
  EXPECT_EQ(get("/plugins/acme/web/").body, "<p>hello</p>");
}

TEST_F(PluginFilesTest, AreNotSentToWhoHasThem) {
  const auto etag = get("/plugins/acme/web/widget.js").headers.at("etag");
  const auto known = get("/plugins/acme/web/widget.js", "If-None-Match: \"x\", W/" + etag + "\r\n");
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.headers.at("etag"), etag);
  EXPECT_EQ(get("/plugins/acme/web/widget.js", "If-None-Match: \"x\"\r\n").status, 200);
  write("web/widget.js", "let a = 22;");
  catalogue.scan();
  const auto changed = get("/plugins/acme/web/widget.js", "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "let a = 22;");
}

TEST_F(PluginFilesTest, NothingElseIsReached) {  // bar 18
  for (const auto* path :
       {"/plugins/acme/plugin.json", "/plugins/acme/web/../plugin.json",
        "/plugins/acme/web/%2e%2e/plugin.json", "/plugins/acme/web/..%2fplugin.json",
        "/plugins/acme/web//widget.js", "/plugins/acme/web/img", "/plugins/acme/web/img/",
        "/plugins/acme/web/widget.js/", "/plugins/acme/webwidget.js", "/plugins/../acme/web/widget.js",
        "/plugins/acme/acme.so", "/plugins/other/web/widget.js", "/plugins/acme", "/plugins/",
        "/plugins/acme/web/WIDGET.JS"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(ask(served.port(), "POST /plugins/acme/web/widget.js").headers.at("allow"), "GET, HEAD");
}

TEST_F(PluginFilesTest, APluginThatNobodyHasEnabledHasNone) {  // HOST-1
  catalogue.choose({});
  EXPECT_EQ(get("/plugins/acme/web/widget.js").status, 404);
}

TEST_F(PluginFilesTest, ADisabledPluginHasNone) {
  catalogue.choose({{"acme", {"", true}}});
  EXPECT_EQ(get("/plugins/acme/web/widget.js").status, 404);
}

TEST_F(PluginFilesTest, LinksAndHiddenFilesHaveNoPlaceThere) {  // bar 18
  fs::create_symlink("/etc/passwd", folder() / "web/secrets.txt");
  expect_broken("a link to a file");
  fs::remove(folder() / "web/secrets.txt");
  fs::create_directory_symlink("/etc", folder() / "web/etc");
  write("web/widget.js", "changed");
  expect_broken("a link to a folder");
  fs::remove(folder() / "web/etc");
  write("web/.hidden", "");
  expect_broken("a hidden file");
  fs::remove(folder() / "web/.hidden");
  write("web/large.js", std::string((4u << 20) + 1, 'x'));
  expect_broken("a large file");
  fs::remove(folder() / "web/large.js");
  catalogue.scan();
  EXPECT_EQ(get("/plugins/acme/web/widget.js").body, "changed");
}

}  // namespace
}  // namespace patchbay::web
