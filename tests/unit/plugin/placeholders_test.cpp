#include "plugin/impl/services/placeholders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

using ::testing::ElementsAre;

const SecretValues kValues = {{"secret:token", "1:a/b ?"}, {"profile:app", "Jefe"}};

SecretNames names_in(const std::string& text) {
  SecretNames names;
  collect_names(text, names);
  return names;
}

TEST(Placeholders, AreFilledForTheirPlace) {  // plugin-needs N4
  EXPECT_EQ(fill("/bot{{secret:token}}/x", kValues, Place::path), "/bot1:a%2Fb%20%3F/x");
  EXPECT_EQ(fill("?t={{secret:token}}", kValues, Place::query), "?t=1%3Aa%2Fb%20%3F");
  EXPECT_EQ(fill("Bearer {{secret:token}}", kValues, Place::plain), "Bearer 1:a/b ?");
}

TEST(Placeholders, SignMessages) {  // RFC 4231, case 2
  EXPECT_EQ(fill("{{hmac-sha256-hex:profile:app:what do ya want for nothing?}}", kValues, Place::plain),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Placeholders, SignMessagesThatAreSecretsThemselves) {
  const std::string text = "{{hmac-sha256-hex:profile:app:{{secret:token}}}}";
  EXPECT_THAT(names_in(text), ElementsAre("profile:app", "secret:token"));
  EXPECT_EQ(fill(text, kValues, Place::plain),
            fill("{{hmac-sha256-hex:profile:app:1:a/b ?}}", kValues, Place::plain));
}

TEST(Placeholders, LeaveOtherBracesAlone) {
  for (const std::string text :
       {"{{name}}", "{{", "}}", "{{{}}}", "{{secret:token", "{secret:token}", "a {{ b }} c", ""}) {
    EXPECT_THAT(names_in(text), ElementsAre()) << text;
    EXPECT_EQ(fill(text, kValues, Place::plain), text);
    EXPECT_FALSE(has_placeholder(text)) << text;
  }
}

TEST(Placeholders, AreNotFoundInWhatWasFilledIn) {
  const SecretValues values = {{"secret:a", "{{secret:b}}"}, {"secret:b", "inner"}};
  EXPECT_EQ(fill("{{secret:a}}{{secret:b}}", values, Place::plain), "{{secret:b}}inner");
}

TEST(Placeholders, RefuseWhatTheHostCannotFill) {
  for (const std::string text : {"{{oauth:}}", "{{hmac-sha256-hex:oauth:a:m}}", "{{secret:}}",
                                 "{{secret:a b}}", "{{hmac-sha256-hex:secret:a}}", "{{hmac-sha256-hex:x}}",
                                 "{{secret:a:b}}", "{{secret:{{secret:a}}}}"}) {
    EXPECT_THROW(names_in(text), Error) << text;
  }
}

TEST(Placeholders, AreNotCutAtTheirColons) {
  const auto halves = [](std::string_view text) { return split_at_colon(text); };
  using Halves = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(halves("ann:{{secret:x}}"), Halves("ann", "{{secret:x}}"));
  EXPECT_EQ(halves("{{secret:user}}:{{secret:x}}:y"), Halves("{{secret:user}}", "{{secret:x}}:y"));
  EXPECT_EQ(halves("a{{secret:user}}b{{secret:c}}:x"), Halves("a{{secret:user}}b{{secret:c}}", "x"));
  EXPECT_EQ(halves("{{secret:user}}"), Halves("{{secret:user}}", ""));
  EXPECT_EQ(halves("{{other:user}}"), Halves("{{other", "user}}"));
  EXPECT_EQ(halves(""), Halves("", ""));
}

}  // namespace
}  // namespace patchbay::plugin
