#include "templates.hpp"

#include <gtest/gtest.h>

#include "line_test.hpp"

namespace whatsapp {
namespace {

Json found(Json components, const std::string& status = "APPROVED", const std::string& category = "UTILITY") {
  return {{"name", "order_ready"},
          {"language", "en_US"},
          {"status", status},
          {"category", category},
          {"components", std::move(components)}};
}
const Json& body() {
  static const Json* const value =
      new Json({{"type", "BODY"},
                {"text", "Hi {{1}}, {{2}} is ready"},
                {"example", {{"body_text", Json::array({Json::array({"Ana", "your order"})})}}}});
  return *value;
}

TEST(Template, is_offered_with_its_places_and_examples) {  // WA-4
  const Json header = {{"type", "HEADER"},
                       {"format", "TEXT"},
                       {"text", "Order {{1}}"},
                       {"example", {{"header_text", {"4711"}}}}};
  const Json buttons = {{"type", "BUTTONS"},
                        {"buttons",
                         {{{"type", "QUICK_REPLY"}, {"text", "Thanks"}},
                          {{"type", "URL"},
                           {"text", "Track"},
                           {"url", "https://acme.example/{{1}}"},
                           {"example", {"https://acme.example/9"}}}}}};
  const auto made = template_of(found({header, body(), {{"type", "FOOTER"}, {"text", "Acme"}}, buttons}));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->to_json(), Json({{"id", "order_ready/en_US"},
                                   {"name", "order_ready"},
                                   {"language", "en-US"},
                                   {"text", "Order {{1}}\nHi {{1}}, {{2}} is ready\nAcme\n[Thanks]\n[Track]"},
                                   {"variables",
                                    {{{"name", "header.1"}, {"example", "4711"}},
                                     {{"name", "1"}, {"example", "Ana"}},
                                     {{"name", "2"}, {"example", "your order"}},
                                     {{"name", "button.1"}, {"example", "https://acme.example/9"}}}}}));
}

TEST(Template, knows_places_by_name) {
  const Json named = {
      {"type", "BODY"},
      {"text", "Hi {{first_name}}"},
      {"example", {{"body_text_named_params", {{{"param_name", "first_name"}, {"example", "Ana"}}}}}}};
  const auto made = template_of(found({named}));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->variables.at(0).name, "first_name");
  EXPECT_EQ(made->variables.at(0).example, "Ana");
}

TEST(Template, is_not_offered_where_an_agent_could_not_send_it) {
  EXPECT_FALSE(template_of(found({body()}, "PENDING")));
  EXPECT_FALSE(template_of(found({body()}, "PAUSED")));
  EXPECT_FALSE(template_of(found({body()}, "APPROVED", "AUTHENTICATION")));
  EXPECT_FALSE(template_of(found({body(), {{"type", "CAROUSEL"}}})));
  EXPECT_FALSE(template_of(found({body(), {{"type", "BUTTONS"}, {"buttons", {{{"type", "CATALOG"}}}}}})));
  EXPECT_FALSE(template_of(Json("nonsense")));
}

TEST(Template, is_filled_in_by_position_name_and_part) {
  const Json chosen = {{"id", "order_ready/en_US"},
                       {"variables",
                        {{"10", "j"},
                         {"2", "b"},
                         {"1", "a"},
                         {"header.image", "https://acme.example/a.png"},
                         {"button.1", "9"}}}};
  const Json out = chosen_template(chosen);
  EXPECT_EQ(out["name"], "order_ready");
  EXPECT_EQ(out["language"]["code"], "en_US");
  const Json text = [](const char* value) { return Json{{"type", "text"}, {"text", value}}; }("a");
  EXPECT_EQ(
      out["components"][0],
      Json({{"type", "header"},
            {"parameters", {{{"type", "image"}, {"image", {{"link", "https://acme.example/a.png"}}}}}}}));
  EXPECT_EQ(out["components"][1]["parameters"][0], text);
  EXPECT_EQ(out["components"][1]["parameters"][1]["text"], "b");
  EXPECT_EQ(out["components"][1]["parameters"][2]["text"], "j");
  EXPECT_EQ(out["components"][2]["index"], "1");
  const Json named = chosen_template({{"id", "a/de"}, {"variables", {{"first_name", "Ana"}}}});
  EXPECT_EQ(named["components"][0]["parameters"][0]["parameter_name"], "first_name");
}

TEST(Template, without_variables_has_no_components) {
  EXPECT_EQ(chosen_template({{"id", "hello/de"}}), Json({{"name", "hello"}, {"language", {{"code", "de"}}}}));
}

TEST(Template, has_a_name_and_a_language) {
  for (const char* id : {"", "hello", "/de", "hello/"}) {
    try {
      chosen_template({{"id", id}});
      ADD_FAILURE() << id;
    } catch (const patchbay::Error& error) {
      EXPECT_EQ(error.text_id, "whatsapp.template_id");
    }
  }
}

class Templates : public LineTest {};

TEST_F(Templates, are_listed_page_by_page) {
  configure();
  const std::string name = "GET " + kAccount + "/message_templates";
  api.answer(name, answers({{"data", {found({body()}), found({body()}, "REJECTED")}},
                            {"paging", {{"cursors", {{"after", "a1"}}}, {"next", "https://…"}}}}));
  api.answer(name, answers({{"data", {found({body()})}}, {"paging", {{"cursors", {{"after", "a2"}}}}}}));
  const Result listed = host.call("pb.channel/1:templates", Json::object());
  ASSERT_TRUE(listed.ok()) << listed.text;
  EXPECT_EQ(listed.json["templates"].size(), 2U);
  EXPECT_EQ(api.of(name).at(1).request["query"]["after"], "a1");
}

}  // namespace
}  // namespace whatsapp
