#include "hooks/challenge.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::hooks {
namespace {

std::vector<std::string> secrets(const std::string& reference) {
  if (reference == "secret:verify" || reference == "profile:client_secret") return {"s3cret"};
  return {};
}

std::optional<Answer> ask(const std::string& spec, std::string query, std::string method = "GET") {
  return Challenge::compile(spec, secrets)
      .answer(Request(std::move(method), "/hooks/p/1/r", std::move(query)));
}

const char* const kEcho =
    R"({"when":{"method":"GET","query":{"hub.mode":"text:subscribe","hub.token":"secret:verify"}},)"
    R"("reply":{"text":"{query:hub.challenge}"}})";
const char* const kJson = R"({"when":{"query":["code"]},"reply":{"json":{"code":"{query:code}",)"
                          R"("response":"{hmac-sha256-hex:profile:client_secret:query:code}"}}})";

TEST(Challenge, EchoesPlainTextThatIsNeverSniffed) {
  const auto answer = ask(kEcho, "hub.mode=subscribe&hub.token=s3cret&hub.challenge=%3Cb%3E42");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "<b>42");
  EXPECT_EQ(answer->type, "text/plain; charset=utf-8");
  EXPECT_EQ(answer->headers.front(),
            (std::pair<std::string, std::string>("X-Content-Type-Options", "nosniff")));
}

TEST(Challenge, RefusesAWrongToken) {
  EXPECT_EQ(ask(kEcho, "hub.mode=subscribe&hub.token=guess&hub.challenge=42")->status, 401);
}

TEST(Challenge, LeavesOtherRequestsAlone) {
  EXPECT_FALSE(ask(kEcho, "hub.mode=subscribe"));
  EXPECT_FALSE(ask(kEcho, "hub.mode=subscribe&hub.token=s3cret", "POST"));
}

TEST(Challenge, AnswersWithADigest) {
  const auto answer = ask(kJson, "code=a%22b");
  const auto digest = crypto::to_hex(crypto::hmac(crypto::Hash::sha256, "s3cret", "a\"b"));
  EXPECT_EQ(answer->type, "application/json");
  EXPECT_EQ(answer->body, R"({"code":"a\"b","response":")" + digest + R"("})");
}

TEST(Challenge, RefusesEchoesOver512Bytes) {
  EXPECT_EQ(ask(kJson, "code=" + std::string(600, 'x'))->status, 400);
}

TEST(Challenge, SaysWhatIsWrongWithASpec) {
  for (const char* bad :
       {"", "{}", R"({"when":{"query":["a"]}})", R"({"when":{"query":[]},"reply":{"text":"a"}})",
        R"({"when":{"query":["a"]},"reply":{"text":"{secret:verify}"}})",
        R"({"when":{"query":["a"]},"reply":{"text":"{hmac-sha256-hex:secret:gone:query:a}"}})",
        R"({"when":{"query":{"a":"secret:gone"}},"reply":{"text":"x"}})"}) {
    EXPECT_THROW(Challenge::compile(bad, secrets), Error) << bad;
  }
}

}  // namespace
}  // namespace patchbay::hooks
