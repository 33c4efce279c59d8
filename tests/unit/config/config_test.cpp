#include "config/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace patchbay::config {
namespace {

namespace fs = std::filesystem;

class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = (fs::temp_directory_path() / "pb-config-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigFile() override { fs::remove_all(folder_); }

  fs::path write(const std::string& content) {
    std::ofstream(folder_ / "patchbay.json") << content;
    return folder_ / "patchbay.json";
  }

  Error error_of(const std::string& content, const Environment& environment = {}) {
    try {
      load(write(content), environment);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error for " << content;
    return Error(Code::ok, Text());
  }

  fs::path folder_;
};

TEST_F(ConfigFile, NeedsOnlyTheStateFolder) {  // OPS-5
  const auto config = load(write(R"({"state_dir": "state"})"), {});
  EXPECT_EQ(config.state_dir, folder_ / "state");
  EXPECT_EQ(config.listen_address, "127.0.0.1");
  EXPECT_EQ(config.listen_port, 8420);
  EXPECT_EQ(config.store_url, "sqlite:" + (folder_ / "state/patchbay.db").string());
  EXPECT_EQ(config.key_file, folder_ / "state/vault.key");
  EXPECT_GE(config.threads, 1u);
}

TEST_F(ConfigFile, VariablesStandOverTheFile) {
  const auto config =
      load(write(R"({"state_dir": "s", "listen": {"port": 1}})"),
           {{"PATCHBAY_LISTEN_PORT", "0"}, {"PATCHBAY_EGRESS_ALLOW", "127.0.0.1:1,b.example:2"}});
  EXPECT_EQ(config.listen_port, 0);
  EXPECT_EQ(config.egress_allow, (std::vector<std::string>{"127.0.0.1:1", "b.example:2"}));
}

TEST_F(ConfigFile, CredentialsComeFromSystemd) {
  std::ofstream(folder_ / "vault.key") << "x";
  std::ofstream(folder_ / "store.url") << "postgresql://u:p@h/d\n";
  const auto config = load(write(R"({"state_dir": "s"})"), {{"CREDENTIALS_DIRECTORY", folder_.string()}});
  EXPECT_EQ(config.key_file, folder_ / "vault.key");
  EXPECT_EQ(config.store_url, "postgresql://u:p@h/d");
}

TEST_F(ConfigFile, NamesTheNearestKey) {
  const auto error = error_of(R"({"state_dir": "s", "listen": {"prt": 1}})");
  EXPECT_EQ(error.code(), Code::invalid);
  ASSERT_EQ(error.diagnostics().size(), 1u);
  EXPECT_EQ(error.diagnostics()[0].path, "/listen/prt");
  EXPECT_EQ(error.diagnostics()[0].remedy.english(), "Did you mean port?");
}

TEST_F(ConfigFile, RefusesAVariableThatNamesNothing) {
  const auto error = error_of(R"({"state_dir": "s"})", {{"PATCHBAY_LISTEN_PROT", "1"}});
  EXPECT_EQ(error.diagnostics().at(0).remedy.english(), "Did you mean PATCHBAY_LISTEN_PORT?");
  EXPECT_EQ(error_of(R"({"state_dir": "s"})", {{"PATCHBAY_LISTEN_PORT", "many"}}).diagnostics().at(0).path,
            "/listen/port");
}

TEST_F(ConfigFile, TellsMissingFileFromBrokenOne) {
  EXPECT_THROW(
      try { load(folder_ / "none.json", {}); } catch (const Error& e) {
        EXPECT_EQ(e.code(), Code::not_found);
        throw;
      },
      Error);
  const auto error = error_of("{\"state_dir\": ");
  EXPECT_EQ(error.code(), Code::invalid);
  EXPECT_NE(std::string(error.what()).find("line 1"), std::string::npos) << error.what();
}

TEST_F(ConfigFile, KeepsThePathOfTheSiteUrl) {  // SET-2
  EXPECT_EQ(load(write(R"({"state_dir": "s", "site_url": "https://h/app/"})"), {}).site_url, "https://h/app");
  for (const auto* bad : {"ftp://h", "h.example", "https://u@h", "https://h?x=1"}) {
    EXPECT_EQ(
        error_of(R"({"state_dir": "s", "site_url": ")" + std::string(bad) + "\"}").diagnostics().at(0).path,
        "/site_url");
  }
}

TEST_F(ConfigFile, TheVariableThatNamesItIsNoSetting) {
  const auto file = write(R"({"state_dir": "state"})");
  EXPECT_EQ(load(file, {{"PATCHBAY_CONFIG", file.string()}}).file, file);
}

}  // namespace
}  // namespace patchbay::config
