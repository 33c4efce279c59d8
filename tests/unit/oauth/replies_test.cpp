#include "oauth/replies.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::oauth {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

Granted granted(const std::string& body) {
  return std::get<Granted>(read_token_reply(200, body, "us"));
}

Code failure_of(int status, const std::string& body) {
  try {
    read_token_reply(status, body, "us");
  } catch (const Error& error) {
    return error.code();
  }
  return Code::ok;
}

std::string id_token(const json& claims) {
  return "e30." + crypto::to_base64url(claims.dump()) + ".sig";
}

TEST(OAuthReplies, AreReadAsProvidersWriteThem) {  // RFC 6749, 5.1
  const auto usual =
      granted(R"({"access_token": "a", "refresh_token": "r", "expires_in": 3599, "scope": "x y"})");
  EXPECT_EQ(usual.access_token, "a");
  EXPECT_EQ(usual.refresh_token, "r");
  EXPECT_EQ(usual.lifetime, Duration(3599s));
  EXPECT_EQ(usual.scopes, "x y");
  EXPECT_EQ(granted(R"({"access_token": "a", "expires_in": "60"})").lifetime, Duration(60s));
  EXPECT_FALSE(granted(R"({"access_token": "a"})").lifetime);
  EXPECT_FALSE(granted(R"({"access_token": "a", "expires_in": -5})").lifetime);
  EXPECT_LE(granted(R"({"access_token": "a", "expires_in": 1e300})").lifetime,
            Duration(std::chrono::days(3650)));
}

TEST(OAuthReplies, SayWhoSignedInWhenTheIdTokenIsForUs) {
  const json claims = {
      {"iss", "https://id.example"}, {"sub", "7"}, {"aud", {"us", "them"}}, {"email", "a@x.example"}};
  const auto reply = granted(json{{"access_token", "a"}, {"id_token", id_token(claims)}}.dump());
  EXPECT_EQ(reply.identity, "https://id.example#7");
  EXPECT_EQ(reply.title, "a@x.example");
  auto others = claims;
  others["aud"] = "them";
  EXPECT_EQ(granted(json{{"access_token", "a"}, {"id_token", id_token(others)}}.dump()).identity, "");
  for (const auto* broken : {"", "x", "a.b", "a.!.c", "e30.e30.x"})
    EXPECT_EQ(granted(json{{"access_token", "a"}, {"id_token", broken}}.dump()).identity, "") << broken;
}

TEST(OAuthReplies, TellARefusalFromAProviderThatIsAway) {  // bar 10
  EXPECT_EQ(std::get<Refused>(read_token_reply(400, R"({"error": "invalid_grant"})", "us")).error,
            "invalid_grant");
  const auto nested = R"({"error": {"type": "OAuthException", "message": "Expired", "code": 190}})";
  EXPECT_EQ(std::get<Refused>(read_token_reply(400, nested, "us")).description, "Expired");
  EXPECT_EQ(failure_of(500, R"({"error": "invalid_grant"})"), Code::unavailable);
  EXPECT_EQ(failure_of(503, "<html>"), Code::unavailable);
  EXPECT_EQ(failure_of(200, "<html>"), Code::unavailable);
  EXPECT_EQ(failure_of(200, "{}"), Code::unavailable);
  EXPECT_EQ(failure_of(400, "{}"), Code::unavailable);
  EXPECT_EQ(failure_of(400, R"({"error": "temporarily_unavailable"})"), Code::unavailable);
  EXPECT_EQ(failure_of(200, R"({"access_token": ")" + std::string(70'000, 'x') + R"("})"), Code::unavailable);
}

TEST(OAuthReplies, OfADeviceHaveACodeAndAnAddress) {  // RFC 8628, 3.2
  const auto code = read_device_reply(
      200,
      R"({"device_code": "d", "user_code": "AB-CD", "verification_uri": "https://x.example", "expires_in": 600})");
  EXPECT_EQ(code.user_code, "AB-CD");
  EXPECT_EQ(code.interval, Duration(5s));
  EXPECT_EQ(read_device_reply(
                200, R"({"device_code": "d", "user_code": "u", "verification_url": "https://x.example",
    "expires_in": 600, "interval": 0})")
                .interval,
            Duration(1s));
  EXPECT_THROW(read_device_reply(200, R"({"device_code": "d"})"), Error);
  EXPECT_THROW(read_device_reply(400, R"({"error": "unauthorized_client"})"), Error);
}

}  // namespace
}  // namespace patchbay::oauth
