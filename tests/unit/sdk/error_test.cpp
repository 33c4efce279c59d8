#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

Task<SendReply> throw_error(Probe&, Json) {
  Error error(PB_RATE_LIMITED, "Slow down");
  error.retry_after(1500).in_scope("conversation").with_text("test.slow", Json{{"seconds", 2}});
  error.with(Diagnostic("/token", "The token is wrong", "Copy it again"))
      .with_detail("foreign", "https://other");
  throw error;
  co_return sent("");
}

// SDK-2
TEST(Errors, AnErrorArrivesWithAllItsParts) {
  FakeHost host(probe(throw_error));
  const Result result = host.call(kSend, Json::object());
  EXPECT_EQ(result.code, PB_RATE_LIMITED);
  EXPECT_EQ(result.text, "Slow down");
  EXPECT_EQ(result.retry_after_ms, 1500u);
  EXPECT_EQ(result.json["scope"], "conversation");
  EXPECT_EQ(result.json["text_id"], "test.slow");
  EXPECT_EQ(result.json["args"]["seconds"], 2);
  EXPECT_EQ(result.json["diagnostics"][0]["path"], "/token");
  EXPECT_EQ(result.json["foreign"], "https://other");
}

Task<SendReply> throw_standard(Probe&, Json) {
  throw std::runtime_error("surprise");
  co_return sent("");
}

TEST(Errors, AnyOtherExceptionIsInternalAndKeepsItsText) {
  FakeHost host(probe(throw_standard));
  const Result result = host.call(kSend, Json::object());
  EXPECT_EQ(result.code, PB_INTERNAL);
  EXPECT_THAT(result.text, ::testing::HasSubstr("surprise"));
}

Task<SendReply> throw_number(Probe&, Json) {
  throw 42;
  co_return sent("");
}

TEST(Errors, WhatIsNoExceptionIsInternalToo) {
  FakeHost host(probe(throw_number));
  EXPECT_EQ(host.call(kSend, Json::object()).code, PB_INTERNAL);
}

Task<SendReply> throw_ok(Probe&, Json) {
  throw Error(PB_OK, "not really");
  co_return sent("");
}

TEST(Errors, AnErrorIsNeverASuccess) {
  FakeHost host(probe(throw_ok));
  EXPECT_EQ(host.call(kSend, Json::object()).code, PB_INTERNAL);
}

Task<SendReply> let_pass(Probe& self, Json) {
  Json nobody = Json::object();
  co_await self.services().call("test/1:fail", std::move(nobody));
  co_return sent("");
}

TEST(Errors, TheHostsFailurePassesThroughUnchanged) {
  FakeHost host(probe(let_pass));
  host.services.on("test/1:fail", [](const Request&) {
    Result result(PB_UNAVAILABLE, "Nobody there",
                  Json{{"scope", "grant"}, {"text_id", "net.away"}, {"more", 1}});
    result.retry_after_ms = 70;
    return result;
  });
  const Result result = host.call(kSend, Json::object());
  EXPECT_EQ(result.code, PB_UNAVAILABLE);
  EXPECT_EQ(result.text, "Nobody there");
  EXPECT_EQ(result.retry_after_ms, 70u);
  EXPECT_EQ(result.json["scope"], "grant");
  EXPECT_EQ(result.json["text_id"], "net.away");
  EXPECT_EQ(result.json["more"], 1);
}

TEST(Errors, AHostsMessageOfWrongTypesIsNoErrorOfItsOwn) {
  Error error(PB_DENIED, "no");
  error.adopt(Json{{"scope", 5}, {"text_id", nullptr}, {"diagnostics", "none"}});
  EXPECT_EQ(error.scope, "");
  EXPECT_TRUE(error.diagnostics.empty());
  EXPECT_TRUE(Error(PB_DENIED, "no").adopt(Json("text")).to_json().is_null());
}

TEST(Errors, PausesFitTheirField) {
  EXPECT_EQ(Error(PB_RATE_LIMITED, "").retry_after(-5).retry_after_ms, 0u);
  EXPECT_EQ(Error(PB_RATE_LIMITED, "").retry_after(std::int64_t{1} << 40).retry_after_ms, UINT32_MAX);
}

TEST(Errors, CodesHaveNames) {
  EXPECT_STREQ(code_name(PB_OUTCOME_UNKNOWN), "outcome_unknown");
  EXPECT_STREQ(code_name(4711), "internal");
  EXPECT_STREQ(code_name(-1), "internal");
}

}  // namespace
}  // namespace patchbay::sdk_test
