// Bearer tokens of providers (plugin-needs N6): tokens of an independent library, and forged ones.
#include "hooks/jwt.hpp"

#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "hooks/key_sets.hpp"
#include "hooks/verifier.hpp"
#include "jwt_tokens.hpp"

namespace patchbay::hooks {
namespace {

constexpr std::string_view kAddress = "https://bay.example/in/hooks/p/1/r";
constexpr const char* kSpec =
    R"({"type":"jwt","issuer":["https://id.example","id.example"],"audience":"url","keys":"https://id.example/keys",
    "claims":{"email":"secret:email","email_verified":"text:true"}})";

std::vector<std::string> secrets(const std::string& reference) {
  if (reference == "secret:email") return {"push@project.example"};
  return {};
}

class JwtTest : public ::testing::Test {
 protected:
  bool accepts(const std::string& token, const char* key_id, const std::string& scheme = "Bearer ") {
    Request request("POST", "/hooks/p/1/r");
    request.headers = {{"authorization", scheme + token}};
    auto context = Verifier::Context(kAddress, now);
    if (const auto key = keys.find(key_id); key != keys.end()) context.key = key->second;
    return verifier->accepts(request, context);
  }
  bool accepts_named(const std::string& name) { return accepts(tokens().at(name), "e1"); }

  TimePoint now{std::chrono::milliseconds(1'700'000'000'000)};
  KeySet keys = *parse_key_set(kKeySet);
  std::unique_ptr<const Verifier> verifier = Verifier::compile(kSpec, secrets, false);
};

TEST_F(JwtTest, TakesWhatTheProviderSigned) {
  EXPECT_TRUE(accepts(tokens().at("rs"), "r1"));
  EXPECT_TRUE(accepts_named("es"));
  EXPECT_TRUE(accepts(tokens().at("es"), "e1", "bearer "));
  EXPECT_TRUE(accepts_named("audience_list"));
  EXPECT_TRUE(accepts_named("just_expired")) << "within the tolerance";
  EXPECT_EQ(verifier->secret_headers(), std::vector<std::string>{"authorization"});
}

TEST_F(JwtTest, RefusesWhatIsNotForUsOrNotNow) {
  for (const char* name : {"other_issuer", "other_audience", "expired", "endless", "not_yet",
                           "from_the_future", "time_as_text", "other_email", "not_verified", "critical"})
    EXPECT_FALSE(accepts_named(name)) << name;
  now += std::chrono::hours(2);
  EXPECT_FALSE(accepts_named("es"));
}

TEST_F(JwtTest, RefusesOtherKeysAndNone) {
  EXPECT_FALSE(accepts(tokens().at("es"), "r1"));
  EXPECT_FALSE(accepts(tokens().at("rs"), "e1"));
  EXPECT_FALSE(accepts(tokens().at("es"), "unknown"));
  EXPECT_FALSE(accepts(tokens().at("es"), "e1", "Basic "));
  EXPECT_FALSE(accepts("", "e1"));
}

TEST_F(JwtTest, RefusesAlgorithmsThatProveNothing) {
  EXPECT_FALSE(accepts(tokens().at("none"), "e1"));
  EXPECT_FALSE(accepts(tokens().at("hs"), "r1")) << "HMAC with the public key as its secret";
  // The claims of a good token under every header that somebody may try, with its signature and without one.
  const auto& good = tokens().at("es");
  const auto first = good.find('.');
  const auto last = good.rfind('.');
  for (const char* alg : {"none", "None", "NONE", "", "HS256", "HS512", "RS256", "PS256", "ES384", "es256"}) {
    const auto header = crypto::to_base64url(R"({"alg":")" + std::string(alg) + R"(","kid":"e1"})");
    for (const char* key : {"e1", "r1"}) {
      EXPECT_FALSE(accepts(header + good.substr(first), key)) << alg;
      EXPECT_FALSE(accepts(header + good.substr(first, last - first) + ".", key)) << alg;
    }
  }
}

TEST_F(JwtTest, AsksForTheKeyOnlyWhenTheRestFits) {
  const auto wanted = [this](const std::string& token) {
    Request request("POST", "/hooks/p/1/r");
    request.headers = {{"authorization", "Bearer " + token}};
    return verifier->wanted_key(request, Verifier::Context(kAddress, now));
  };
  const auto key = wanted(tokens().at("rs"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id, "r1");
  EXPECT_EQ(key->address, "https://id.example/keys");
  for (const char* name : {"hs", "none", "other_issuer", "other_audience", "expired"})
    EXPECT_FALSE(wanted(tokens().at(name))) << name;
  EXPECT_FALSE(wanted("a.b.c"));
}

// One byte changed, put in or taken away, anywhere.
TEST_F(JwtTest, MutationsAreRefused) {  // bar 18
  std::mt19937 random(7);
  int accepted = 0;
  const int all = std::getenv("PB_FULL") != nullptr ? 1'000'000 : 30'000;
  for (int i = 0; i < all; ++i) {
    const bool rsa = i % 2 == 0;
    auto token = tokens().at(rsa ? "rs" : "es");
    const auto at = random() % token.size();
    char fresh = token[at];
    while (fresh == token[at]) fresh = static_cast<char>(i % 3 == 0 ? random() % 256 : 'A' + random() % 60);
    switch (random() % 3) {
      case 0:
        token.erase(at, 1);
        break;
      case 1:
        token.insert(at, 1, fresh);
        break;
      default:
        token[at] = fresh;
    }
    accepted += accepts(token, rsa ? "r1" : "e1") ? 1 : 0;
  }
  std::cout << "  " << all << " changed tokens, " << accepted << " accepted\n";
  EXPECT_EQ(accepted, 0);
}

TEST(JwtVerifier, SaysWhatIsWrongWithASpec) {
  for (const char* bad :
       {R"({"type":"jwt"})", R"({"type":"jwt","issuer":"i","audience":"url"})",
        R"({"type":"jwt","issuer":"i","audience":"url","keys":"file:///etc/keys"})",
        R"({"type":"jwt","issuer":"i","audience":"url","keys":"https://x.example/","tolerance_s":601})",
        R"({"type":"jwt","issuer":"i","audience":"url","keys":"https://x.example/","claims":[]})",
        R"({"type":"jwt","issuer":"i","audience":"url","keys":"https://x.example/","hash":"sha1"})",
        R"({"type":"jwt","issuer":"i","audience":"secret:gone","keys":"https://x.example/"})"})
    EXPECT_THROW(Verifier::compile(bad, secrets, false), Error) << bad;
}

TEST(KeySet, PassesOverWhatIsNoUsableKey) {
  EXPECT_EQ(parse_key_set(kKeySet)->size(), 2u);
  for (const char* none : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":1})"})
    EXPECT_FALSE(parse_key_set(none)) << none;
  for (
      const char* each :
      {R"("x")", R"({"kty":"RSA","kid":"a"})", R"({"kty":"oct","k":"c2VjcmV0","kid":"a"})",
       R"({"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"})",
       R"({"kty":"EC","crv":"P-256","kid":"no point","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})"})
    EXPECT_TRUE(parse_key_set(R"({"keys":[)" + std::string(each) + "]}")->empty()) << each;
}

}  // namespace
}  // namespace patchbay::hooks
