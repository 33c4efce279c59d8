#include "domain/access/identity.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::domain::access {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kIssuer = "https://id.example/realm";
const TimePoint kNow{1'795'252'800'000ms};
constexpr std::int64_t kSeconds = 1'795'252'800;

json good_claims() {
  return {{"iss", kIssuer},  {"aud", "patchbay"},    {"sub", "42"},   {"exp", kSeconds + 300},
          {"iat", kSeconds}, {"nonce", "the nonce"}, {"name", "Ana"}, {"preferred_username", "Ana.Lima"}};
}

// Which claim is refused; empty: none.
std::string refused(const json& claims) {
  try {
    check_claims(claims, IdTokenTerms(kIssuer, "patchbay", "the nonce", kNow));
  } catch (const Error& error) {
    return error.text().args().at(0).second;
  }
  return {};
}

json with(const char* claim, json value) {
  auto claims = good_claims();
  claims[claim] = std::move(value);
  return claims;
}

json without(const char* claim) {
  auto claims = good_claims();
  claims.erase(claim);
  return claims;
}

json document() {
  return {{"issuer", kIssuer},
          {"authorization_endpoint", kIssuer + "/auth"},
          {"token_endpoint", kIssuer + "/token"},
          {"jwks_uri", kIssuer + "/keys"}};
}

std::string document_refused(const json& text, const std::string& address = kIssuer) {
  try {
    read_discovery(text.is_string() ? text.get<std::string>() : text.dump(), address);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable);
    return error.text().english();
  }
  return {};
}

TEST(IdToken, IsForThisSignInOnly) {  // ACC-2
  EXPECT_EQ(refused(good_claims()), "");
  EXPECT_EQ(refused(with("iss", "https://id.example/other")), "iss");
  EXPECT_EQ(refused(with("nonce", "another")), "nonce");
  EXPECT_EQ(refused(without("nonce")), "nonce");
  EXPECT_EQ(refused(with("nonce", 7)), "nonce");
  EXPECT_EQ(refused(without("iss")), "iss");
}

TEST(IdToken, IsForUsAmongOthersOnlyWhereItSaysSo) {  // ACC-2
  EXPECT_EQ(refused(with("aud", "another client")), "aud");
  EXPECT_EQ(refused(without("aud")), "aud");
  EXPECT_EQ(refused(with("aud", json::array())), "aud");
  EXPECT_EQ(refused(with("aud", {"patchbay"})), "");
  EXPECT_EQ(refused(with("aud", {"patchbay", "another"})), "azp");
  auto shared = with("aud", {"patchbay", "another"});
  shared["azp"] = "patchbay";
  EXPECT_EQ(refused(shared), "");
  EXPECT_EQ(refused(with("azp", "another")), "azp");
}

TEST(IdToken, HasATime) {  // ACC-2
  EXPECT_EQ(refused(with("exp", kSeconds - 59)), "") << "clocks differ";
  EXPECT_EQ(refused(with("exp", kSeconds - 61)), "exp");
  EXPECT_EQ(refused(without("exp")), "exp");
  EXPECT_EQ(refused(with("exp", "tomorrow")), "exp");
  EXPECT_EQ(refused(with("iat", kSeconds + 61)), "exp") << "made in the future";
  EXPECT_EQ(refused(with("nbf", kSeconds + 61)), "exp");
  EXPECT_EQ(refused(without("iat")), "iat");
}

TEST(IdToken, NamesAPerson) {  // ACC-2
  EXPECT_EQ(refused(without("sub")), "sub");
  EXPECT_EQ(refused(with("sub", "")), "sub");
  EXPECT_EQ(refused(with("sub", 42)), "sub");
  EXPECT_EQ(refused(with("sub", std::string(256, 'x'))), "sub");
}

TEST(Identity, ClaimsBecomeAUser) {  // ACC-2
  auto claims = good_claims();
  claims["email"] = "Ana@Shop.example";
  claims["locale"] = "ru-RU";
  const auto identity = read_identity(claims, "");
  EXPECT_EQ(identity.login, "ana.lima");
  EXPECT_EQ(identity.name, "Ana");
  EXPECT_EQ(identity.email, "Ana@Shop.example");
  EXPECT_EQ(identity.language, "ru");
  EXPECT_EQ(identity.subject, "42");
}

TEST(Identity, AnUnverifiedAddressIsNoLogin) {  // ACC-2
  auto claims = with("preferred_username", "Ana Lima");
  claims["email"] = "ana@shop.example";
  for (const auto& verified : {json(true), json("true")}) {
    claims["email_verified"] = verified;
    EXPECT_EQ(read_identity(claims, "").login, "ana@shop.example") << "a name with a space cannot be a login";
  }
  for (const auto& unverified : {json(false), json("false"), json(), json(1)}) {
    claims["email_verified"] = unverified;
    EXPECT_THROW(read_identity(claims, ""), Error) << unverified;
  }
  claims.erase("email_verified");
  EXPECT_THROW(read_identity(claims, ""), Error) << "nobody says so";
}

TEST(Identity, RolesComeFromAClaimWhateverItsForm) {  // ACC-2
  using Roles = std::vector<std::string>;
  auto claims = with("groups", {"Support", 7, "Sales"});
  claims["role"] = "Support";
  claims["realm_access"] = {{"roles", {"Night shift"}}};
  EXPECT_EQ(read_identity(claims, "groups").roles, (Roles{"Support", "Sales"}));
  EXPECT_EQ(read_identity(claims, "role").roles, Roles{"Support"});
  EXPECT_EQ(read_identity(claims, "/realm_access/roles").roles, Roles{"Night shift"});
  for (const auto* none :
       {"", "others", "/realm_access/others", "/realm_access/roles/7", "/~", "/groups/x", "exp"})
    EXPECT_EQ(read_identity(claims, none).roles, Roles{}) << none;
}

TEST(UserInfo, CompletesTheTokenAndReplacesNothing) {  // ACC-2
  auto claims = good_claims();
  add_user_info(claims, R"({"sub": "42", "name": "Somebody else", "groups": ["Support"]})");
  EXPECT_EQ(claims.at("name"), "Ana");
  EXPECT_EQ(claims.at("groups"), json({"Support"}));
  for (const auto* wrong :
       {R"({"sub": "43", "groups": ["Chiefs"]})", R"({"groups": []})", "[]", "", "no JSON"})
    EXPECT_THROW(add_user_info(claims, wrong), Error) << wrong;
}

TEST(Discovery, SaysWhereEverythingIs) {
  auto text = document();
  auto server = read_discovery(text.dump(), kIssuer);
  EXPECT_EQ(server.authorize, kIssuer + "/auth");
  EXPECT_EQ(server.end_session, "");
  EXPECT_FALSE(server.secret_in_body || server.names_itself);
  text["end_session_endpoint"] = kIssuer + "/end";
  text["token_endpoint_auth_methods_supported"] = {"client_secret_post"};
  text["authorization_response_iss_parameter_supported"] = true;
  server = read_discovery(text.dump(), kIssuer);
  EXPECT_EQ(server.end_session, kIssuer + "/end");
  EXPECT_TRUE(server.secret_in_body && server.names_itself);
}

TEST(Discovery, OfAnotherIssuerOrWithoutAnAddressIsRefusedWithTheReason) {
  EXPECT_NE(document_refused(document(), "https://elsewhere.example").find("the issuer there is " + kIssuer),
            std::string::npos);
  EXPECT_EQ(document_refused(document(), kIssuer + "/"), "") << "a slash makes no other issuer";
  for (const auto* field : {"authorization_endpoint", "token_endpoint", "jwks_uri"}) {
    auto text = document();
    text[field] = "not an address";
    EXPECT_NE(document_refused(text).find(field), std::string::npos);
    text.erase(field);
    EXPECT_NE(document_refused(text).find(field), std::string::npos);
  }
  for (const auto* wrong : {"", "[]", "<html>", "{}"}) EXPECT_NE(document_refused(wrong), "") << wrong;
}

}  // namespace
}  // namespace patchbay::domain::access
