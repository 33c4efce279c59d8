#include "buttons.hpp"

#include <gtest/gtest.h>

#include <patchbay/error.hpp>

namespace whatsapp {
namespace {

Json answers(std::size_t count, const std::string& title = "Answer ") {
  Json rows = Json::array();
  for (std::size_t i = 0; i < count; ++i)
    rows.push_back({{{"title", title + std::to_string(i)}, {"data", "d" + std::to_string(i)}}});
  return rows;
}

TEST(Buttons, are_buttons_up_to_three_and_a_list_up_to_ten) {  // WA-5
  for (std::size_t count = 1; count <= 3; ++count) {
    const Buttons three(answers(count), "Well?", Json());
    EXPECT_EQ(three.interactive["type"], "button");
    EXPECT_EQ(three.interactive["action"]["buttons"].size(), count);
    EXPECT_EQ(three.interactive["body"]["text"], "Well?");
  }
  const Buttons ten(answers(10), "Well?", Json());
  EXPECT_EQ(ten.interactive["type"], "list");
  EXPECT_EQ(ten.interactive["action"]["sections"][0]["rows"].size(), 10U);
  EXPECT_EQ(ten.interactive["action"]["sections"][0]["rows"][0]["id"], "d0");
}

TEST(Buttons, are_lines_where_they_are_more) {  // CHAT-12
  const Buttons many(answers(11), "Well?", Json());
  EXPECT_TRUE(many.interactive.is_null());
  EXPECT_EQ(many.text.rfind("Well?\n• Answer 0\n• Answer 1\n", 0), 0U) << many.text;
}

TEST(Buttons, are_a_list_under_long_words) {
  EXPECT_EQ(Buttons(answers(2), std::string(1024, 'x'), Json()).interactive["type"], "button");
  EXPECT_EQ(Buttons(answers(2), std::string(1025, 'x'), Json()).interactive["type"], "list");
  EXPECT_TRUE(Buttons(answers(2), std::string(4097, 'x'), Json()).interactive.is_null());
}

TEST(Buttons, are_cut_where_titles_are_long_and_told_in_full_in_a_list) {
  const std::string title = "An answer of thirty characters";
  const Json button =
      Buttons({{{{"title", title}, {"data", "d"}}}}, "Well?", Json()).interactive["action"]["buttons"][0];
  EXPECT_EQ(button["reply"]["title"], "An answer of thirty…");
  const Json row = Buttons(answers(4, title), "Well?", Json()).interactive;
  EXPECT_TRUE(row.is_null()) << "cut titles would be the same four times";
  Json rows = answers(3);
  rows.push_back({{{"title", title}, {"data", "long"}}});
  const Json list = Buttons(rows, "Well?", Json()).interactive["action"]["sections"][0]["rows"];
  EXPECT_EQ(list[3], Json({{"id", "long"}, {"title", "An answer of thirty cha…"}, {"description", title}}));
}

TEST(Buttons, stand_for_themselves_without_data) {
  const Json reply =
      Buttons({{{{"title", "Yes"}}}}, "Well?", Json()).interactive["action"]["buttons"][0]["reply"];
  EXPECT_EQ(reply, Json({{"id", "Yes"}, {"title", "Yes"}}));
}

TEST(Buttons, open_one_address_or_are_lines) {
  const Json link = {{"title", "Shop"}, {"url", "https://acme.example"}};
  const Json opener = Buttons({{link}}, "Look", Json()).interactive;
  EXPECT_EQ(opener["type"], "cta_url");
  EXPECT_EQ(opener["action"]["parameters"]["url"], "https://acme.example");
  const Buttons two({{link, link}}, "Look", Json());
  EXPECT_TRUE(two.interactive.is_null());
  EXPECT_EQ(two.text, "Look\nShop: https://acme.example\nShop: https://acme.example");
  Json mixed = answers(2);
  mixed.push_back({link});
  const Buttons both(mixed, "Look", Json());
  EXPECT_EQ(both.interactive["type"], "button");
  EXPECT_EQ(both.interactive["body"]["text"], "Look\nShop: https://acme.example");
}

TEST(Buttons, refuse_data_that_whatsapp_would_not_keep) {
  const Json rows = {{{{"title", "Yes"}, {"data", std::string(201, 'x')}}}};
  try {
    Buttons(rows, "Well?", Json());
    ADD_FAILURE();
  } catch (const patchbay::Error& error) {
    EXPECT_EQ(error.code, PB_INVALID);
    EXPECT_EQ(error.text, "The data of the button “Yes” is longer than 200 bytes");
  }
}

}  // namespace
}  // namespace whatsapp
