#include "hooks/form.hpp"

#include <gtest/gtest.h>

namespace patchbay::hooks {
namespace {

TEST(Form, DecodesFieldsInOrder) {
  const Fields wanted{{"b", "1 2"}, {"a", "\xd0\xb6&="}, {"c", ""}, {"d", ""}};
  EXPECT_EQ(parse_form("b=1+2&a=%D0%b6%26%3d&&c=&d"), wanted);
}

TEST(Form, LeavesBrokenPercentSignsAsTheyAre) {
  EXPECT_EQ(parse_form("a=%&b=%1&c=%zz&d=%41"), (Fields{{"a", "%"}, {"b", "%1"}, {"c", "%zz"}, {"d", "A"}}));
}

TEST(Form, StopsAtAThousandFields) {
  std::string flood;
  for (int i = 0; i < 5000; ++i) flood += "a=1&";
  EXPECT_EQ(parse_form(flood).size(), 1000u);
}

TEST(Form, FindsTheFirstFieldOfAName) {
  EXPECT_EQ(form_field("x=1&y=2&y=3", "y"), "2");
  EXPECT_EQ(form_field("x=1", "y"), std::nullopt);
}

// HOOK-6: a signature over what is read covers what was sent.
TEST(Form, IsExactWhereEveryByteIsRead) {
  for (const char* good : {"", "a=", "a=1&b=2+3", "a=%zz&b==c"}) EXPECT_TRUE(is_exact_form(good)) << good;
  for (const char* bad : {"a", "=1", "a=1&", "&a=1", "a=1&&b=2", "a=1&b", "a=2 3"})
    EXPECT_FALSE(is_exact_form(bad)) << bad;
  std::string most = "a=1";
  for (int i = 1; i < 1000; ++i) most += "&a=1";
  EXPECT_TRUE(is_exact_form(most));
  EXPECT_FALSE(is_exact_form(most + "&b=unread"));
}

TEST(Form, KnowsItsContentType) {
  EXPECT_TRUE(is_form_type("Application/X-WWW-form-urlencoded ; charset=utf-8"));
  EXPECT_FALSE(is_form_type("application/json"));
  EXPECT_FALSE(is_form_type("application/x-www-form-urlencoded-not"));
  EXPECT_FALSE(is_form_type(""));
}

}  // namespace
}  // namespace patchbay::hooks
