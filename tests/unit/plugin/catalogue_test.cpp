#include "plugin/catalogue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Choices enabled() {
  return {{"acme", {}}};
}

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() { catalogue_.choose(enabled()); }
  static fs::path make_root() {
    std::string pattern = (fs::temp_directory_path() / "pb-catalogue-XXXXXX").string();
    fs::path root = ::mkdtemp(pattern.data());
    fs::create_directories(root / "plugins");
    return root;
  }
  ~CatalogueTest() override { fs::remove_all(root_); }

  void add(const std::string& folder, const std::string& version, const std::string& library = "code") {
    const auto to = root_ / "plugins" / folder;
    fs::create_directories(to);
    std::ofstream(to / "acme.so") << library;
    std::ofstream(to / "plugin.json")
        << R"({"id": "acme", "version": ")" << version
        << R"(", "sdk": "0.0", "kinds": ["channel"], "title": "Acme", "description": "d",
                                          "licence": "MIT", "offers": ["pb.lifecycle/1"]})";
  }

  const fs::path root_ = make_root();
  Catalogue catalogue_{{root_ / "plugins"}, root_ / "artefacts", log::Logger::none()};
};

TEST_F(CatalogueTest, FindsWhatWasDroppedIn) {  // HOST-1
  EXPECT_FALSE(catalogue_.scan());
  add("acme", "1.0.0");
  EXPECT_TRUE(catalogue_.scan());
  EXPECT_FALSE(catalogue_.scan());
  ASSERT_NE(catalogue_.find("acme"), nullptr);
  EXPECT_EQ(catalogue_.nearest("acne"), "acme");
}

TEST_F(CatalogueTest, WhatNobodyHasEnabledIsFoundAndDoesNotRun) {  // HOST-1
  catalogue_.choose({});
  add("acme-1", "1.0.0");
  catalogue_.scan();
  ASSERT_EQ(catalogue_.list().size(), 1u);
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::found);
  EXPECT_EQ(catalogue_.list()[0].reason.id(), "plugin.not_enabled");
  EXPECT_EQ(catalogue_.find("acme"), nullptr);
  ASSERT_NE(catalogue_.find_any("acme"), nullptr);
  EXPECT_TRUE(catalogue_.choose(enabled()));
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::ready);
  add("acme-2", "2.0.0");  // enabled is the plugin, not its version
  catalogue_.scan();
  ASSERT_NE(catalogue_.find("acme"), nullptr);
  EXPECT_EQ(catalogue_.find("acme")->version, "2.0.0");
}

TEST_F(CatalogueTest, WhatIsRemovedIsGoneWithItsCopies) {  // HOST-4
  add("acme", "1.0.0");
  catalogue_.scan();
  add("acme", "2.0.0", "newer");
  catalogue_.scan();
  catalogue_.choose({{"acme", {"1.0.0", false}}});
  ASSERT_EQ(catalogue_.find("acme")->version, "1.0.0");
  EXPECT_FALSE(catalogue_.remove("acme", root_ / "elsewhere"));
  ASSERT_EQ(catalogue_.list().size(), 2u);
  EXPECT_TRUE(catalogue_.remove("acme", root_ / "plugins"));
  EXPECT_TRUE(catalogue_.list().empty());
  EXPECT_FALSE(fs::exists(root_ / "plugins/acme"));
  EXPECT_FALSE(fs::exists(root_ / "artefacts/acme"));
  catalogue_.scan();
  EXPECT_EQ(catalogue_.find("acme"), nullptr);
}

TEST_F(CatalogueTest, WhatLiesElsewhereIsStillThereWhenTheRestIsRemoved) {  // HOST-4
  Catalogue both({root_ / "plugins", root_ / "shipped"}, root_ / "artefacts", log::Logger::none());
  both.choose(enabled());
  add("acme", "1.0.0");
  fs::create_directories(root_ / "shipped");
  fs::rename(root_ / "plugins/acme", root_ / "shipped/acme");
  add("acme", "2.0.0", "newer");
  both.scan();
  ASSERT_TRUE(both.remove("acme", root_ / "plugins"));
  ASSERT_EQ(both.find("acme")->version, "1.0.0");
  EXPECT_TRUE(fs::exists(both.find("acme")->artefact));
}

TEST_F(CatalogueTest, RunsTheNewestAndListsTheOthers) {  // HOST-4
  add("acme-1", "1.0.0");
  add("acme-2", "1.10.0");
  catalogue_.scan();
  EXPECT_EQ(catalogue_.find("acme")->version, "1.10.0");
  ASSERT_EQ(catalogue_.list().size(), 2u);
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::superseded);
}

TEST_F(CatalogueTest, OfOneVersionInTwoFoldersTheOneThatIsListedFirstRuns) {  // HOST-4
  const auto adopt = [&](const fs::path& folder) {
    fs::create_directories(root_ / folder);
    fs::copy(root_ / "plugins/acme", root_ / folder / "acme");
  };
  add("acme", "1.0.0");
  adopt("first");
  adopt("last");
  for (const auto& folders : {std::pair("last", "first"), std::pair("first", "last")}) {
    Catalogue catalogue({root_ / folders.first, root_ / folders.second}, root_ / "artefacts",
                        log::Logger::none());
    catalogue.choose(enabled());
    catalogue.scan();
    ASSERT_NE(catalogue.find("acme"), nullptr);
    EXPECT_EQ(catalogue.find("acme")->folder, root_ / folders.first / "acme");
    ASSERT_EQ(catalogue.list().size(), 2u);
    EXPECT_EQ(catalogue.list()[1].state, CatalogueEntry::State::superseded);
  }
}

TEST_F(CatalogueTest, VersionsThatAreEqualButWrittenDifferentlyDoNotBothRun) {  // HOST-4
  add("acme-1", "1.0.0");
  add("acme-2", "1.00.0");
  catalogue_.scan();
  ASSERT_EQ(catalogue_.list().size(), 2u);
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::ready);
  EXPECT_EQ(catalogue_.list()[1].state, CatalogueEntry::State::superseded);
}

TEST_F(CatalogueTest, RunsTheVersionThatWasChosenAndThenTheNewestAgain) {  // HOST-4
  add("acme-1", "1.0.0");
  add("acme-2", "1.10.0");
  catalogue_.scan();
  EXPECT_TRUE(catalogue_.choose({{"acme", {"1.0.0", false}}}));
  EXPECT_FALSE(catalogue_.choose({{"acme", {"1.0.0", false}}}));
  EXPECT_EQ(catalogue_.find("acme")->version, "1.0.0");
  EXPECT_TRUE(catalogue_.is_chosen(*catalogue_.find("acme")));
  EXPECT_EQ(catalogue_.list()[1].state, CatalogueEntry::State::superseded);
  add("acme-3", "2.0.0");
  catalogue_.scan();
  EXPECT_EQ(catalogue_.find("acme")->version, "1.0.0");
  catalogue_.choose({{"acme", {"", false}}});
  EXPECT_EQ(catalogue_.find("acme")->version, "2.0.0");
  EXPECT_FALSE(catalogue_.is_chosen(*catalogue_.find("acme")));
}

TEST_F(CatalogueTest, WhatWasReplacedInItsFolderCanBeChosenFromItsCopy) {  // HOST-4
  add("acme", "1.0.0", "first");
  catalogue_.scan();
  EXPECT_EQ(catalogue_.list().size(), 1u);
  add("acme", "2.0.0", "second one");
  catalogue_.scan();
  ASSERT_EQ(catalogue_.list().size(), 2u);
  EXPECT_EQ(catalogue_.list()[1].state, CatalogueEntry::State::kept);
  EXPECT_EQ(catalogue_.find("acme")->version, "2.0.0");
  catalogue_.choose({{"acme", {"1.0.0", false}}});
  const auto old = catalogue_.find("acme");
  ASSERT_EQ(old->version, "1.0.0");
  std::ifstream library(old->artefact);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(library), {}), "first");
  fs::remove_all(root_ / "plugins/acme");
  catalogue_.choose(enabled());
  catalogue_.scan();
  EXPECT_EQ(catalogue_.find("acme"), nullptr);  // a copy does not come to life by itself
}

TEST_F(CatalogueTest, KeepsAFewCopiesOnly) {
  for (int i = 1; i < 9; ++i) {
    add("acme", "1.0." + std::to_string(i), "code " + std::to_string(i));
    catalogue_.scan();
  }
  EXPECT_LE(catalogue_.list().size(), 4u);
}

TEST_F(CatalogueTest, ADisabledOneIsKnownAndDoesNotRun) {  // HOST-4
  add("acme", "1.0.0");
  catalogue_.scan();
  catalogue_.choose({{"acme", {"", true}}});
  EXPECT_TRUE(catalogue_.is_disabled("acme"));
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::disabled);
  EXPECT_NE(catalogue_.find("acme"), nullptr);  // its routes stay
  catalogue_.choose(enabled());
  EXPECT_EQ(catalogue_.list()[0].state, CatalogueEntry::State::ready);
}

TEST_F(CatalogueTest, ABrokenOneIsShownWithItsReasonAndDisturbsNothing) {  // HOST-3
  add("acme", "1.0.0");
  fs::create_directories(root_ / "plugins/empty");
  fs::create_directories(root_ / "plugins/garbage");
  std::ofstream(root_ / "plugins/garbage/plugin.json") << "{oops";
  catalogue_.scan();
  const auto all = catalogue_.list();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].reason.english(), "The folder empty has no plugin.json");
  EXPECT_NE(all[2].reason.english().find("plugin.json is no valid JSON"), std::string::npos);
  EXPECT_NE(catalogue_.find("acme"), nullptr);
}

TEST_F(CatalogueTest, LoadsACopyThatNobodyOverwrites) {
  add("acme", "1.0.0", "first");
  catalogue_.scan();
  const auto first = catalogue_.find("acme")->artefact;
  add("acme", "1.0.1", "second one");
  catalogue_.scan();
  EXPECT_NE(catalogue_.find("acme")->artefact, first);
  std::ifstream in(first);
  std::string content;
  in >> content;
  EXPECT_EQ(content, "first");
}

TEST_F(CatalogueTest, NoticesAPluginAtOnce) {
  std::promise<void> seen;
  std::atomic<bool> told = false;
  catalogue_.scan();
  catalogue_.watch([&] {
    if (catalogue_.find("acme") && !told.exchange(true)) seen.set_value();
  });
  add("acme", "1.0.0");
  EXPECT_EQ(seen.get_future().wait_for(10s), std::future_status::ready);
}

// What the watcher's thread sees; it lives as long as that thread.
struct Watched {
  std::atomic<int> opened = 0;
  std::atomic<bool> told = false;
  std::promise<void> refused;
};

TEST_F(CatalogueTest, ALibraryThatCannotBeOpenedIsBrokenAndEachIsOpenedOnce) {  // HOST-3
  add("acme", "1.0.0");
  const auto watched = std::make_shared<Watched>();
  const auto changed = [this, watched] {
    const auto all = catalogue_.list();
    const bool refused = all.size() == 2 && all[1].state == CatalogueEntry::State::broken;
    if (refused && !watched->told.exchange(true)) watched->refused.set_value();
  };
  catalogue_.watch(changed, [watched](const Manifest& manifest) -> std::optional<Text> {
    ++watched->opened;
    if (manifest.version == "1.0.0") return std::nullopt;
    return Text::verbatim("it needs a symbol");
  });
  add("../acme-2", "2.0.0", "other code");
  fs::rename(root_ / "acme-2", root_ / "plugins/acme-2");
  ASSERT_EQ(watched->refused.get_future().wait_for(20s), std::future_status::ready);
  EXPECT_EQ(catalogue_.find("acme")->version, "1.0.0");
  EXPECT_EQ(catalogue_.list()[1].reason.english(), "it needs a symbol");
  EXPECT_EQ(watched->opened, 2);
}

TEST_F(CatalogueTest, AWatcherOutlivesWhatGoesWrong) {
  add("acme", "1.0.0");
  std::promise<void> first;
  std::promise<void> second;
  std::atomic<int> told = 0;
  catalogue_.watch([&] {
    if (++told == 2) second.set_value();
    if (told != 1) return;
    first.set_value();
    throw std::runtime_error("somebody's fault");
  });
  ASSERT_EQ(first.get_future().wait_for(20s), std::future_status::ready);
  add("other", "1.0.0");
  EXPECT_EQ(second.get_future().wait_for(20s), std::future_status::ready);
  catalogue_.unwatch();
}

TEST_F(CatalogueTest, APluginWhoseTrialWasBrokenOffIsBrokenUntilItIsTriedAgain) {
  add("acme", "1.0.0");
  std::atomic<int> tries = 0;
  catalogue_.watch([] {},
                   [&tries](const Manifest&) -> std::optional<Text> {
                     if (++tries == 1)
                       throw Error(Code::unavailable, Text::verbatim("its worker was killed"));
                     return std::nullopt;
                   });
  const auto becomes = [this](CatalogueEntry::State state) {
    for (int i = 0; i < 75; ++i) {
      if (!catalogue_.list().empty() && catalogue_.list().at(0).state == state) return true;
      std::ofstream(root_ / "plugins" / std::to_string(i)) << "makes it look";
      std::this_thread::sleep_for(400ms);  // it looks when things rest
    }
    return false;
  };
  EXPECT_TRUE(becomes(CatalogueEntry::State::broken));
  EXPECT_EQ(catalogue_.list().at(0).reason.english(), "its worker was killed");
  EXPECT_TRUE(becomes(CatalogueEntry::State::ready));
  EXPECT_EQ(tries, 2);
  catalogue_.unwatch();
}

TEST_F(CatalogueTest, AnArtefactThatIsTornIsCopiedAgain) {
  add("acme", "1.0.0");
  catalogue_.scan();
  const auto artefact = catalogue_.find("acme")->artefact;
  fs::permissions(artefact, fs::perms::owner_all);
  std::ofstream(artefact) << "c";
  Catalogue again({root_ / "plugins"}, root_ / "artefacts", log::Logger::none());
  again.choose(enabled());
  again.scan();
  std::string code;
  std::getline(std::ifstream(artefact), code);
  EXPECT_EQ(code, "code");
}

}  // namespace
}  // namespace patchbay::plugin
