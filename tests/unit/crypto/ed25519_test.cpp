#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include "crypto/encoding.hpp"

namespace patchbay::crypto {
namespace {

struct Vector {
  const char* seed;
  const char* key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe24655141438e7a"
     "100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302aeeb00d291612bb"
     "0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed28dc027beceea1e"
     "c40a"},
};

TEST(Ed25519, SignsAndVerifiesAsInTheStandard) {
  for (const auto& vector : kVectors) {
    const auto key = SigningKey::from_bytes(*from_hex(vector.seed));
    ASSERT_TRUE(key);
    const auto message = *from_hex(vector.message);
    EXPECT_EQ(to_hex(key->verifying().bytes()), vector.key);
    EXPECT_EQ(to_hex(key->sign(message)), vector.signature);
    EXPECT_TRUE(key->verifying().accepts(message, *from_hex(vector.signature)));
  }
}

TEST(Ed25519, RefusesEverythingElse) {
  const auto key = SigningKey::generate();
  const auto other = SigningKey::generate();
  const auto signature = key.sign("message");
  EXPECT_TRUE(key.verifying().accepts("message", signature));
  EXPECT_FALSE(key.verifying().accepts("massage", signature));
  EXPECT_FALSE(other.verifying().accepts("message", signature));
  EXPECT_FALSE(key.verifying().accepts("message", ""));
  EXPECT_FALSE(key.verifying().accepts("message", signature + "x"));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.verifying().accepts("message", changed)) << i;
  }
  EXPECT_FALSE(SigningKey::from_bytes("short"));
  EXPECT_FALSE(VerifyingKey::from_bytes(std::string(33, 'k')));
}

}  // namespace
}  // namespace patchbay::crypto
