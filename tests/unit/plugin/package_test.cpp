// Signed plugin packages (HOST-7, bar 18).
#include "plugin/package.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "base/error.hpp"
#include "plugin/catalogue.hpp"

namespace patchbay::plugin {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void write(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

class PackageTest : public ::testing::Test {
 protected:
  PackageTest() {
    fs::create_directories(keys_);
    write(keys_ / "acme.pub", public_key_text(key_.verifying()));
    make(folder_);
  }
  ~PackageTest() override { fs::remove_all(root_); }

  static fs::path make_root() {
    std::string pattern = (fs::temp_directory_path() / "pb-package-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  static void make(const fs::path& folder) {
    write(folder / "plugin.json",
          R"({"id": "acme", "version": "1.0.0", "sdk": "0.0", "kinds": ["channel"], "title": "Acme",
        "description": "d", "licence": "MIT", "offers": ["pb.lifecycle/1"], "setup": {"schema": "schema/setup.json", "version": 1}})");
    write(folder / "acme.so", std::string("\x7f"
                                          "ELF and more",
                                          13));
    write(folder / "schema/setup.json", R"({"type": "object"})");
  }
  Trust trust(bool only = true) const { return Trust(keys_, only, root_ / "own"); }
  std::string signer(const fs::path& folder, bool only = true) const {
    const auto trust = this->trust(only);
    return trust.signer_of(folder, trust.demands_signature(folder));
  }
  std::string refusal(bool only = true) const try {
    signer(folder_, only);
    return {};
  } catch (const Error& error) {
    return error.text().id();
  }

  const fs::path root_ = make_root();
  const fs::path keys_ = root_ / "keys";
  const fs::path folder_ = root_ / "plugins/acme";
  const crypto::SigningKey key_ = crypto::SigningKey::generate();
};

TEST_F(PackageTest, WhatATrustedKeySignedRuns) {
  sign_package(folder_, key_);
  EXPECT_EQ(signer(folder_), "acme");
  EXPECT_EQ(signer(folder_, false), "acme");
  sign_package(folder_, key_);
  EXPECT_EQ(signer(folder_), "acme");
}

TEST_F(PackageTest, UnsignedRunsOnlyWhereThatIsAllowed) {
  EXPECT_EQ(refusal(), "plugin.unsigned");
  EXPECT_EQ(signer(folder_, false), "");
}

TEST_F(PackageTest, ASignatureOfAnUnknownKeyIsAsNone) {
  sign_package(folder_, crypto::SigningKey::generate());
  EXPECT_EQ(refusal(), "plugin.unknown_key");
  EXPECT_EQ(signer(folder_, false), "");
}

TEST_F(PackageTest, WhatWasChangedAfterSigningNeverRuns) {
  sign_package(folder_, key_);
  write(folder_ / "acme.so", "other code");
  EXPECT_EQ(refusal(), "plugin.changed_after_signing");
  EXPECT_EQ(refusal(false), "plugin.changed_after_signing");
}

TEST_F(PackageTest, WhatCameWithTheHostIsTrustedAsItIs) {
  const auto own = root_ / "own/acme";
  make(own);
  EXPECT_EQ(signer(own), "");
  EXPECT_THROW(signer(root_ / "own/../plugins/acme"), Error);
}

TEST_F(PackageTest, ABrokenSignatureAndAStrangeFileAreNamed) {
  write(folder_ / kSignatureFile, "patchbay-package-1 only-two");
  EXPECT_EQ(refusal(false), "plugin.signature_broken");
  fs::remove(folder_ / kSignatureFile);
  fs::create_symlink("/etc/passwd", folder_ / "link");
  EXPECT_THROW(sign_package(folder_, key_), Error);
}

TEST_F(PackageTest, KeysAreOneStrictLine) {
  const auto text = public_key_text(key_.verifying());
  EXPECT_EQ(parse_public_key(text)->id(), key_.verifying().id());
  EXPECT_EQ(parse_private_key(private_key_text(key_))->bytes(), key_.bytes());
  for (const auto& wrong :
       {std::string(), text + "x", "x" + text, text + text, private_key_text(key_),
        text.substr(0, text.size() - 3), std::string("patchbay-ed25519  ") + text.substr(17)})
    EXPECT_FALSE(parse_public_key(wrong)) << wrong;
}

// One change to a signed package, anywhere.
void mutate(const fs::path& folder, std::minstd_rand& random, const crypto::SigningKey& other) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  const auto& file = files[random() % files.size()];
  auto content = content_of(file);
  switch (random() % 6) {
    case 0: {
      auto& byte = content[random() % content.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
      return write(file, content);
    }
    case 1:
      return write(file, content.substr(0, random() % content.size()));
    case 2:
      return write(file, content + static_cast<char>(random() % 256));
    case 3:
      return write(folder / ("added" + std::to_string(random() % 10)), "");
    case 4:
      return fs::rename(file, file.string() + "x");
    default:
      return sign_package(folder, other);
  }
}

// Nothing of them is opened, and no copy is kept from which it could be.
TEST_F(PackageTest, ChangedPackagesAreRefused) {  // bar 18
#ifdef PB_SANITIZED
  constexpr int kTries = 300;
#else
  constexpr int kTries = 3'000;
#endif
  const auto other = crypto::SigningKey::generate();
  std::minstd_rand random(18);
  int accepted = 0;
  for (int i = 0; i < kTries; ++i) {
    fs::remove_all(folder_);
    make(folder_);
    sign_package(folder_, key_);
    mutate(folder_, random, other);
    try {
      signer(folder_);
      ++accepted;
    } catch (const Error&) {
    }
  }
  EXPECT_EQ(accepted, 0);
  std::printf("%d changed packages, %d accepted\n", kTries, accepted);
}

TEST_F(PackageTest, TheCatalogueNeitherOpensNorKeepsWhatIsRefused) {
  Catalogue catalogue({root_ / "plugins"}, root_ / "artefacts", log::Logger::none(), trust());
  catalogue.choose({{"acme", {}}});
  catalogue.scan();
  ASSERT_EQ(catalogue.list().size(), 1u);
  EXPECT_EQ(catalogue.list()[0].state, CatalogueEntry::State::broken);
  EXPECT_EQ(catalogue.list()[0].reason.id(), "plugin.unsigned");
  EXPECT_FALSE(fs::exists(root_ / "artefacts/acme"));
  sign_package(folder_, key_);
  EXPECT_TRUE(catalogue.scan());
  EXPECT_EQ(catalogue.list()[0].state, CatalogueEntry::State::ready);
  EXPECT_FALSE(fs::exists(root_ / "artefacts/.reading"));
  EXPECT_EQ(catalogue.list()[0].signed_by, "acme");
  fs::remove(keys_ / "acme.pub");
  EXPECT_TRUE(catalogue.scan());
  EXPECT_EQ(catalogue.list()[0].reason.id(), "plugin.unknown_key");
}

}  // namespace
}  // namespace patchbay::plugin
