#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include "crypto/encoding.hpp"

namespace patchbay::crypto {
namespace {

TEST(Digest, MatchesTheStandardsVectors) {  // FIPS 180-4, "abc"
  EXPECT_EQ(to_hex(digest(Hash::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(digest(Hash::sha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(digest(Hash::sha512, "abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, OfNothingIsDefined) {
  EXPECT_EQ(to_hex(digest(Hash::sha256, {})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hmac, MatchesRfc4231Case2) {
  EXPECT_EQ(to_hex(hmac(Hash::sha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac(Hash::sha512, "Jefe", "what do ya want for nothing?")),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(Hmac, TakesKeysLongerThanABlock) {  // RFC 4231, case 6
  EXPECT_EQ(to_hex(hmac(Hash::sha256, std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, Sha1MatchesRfc2202Case2) {
  EXPECT_EQ(to_hex(hmac(Hash::sha1, "Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Hmac, TakesAnEmptyKeyAfterAnother) {
  static_cast<void>(hmac(Hash::sha256, "another", "x"));
  EXPECT_EQ(to_hex(hmac(Hash::sha256, {}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Sha256, OfPiecesIsThatOfTheWhole) {
  Sha256 sum;
  sum.update("a");
  sum.update({});
  sum.update("bc");
  EXPECT_EQ(sum.finish(), digest(Hash::sha256, "abc"));
}

TEST(Sha256, BeginsAnewAfterFinish) {
  Sha256 sum;
  sum.update("first");
  sum.finish();
  sum.update("abc");
  EXPECT_EQ(sum.finish(), digest(Hash::sha256, "abc"));
}

TEST(Hash, IsReadFromItsWord) {
  EXPECT_EQ(parse_hash("sha512"), Hash::sha512);
  EXPECT_FALSE(parse_hash("md5"));
}

}  // namespace
}  // namespace patchbay::crypto
