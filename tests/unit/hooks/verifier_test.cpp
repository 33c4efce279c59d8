#include "hooks/verifier.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <iostream>

#include <functional>
#include <random>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::hooks {
namespace {

using crypto::Hash;

const TimePoint kNow{std::chrono::milliseconds(1'700'000'000'000)};
constexpr std::string_view kUrl = "https://bay.example/in/hooks/p/1/r";

std::vector<std::string> secrets(const std::string& reference) {
  if (reference == "secret:one") return {"s3cret"};
  if (reference == "secret:two") return {"new-one", "s3cret"};
  if (reference == "secret:empty") return {""};
  if (reference == "profile:app_secret") return {"app_secret_test"};
  return {};
}

std::unique_ptr<const Verifier> compile(const std::string& spec, bool consent = false) {
  return Verifier::compile(spec, secrets, consent);
}

bool accepts(const std::string& spec, const Request& request) {
  return compile(spec)->accepts(request, Verifier::Context(kUrl, kNow));
}

Request request(Request::Headers headers, std::string body = {}, std::string query = {}) {
  Request made("POST", "/hooks/p/1/r", std::move(query));
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

std::string hex_mac(Hash hash, std::string_view message) {
  return crypto::to_hex(crypto::hmac(hash, "s3cret", message));
}

const char* const kHeader = R"({"type":"header-equals","header":"X-Token","secret":"secret:one"})";
const char* const kBody =
    R"({"type":"hmac","hash":"sha256","key":["secret:one"],"message":["body"],"header":"X-Sig","strip":"sha256="})";
// As Meta signs (plugins/messenger/plugin.json, plugins/whatsapp-cloud/plugin.json), with a signature that
// was computed elsewhere.
const char* const kHub = R"({"type":"hmac","hash":"sha256","key":["profile:app_secret"],"message":["body"],)"
                         R"("header":"X-Hub-Signature-256","strip":"sha256=","encoding":"hex"})";
const char* const kHubBody =
    R"({"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m_1",)"
    R"("text":"Hall\u00f6chen \ud83d\ude00"}}]}]})";
const char* const kHubSignature = "sha256=96ca35ed262619fcea65113aa09b3dd234910d3eb959073d7ca522f1639c0a15";
const char* const kCloudBody =
    R"({"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages",)"
    R"("value":{"messages":[{"from":"4915112345678","id":"wamid.HBgL\/w==",)"
    R"("text":{"body":"Gr\u00fc\u00dfe \ud83c\udf89 \u003ca\u003e"}}]}}]}]})";
const char* const kCloudSignature = "sha256=fc758b81101a9abfcff2473925f05df2433c1d5da472284119fd66a006d6b252";
const char* const kTimed =
    R"({"type":"hmac","hash":"sha512","key":["secret:one"],"message":["text:v0:","header:X-Time","text::","body"],)"
    R"("header":"X-Sig","timestamp":"X-Time","tolerance_s":300})";
const char* const kForm =
    R"({"type":"hmac","hash":"sha1","key":["secret:one"],"message":["url","form-sorted"],"header":"X-Sig",)"
    R"("encoding":"base64","url_ports":"both","body_sha256":"bodyHash"})";
const char* const kBasic = R"({"type":"basic","user":"text:me","password":"secret:one"})";
const char* const kJson = R"({"type":"json-equals","pointer":"/value/*/state","secret":"secret:one"})";

TEST(Verifier, HeaderEquals) {
  EXPECT_TRUE(accepts(kHeader, request({{"x-token", "s3cret"}})));
  EXPECT_FALSE(accepts(kHeader, request({{"x-token", "s3creT"}})));
  EXPECT_FALSE(accepts(kHeader, request({{"x-token", ""}})));
  EXPECT_FALSE(accepts(kHeader, request({})));
  EXPECT_FALSE(accepts(kHeader, request({{"x-token", "s3cret"}, {"x-token", "s3cret"}})));
  EXPECT_EQ(compile(kHeader)->secret_headers(), std::vector<std::string>{"x-token"});
}

TEST(Verifier, TakesEverySecretWhileOneIsBeingChanged) {
  const auto spec = R"({"type":"header-equals","header":"x-token","secret":"secret:two"})";
  EXPECT_TRUE(accepts(spec, request({{"x-token", "s3cret"}})));
  EXPECT_TRUE(accepts(spec, request({{"x-token", "new-one"}})));
}

TEST(Verifier, HmacOverTheBody) {
  const auto good = "sha256=" + hex_mac(Hash::sha256, "{}");
  EXPECT_TRUE(accepts(kBody, request({{"x-sig", good}}, "{}")));
  EXPECT_FALSE(accepts(kBody, request({{"x-sig", good}}, "{} ")));
  EXPECT_FALSE(accepts(kBody, request({{"x-sig", good.substr(7)}}, "{}")));
  EXPECT_FALSE(accepts(kBody, request({{"x-sig", good.substr(0, 20)}}, "{}")));
  EXPECT_FALSE(accepts(kBody, request({{"x-sig", "sha256="}}, "{}")));
  EXPECT_FALSE(accepts(kBody, request({}, "{}")));
}

TEST(Verifier, HmacWithTimestamp) {
  const auto sent = [](std::string time) {
    return request({{"x-time", time}, {"x-sig", hex_mac(Hash::sha512, "v0:" + time + ":b")}}, "b");
  };
  EXPECT_TRUE(accepts(kTimed, sent("1700000000")));
  EXPECT_TRUE(accepts(kTimed, sent("1699999700")));
  EXPECT_TRUE(accepts(kTimed, sent("1700000299999")));
  EXPECT_FALSE(accepts(kTimed, sent("1699999699")));
  EXPECT_FALSE(accepts(kTimed, sent("1700000301")));
  EXPECT_FALSE(accepts(kTimed, sent("")));
  EXPECT_FALSE(accepts(kTimed, sent("1700000000x")));
  EXPECT_FALSE(accepts(kTimed, sent("99999999999999999999")));
}

std::string base64_mac(std::string_view message) {
  return crypto::to_base64(crypto::hmac(Hash::sha1, "s3cret", message));
}

// Repeated names count once a value, in order.
std::string base64_form_mac(const std::string& key) {
  return crypto::to_base64(crypto::hmac(Hash::sha1, key,
                                        "https://crm.example.com/hooks/in/7f3a?t=1"
                                        "BodyGr\xc3\xbc\xc3\x9f"
                                        "eToaTob"));
}

TEST(Verifier, HmacOverAddressAndSortedForm) {
  const auto form = [](std::string_view url) {
    return request({{"content-type", "application/x-www-form-urlencoded"},
                    {"x-sig", base64_mac(std::string(url) + "?q=1" + "A1B2 3")}},
                   "B=2+3&A=1", "q=1");
  };
  EXPECT_TRUE(accepts(kForm, form(kUrl)));
  EXPECT_TRUE(accepts(kForm, form("https://bay.example:443/in/hooks/p/1/r")));
  EXPECT_FALSE(accepts(kForm, form("https://bay.example:8443/in/hooks/p/1/r")));
  EXPECT_FALSE(accepts(kForm, form("https://bay.example/hooks/p/1/r")));
}

// Computed by others: https://www.twilio.com/docs/usage/security has the first.
TEST(Verifier, HmacOverAddressAndSortedFormAsProvidersComputeIt) {
  const auto spec =
      R"({"type":"hmac","hash":"sha1","key":["secret:vector"],"message":["url","form-sorted"],"header":"X-Sig",)"
      R"("encoding":"base64","url_ports":"both","body_sha256":"bodySHA256"})";
  const auto judged = [&](const std::string& key, const char* url, Request sent) {
    const auto lookup = [&](const std::string&) { return std::vector<std::string>{key}; };
    return Verifier::compile(spec, lookup, false)->accepts(sent, Verifier::Context(url, kNow));
  };
  const std::string form = "application/x-www-form-urlencoded; charset=UTF-8";
  EXPECT_TRUE(
      judged("12345", "https://mycompany.com/myapp.php",
             request({{"content-type", form}, {"x-sig", "RSOYDt4T1cUTdK1PDd93/VVr8B8="}},
                     "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&"
                     "To=%2B18005551212",
                     "foo=1&bar=2")));
  const std::string token = "test_auth_token_0123456789abcdef";
  EXPECT_TRUE(judged(token, "https://crm.example.com/hooks/in/7f3a",
                     request({{"content-type", form}, {"x-sig", base64_form_mac(token)}},
                             "To=b&Body=Gr%C3%BC%C3%9Fe&To=a&To=b", "t=1")));
  const std::string digest = "25fda1a12d3d1fea5105cee448596db0eaeaf7246aa881196ae9b47472af54f7";
  const auto json = [&](const char* body) {
    return request({{"content-type", "application/json"}, {"x-sig", "eT9e8ZcxxUjwaEJ2REho/bN87bg="}}, body,
                   "bodySHA256=" + digest);
  };
  EXPECT_TRUE(judged(token, "https://crm.example.com/hooks/json", json(R"({"type":"X","n":1})")));
  EXPECT_FALSE(judged(token, "https://crm.example.com/hooks/json", json(R"({"type":"X","n":2})")));
}

// What is appended where nobody reads it, or written otherwise, is not what was signed.
TEST(Verifier, AFormThatHoldsMoreThanIsReadIsRefused) {
  const auto signature = base64_mac(std::string(kUrl) + "A1B2 3");
  const auto sent = [&](std::string body) {
    return request({{"content-type", "application/x-www-form-urlencoded"}, {"x-sig", signature}},
                   std::move(body));
  };
  EXPECT_TRUE(accepts(kForm, sent("A=1&B=2+3")));
  for (const char* body : {"A=1&B=2+3&", "A=1&&B=2+3", "A1&B=2+3", "A=1&B=2 3"})
    EXPECT_FALSE(accepts(kForm, sent(body))) << body;
  EXPECT_FALSE(accepts(kForm, sent("A=1&B=2+3" + std::string(1000, '&') + "B=evil")));
}

TEST(Verifier, ABodyThatTheSignatureDoesNotCoverIsRefused) {
  const auto signature = base64_mac(kUrl);
  EXPECT_TRUE(accepts(kForm, request({{"x-sig", signature}})));
  EXPECT_FALSE(accepts(kForm, request({{"x-sig", signature}, {"content-type", "application/json"}}, "{}")));
  const auto query = "bodyHash=" + crypto::to_hex(crypto::digest(Hash::sha256, "{}"));
  const auto with_hash = base64_mac(std::string(kUrl) + "?" + query);
  EXPECT_TRUE(accepts(kForm, request({{"x-sig", with_hash}}, "{}", query)));
  EXPECT_FALSE(accepts(kForm, request({{"x-sig", with_hash}}, "[]", query)));
}

TEST(Verifier, Basic) {
  const auto with = [](std::string value) { return request({{"authorization", std::move(value)}}); };
  EXPECT_TRUE(accepts(kBasic, with("Basic " + crypto::to_base64("me:s3cret"))));
  EXPECT_TRUE(accepts(kBasic, with("basic " + crypto::to_base64("me:s3cret"))));
  EXPECT_FALSE(accepts(kBasic, with("Basic " + crypto::to_base64("me:other"))));
  EXPECT_FALSE(accepts(kBasic, with("Basic me:s3cret")));
  EXPECT_FALSE(accepts(kBasic, with("Basic")));
  EXPECT_FALSE(accepts(kBasic, request({})));
}

TEST(Verifier, JsonEquals) {
  EXPECT_TRUE(accepts(kJson, request({}, R"({"value":[{"state":"s3cret"}]})")));
  EXPECT_FALSE(accepts(kJson, request({}, R"({"value":[{"state":"s3cret"},{"state":"x"}]})")));
  EXPECT_FALSE(accepts(kJson, request({}, "")));
}

TEST(Verifier, HidesTheSecretInTheBodyAndNothingElse) {  // ACC-4
  const auto hidden = [](std::string body) {
    compile(kJson)->hide_secrets(body);
    return body;
  };
  EXPECT_EQ(
      hidden(R"({ "s3cret" :"a\"s3cret\"", "value":[{"state" : "s3cret","n":1.50}, {"state":"s3cret"}]})"),
      R"({ "s3cret" :"a\"s3cret\"", "value":[{"state" : "******","n":1.50}, {"state":"******"}]})");
  EXPECT_EQ(hidden(R"({"value":[{"state":"s3\u0063ret"}]})"), R"({"value":[{"state":"***********"}]})");
  for (const char* rubbish : {"", "\"", "\"\\", "{\"a", "[[[\"\\\"]"}) EXPECT_EQ(hidden(rubbish), rubbish);
}

TEST(Verifier, NoneNeedsConsent) {  // HOOK-6
  EXPECT_THROW(compile(R"({"type":"none"})"), Error);
  EXPECT_TRUE(compile(R"({"type":"none"})", true)->accepts(request({}), Verifier::Context(kUrl, kNow)));
}

TEST(Verifier, AMissingOrEmptySecretRefuses) {  // HOOK-6
  for (const char* reference : {"secret:gone", "secret:empty"}) {
    try {
      compile(std::string(R"({"type":"header-equals","header":"a","secret":")") + reference + R"("})");
      ADD_FAILURE() << reference;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
      EXPECT_NE(std::string(error.what()).find(reference), std::string::npos);
    }
  }
}

TEST(Verifier, SaysWhatIsWrongWithASpec) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "verify"},
      {"[]", "verify"},
      {R"({"type":"magic"})", "magic"},
      {R"({"type":"header-equals","header":"a","secret":"secret:one","extra":1})", "extra"},
      {R"({"type":"header-equals","secret":"secret:one"})", "header"},
      {R"({"type":"header-equals","header":"a","secret":"text:public"})", "secret"},
      {R"({"type":"hmac","hash":"md5","key":["secret:one"],"message":["body"],"header":"a"})", "hash"},
      {R"({"type":"hmac","hash":"sha1","key":[],"message":["body"],"header":"a"})", "key"},
      {R"({"type":"hmac","hash":"sha1","key":["secret:one"],"message":["bodies"],"header":"a"})", "bodies"},
      {R"({"type":"hmac","hash":"sha1","key":["secret:one"],"message":["body"],"header":"a","encoding":"x"})",
       "encoding"},
      {R"({"type":"hmac","hash":"sha1","key":["secret:one"],"message":["body"],"header":"a","tolerance_s":3})",
       "tolerance_s"},
      {R"({"type":"hmac","hash":"sha1","key":["secret:one"],"message":["body"],"header":"a","tolerance_s":3,"timestamp":"t"})",
       "timestamp"},
  };
  for (const auto& [spec, word] : cases) {
    try {
      compile(spec);
      ADD_FAILURE() << spec;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid) << spec;
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
}

// A request of every kind, changed in one byte at a random place that the verifier must notice.
int rounds() {
  return std::getenv("PB_FULL") != nullptr ? 1'000'000 : 100'000;
}

class Mutation {
 public:
  explicit Mutation(const std::string& spec) : verifier_(compile(spec)) {}

  int accepted(Request good, const std::vector<std::function<std::string&(Request&)>>& places) {
    EXPECT_TRUE(verifier_->accepts(good, Verifier::Context(kUrl, kNow)));
    int count = 0;
    for (int i = 0; i < rounds(); ++i) {
      Request bad = good;
      change(places[random_() % places.size()](bad));
      count += verifier_->accepts(bad, Verifier::Context(kUrl, kNow)) ? 1 : 0;
    }
    std::cout << "  " << rounds() << " changed requests, " << count << " accepted\n";
    return count;
  }

 private:
  void change(std::string& text) {
    const auto at = random_() % text.size();
    switch (random_() % 3) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, fresh(text[at]));
        break;
      default:
        text[at] = fresh(text[at]);
    }
  }
  // Another byte, and not the same hex digit in the other case.
  char fresh(char old) {
    for (;;) {
      const char made = static_cast<char>(random_() % 256);
      if ((made | 0x20) != (old | 0x20)) return made;
    }
  }

  std::unique_ptr<const Verifier> verifier_;
  std::mt19937 random_{7};
};

std::string& body(Request& request) {
  return request.body;
}
std::string& first_header(Request& request) {
  return request.headers.front().second;
}
std::string& second_header(Request& request) {
  return request.headers.back().second;
}

TEST(VerifierMutation, HeaderEquals) {  // bar 18
  EXPECT_EQ(Mutation(kHeader).accepted(request({{"x-token", "s3cret"}}), {first_header}), 0);
}

TEST(VerifierMutation, Hmac) {
  const std::string text = R"({"update_id":1,"text":"hello"})";
  EXPECT_EQ(Mutation(kBody).accepted(request({{"x-sig", "sha256=" + hex_mac(Hash::sha256, text)}}, text),
                                     {first_header, body}),
            0);
}

// FB-2, WA-5: over the bytes that were sent, escapes and all.
TEST(VerifierMutation, HmacOverAnEscapedBody) {
  const auto good = request({{"x-hub-signature-256", kHubSignature}}, kHubBody);
  EXPECT_EQ(Mutation(kHub).accepted(good, {first_header, body}), 0);
  const auto cloud = request({{"x-hub-signature-256", kCloudSignature}}, kCloudBody);
  EXPECT_EQ(Mutation(kHub).accepted(cloud, {first_header, body}), 0);
  EXPECT_FALSE(accepts(kHub, request({{"x-hub-signature-256", kHubSignature}}, "")));
  EXPECT_FALSE(accepts(kHub, request({{"x-hub-signature", kHubSignature}}, kHubBody)));
}

TEST(VerifierMutation, HmacWithTimestamp) {
  const auto good =
      request({{"x-time", "1700000000"}, {"x-sig", hex_mac(Hash::sha512, "v0:1700000000:body")}}, "body");
  EXPECT_EQ(Mutation(kTimed).accepted(good, {first_header, second_header, body}), 0);
}

std::string& query(Request& request) {
  return request.query;
}

TEST(VerifierMutation, HmacOverAddressAndForm) {  // WA-2
  const std::string form =
      "MessageSid=SM01&From=whatsapp%3A%2B4915112345678&Body=Gr%C3%BC%C3%9Fe+an+alle&NumMedia=0&Extra=b&"
      "Extra=a&Empty=";
  const auto signature = base64_mac(std::string(kUrl) + "?t=1" +
                                    "BodyGr\xc3\xbc\xc3\x9f"
                                    "e an alle"
                                    "Empty"
                                    "ExtraaExtrab"
                                    "Fromwhatsapp:+4915112345678"
                                    "MessageSidSM01"
                                    "NumMedia0");
  const auto good =
      request({{"content-type", "application/x-www-form-urlencoded"}, {"x-sig", signature}}, form, "t=1");
  EXPECT_EQ(Mutation(kForm).accepted(good, {second_header, body, query}), 0);
}

TEST(VerifierMutation, HmacOverAddressWithBodyDigest) {  // WA-2
  const std::string text = R"({"type":"X","n":1})";
  const auto digest = "bodyHash=" + crypto::to_hex(crypto::digest(Hash::sha256, text));
  const auto good =
      request({{"content-type", "application/json"}, {"x-sig", base64_mac(std::string(kUrl) + "?" + digest)}},
              text, digest);
  EXPECT_EQ(Mutation(kForm).accepted(good, {second_header, body, query}), 0);
}

TEST(VerifierMutation, Basic) {
  const auto good = request({{"authorization", "Basic " + crypto::to_base64("me:s3cret")}});
  EXPECT_EQ(Mutation(kBasic).accepted(good, {first_header}), 0);
}

TEST(VerifierMutation, JsonEquals) {
  // What stands beside the secret is not covered by it, so only the secret is changed.
  const auto verifier = compile(kJson);
  std::mt19937 random(7);
  int accepted = 0;
  const int all = rounds();
  for (int i = 0; i < all; ++i) {
    std::string secret = "s3cret";
    secret[random() % secret.size()] ^= static_cast<char>(1 + random() % 127);
    const auto bad = request({}, R"({"value":[{"state":"s3cret"},{"state":")" + secret + R"("}]})");
    accepted += verifier->accepts(bad, Verifier::Context(kUrl, kNow)) ? 1 : 0;
  }
  std::cout << "  " << all << " changed requests, " << accepted << " accepted\n";
  EXPECT_EQ(accepted, 0);
}

}  // namespace
}  // namespace patchbay::hooks
