#include "log/redactor.hpp"

#include <gtest/gtest.h>

namespace patchbay::log {
namespace {

TEST(Redactor, TakesOutLiveSecretsInBothSpellings) {
  Redactor redactor;
  redactor.add("123:abc/def");
  EXPECT_EQ(redactor.redact("/bot123:abc/def/getMe and 123%3Aabc%2Fdef"), "/bot[secret]/getMe and [secret]");
}

TEST(Redactor, ForgetsWhatWasRemovedAsOftenAsAdded) {
  Redactor redactor;
  redactor.add("topsecret");
  redactor.add("topsecret");
  redactor.remove("topsecret");
  EXPECT_EQ(redactor.redact("topsecret"), "[secret]");
  redactor.remove("topsecret");
  EXPECT_EQ(redactor.redact("topsecret"), "topsecret");
}

TEST(Redactor, TakesALongerSecretOutWhole) {
  Redactor redactor;
  redactor.add("abcdef");
  redactor.add("abcdef-and-more");
  redactor.add("zz-abcdef");
  EXPECT_EQ(redactor.redact("abcdef-and-more zz-abcdef abcdef"), "[secret] [secret] [secret]");
}

TEST(Redactor, DoesNotBlotOutOrdinaryWords) {
  Redactor redactor;
  redactor.add("the");
  EXPECT_EQ(redactor.redact("the end"), "the end");
}

}  // namespace
}  // namespace patchbay::log
