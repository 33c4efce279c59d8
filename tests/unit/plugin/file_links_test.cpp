// plugin-needs N14.
#include "plugin/file_links.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "store/blobs.hpp"
#include "support/databases.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::plugin {
namespace {

using namespace std::chrono_literals;

class FileLinksTest : public ::testing::TestWithParam<support::Database> {
 protected:
  FileLinksTest() { links_ = make("https://host.example.org/base/"); }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    auto done = boost::asio::co_spawn(io_, std::move(work), boost::asio::use_future);
    io_.restart();
    io_.run();
    return done.get();
  }
  std::unique_ptr<FileLinks> make(const std::string& site_url) {
    return std::make_unique<FileLinks>(*store_, *vault_, clock_, site_url);
  }
  // Of a file that is made here unless it is there.
  std::string path_of(Id blob, std::chrono::seconds good_for = 1h) {
    store_->write_now([&](store::Session& session) {
      store::Blob made;
      made.id = blob;
      if (!store::find_blob(session, blob)) store::create_blob(session, made);
    });
    const auto link = run(links_->make(blob, good_for, "a b.jpg"));
    const std::string base = "https://host.example.org/base";
    EXPECT_TRUE(link.url.starts_with(base + "/files/")) << link.url;
    EXPECT_TRUE(link.url.ends_with("/a%20b.jpg")) << link.url;
    return link.url.substr(base.size());
  }

  boost::asio::io_context io_;
  ManualClock clock_{TimePoint{std::chrono::milliseconds(1'700'000'000'000)}};
  support::FreshDatabase database_{GetParam()};
  support::TempFolder folder_;
  std::unique_ptr<store::Store> store_ = database_.open();
  std::unique_ptr<vault::Vault> vault_ = vault::Vault::open(*store_, folder_ / "vault.key", clock_);
  std::unique_ptr<FileLinks> links_;
};

TEST_P(FileLinksTest, OpenWhatWasMadeUntilItsTimeIsOver) {
  const auto path = path_of(17, 60s);
  EXPECT_EQ(run(links_->open(path)), 17);
  clock_.advance(59s);
  EXPECT_EQ(run(links_->open(path)), 17);
  clock_.advance(1s);
  EXPECT_EQ(run(links_->open(path)), std::nullopt);
}

TEST_P(FileLinksTest, KeepTheirFile) {
  path_of(17, 48h);
  path_of(17, 60s);
  clock_.advance(47h);
  const auto swept = [&] {
    const auto now = clock_.now().time_since_epoch().count();
    return store_->write_now(
        [now](store::Session& session) { return store::sweep_blobs(session, now, now, {}); });
  };
  EXPECT_EQ(swept(), 0);
  clock_.advance(1h);
  EXPECT_EQ(swept(), 1);
}

TEST_P(FileLinksTest, AreGoodAtEveryHost) {
  const auto path = path_of(17);
  EXPECT_EQ(run(make("")->open(path)), 17);
}

TEST_P(FileLinksTest, AreGoodForNothingWhenChanged) {  // bar 18
  const auto path = path_of(1234567);
  const auto name = path.rfind('/');  // no more than a word for people
  for (std::size_t at = 0; at < name; ++at) {
    for (const char c : {'0', '9', 'A', 'z', '-', '/'}) {
      auto changed = path;
      changed[at] = c;
      if (changed == path) continue;
      EXPECT_EQ(run(links_->open(changed)), std::nullopt) << changed;
    }
    EXPECT_EQ(run(links_->open(path.substr(0, at))), std::nullopt);
  }
}

TEST_P(FileLinksTest, NeedAPublicAddress) {
  const auto without = make("");
  try {
    run(without->make(17, 1h, "a"));
    FAIL() << "it is made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unsupported);
    EXPECT_EQ(error.text().id(), "plugin.no_site_url");
  }
}

PB_ON_BOTH_DATABASES(FileLinksTest);

}  // namespace
}  // namespace patchbay::plugin
