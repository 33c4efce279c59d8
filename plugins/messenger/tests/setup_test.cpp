#include "page_test.hpp"

namespace messenger {
namespace {

Json permission(const std::string& name, const std::string& status = "granted") {
  return {{"permission", name}, {"status", status}};
}
Json page(const std::string& id, const std::string& name) {
  return {{"id", id}, {"name", name}, {"access_token", "EAA-" + id}, {"is_published", true}};
}

// FB-1
class Setup : public PageTest {
 protected:
  Setup() { configure(); }
  Result step(const std::string& name, const Json& input = Json::object()) {
    return host.call("pb.setup/1:step", {{"step", name}, {"input", input}, {"settings", Json::object()}});
  }
  void allowed(Json permissions = Json::array()) {
    for (const char* name : {"pages_show_list", "pages_messaging", "pages_manage_metadata"})
      permissions.push_back(permission(name));
    api.answer("GET me/permissions", answers({{"data", permissions}}));
  }
  void has_pages(std::vector<Json> pages) { api.answer("GET me/accounts", answers({{"data", pages}})); }
};

TEST_F(Setup, begins_with_signing_in) {
  const Json next = step("").json["next"];
  EXPECT_EQ(next["id"], "account");
  EXPECT_EQ(next["sign_in"], "account");
}

TEST_F(Setup, lists_the_pages_of_all_answers) {
  allowed(Json::array({permission("business_management")}));
  api.answer(
      "GET me/accounts",
      answers({{"data", Json::array({page("1", "Bakery")})},
               {"paging", {{"cursors", {{"after", "QVFI"}}}, {"next", "https://graph.facebook.com/…"}}}}));
  has_pages({page("2", "Books")});
  const Json next = step("account").json["next"];
  EXPECT_EQ(next["id"], "pages");
  const Json item = next["schema"]["properties"]["pages"]["items"];
  EXPECT_EQ(item["enum"], Json({"1", "2"}));
  EXPECT_EQ(item["x-titles"]["2"], "Books");
  EXPECT_EQ(api.of("GET me/accounts").at(1).request["query"]["after"], "QVFI");
  EXPECT_EQ(api.of("GET me/accounts").at(0).request["auth"], "bearer:{{grant:account.user_token}}");
}

TEST_F(Setup, leaves_out_pages_that_are_not_public_or_not_ours_to_write_for) {
  Json hidden = page("2", "Draft");
  hidden["is_published"] = false;
  Json analyst = page("3", "Figures");
  analyst["tasks"] = Json::array({"ANALYZE"});
  Json without_token = page("4", "Other");
  without_token.erase("access_token");
  allowed();
  has_pages({page("1", "Bakery"), hidden, analyst, without_token});
  EXPECT_EQ(step("account").json["next"]["schema"]["properties"]["pages"]["items"]["enum"],
            Json::array({"1"}));
}

TEST_F(Setup, names_the_permissions_that_were_left_out_and_what_does_not_work) {
  api.answer("GET me/permissions",
             answers({{"data", {permission("pages_show_list"), permission("pages_messaging", "declined")}}}));
  const Result result = step("account");
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_EQ(result.json["args"]["permissions"], "pages_messaging, pages_manage_metadata");
  EXPECT_EQ(result.json["diagnostics"][0]["text_id"], "messenger.without_pages_messaging");
  EXPECT_TRUE(api.of("GET me/accounts").empty());
}

TEST_F(Setup, says_that_pages_of_a_business_are_not_listed) {
  allowed();
  has_pages({page("1", "Bakery")});
  const Json next = step("account").json["next"];
  EXPECT_EQ(next["id"], "own_pages");
  EXPECT_NE(next["description"].get<std::string>().find("business_management"), std::string::npos);
}

TEST_F(Setup, says_that_there_is_no_page) {
  allowed();
  has_pages({});
  EXPECT_EQ(step("account").json["text_id"], "messenger.no_pages");
}

TEST_F(Setup, makes_an_integration_of_each_page_that_was_chosen) {
  has_pages({page("1", "Bakery"), page("2", "Books"), page("3", "Cakes")});
  const Result result = step("pages", {{"pages", {"1", "3"}}});
  ASSERT_TRUE(result.ok()) << result.text;
  const Json done = result.json["done"];
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[1], Json({{"name", "Cakes"},
                           {"identity", "page:3"},
                           {"settings", {{"page_id", "3"}}},
                           {"secrets", {{"page_token", "EAA-3"}}}}));
}

TEST_F(Setup, asks_again_when_the_pages_are_gone_meanwhile) {
  has_pages({page("1", "Bakery")});
  const Result result = step("own_pages", {{"pages", Json::array({"9"})}});
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_EQ(result.json["diagnostics"][0]["path"], "/pages");
}

TEST_F(Setup, offers_the_pages_to_whoever_fills_in_the_form_by_hand) {
  has_pages({page("1", "Bakery")});
  const Result result = host.call("pb.setup/1:choices", {{"path", "/page_id"}, {"settings", Json::object()}});
  EXPECT_EQ(result.json["choices"], Json::array({{{"value", "1"}, {"title", "Bakery"}}}));
}

}  // namespace
}  // namespace messenger
