#include <fstream>
#include <regex>
#include <set>

#include "page_test.hpp"
#include "using.hpp"

namespace messenger {
namespace {

class Check : public PageTest {
 protected:
  // The only finding of a check that answered.
  Json finding_of(const Result& result) {
    EXPECT_TRUE(result.ok()) << result.text;
    EXPECT_EQ(result.json["diagnostics"].size(), 1u) << result.json;
    return result.json["diagnostics"].empty() ? Json::object() : result.json["diagnostics"][0];
  }
};

// FB-1
TEST_F(Check, says_which_page_it_is) {
  configure();
  const Result result = check();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["identity"], "page:104857600001");
  EXPECT_EQ(result.json["title"], "Bakery");
  EXPECT_TRUE(result.json["diagnostics"].empty());
}

TEST_F(Check, names_a_permission_that_was_taken_back) {
  configure();
  api.answer("GET debug_token", answers({{"data", {{"scopes", Json::array({"pages_messaging"})}}}}));
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["severity"], "error");
  EXPECT_EQ(finding["text_id"], "messenger.without_pages_manage_metadata");
}

TEST_F(Check, tells_when_access_ends) {
  configure();
  api.answer("GET debug_token",
             answers({{"data", {{"expires_at", 0}, {"data_access_expires_at", 1795224000}}}}));
  const Json facts = check().json["facts"];
  EXPECT_EQ(facts["data_access_expires_at"], "2026-11-21T01:20:00Z");
  EXPECT_FALSE(facts.contains("expires_at"));
}

TEST_F(Check, wants_a_public_https_address) {
  configure(Json::object(), "http://acme.example");
  EXPECT_EQ(finding_of(check())["text_id"], "messenger.site_url_not_https");
  configure(Json::object(), "");
  EXPECT_EQ(finding_of(check())["text_id"], "messenger.site_url_missing");
}

// CHAT-26
TEST_F(Check, warns_of_a_foreign_address) {
  configure();
  const Json one = {{"object", "page"}, {"callback_url", "https://other.example/fb"}};
  api.answer("GET " + std::string(kApp) + "/subscriptions", answers({{"data", Json::array({one})}}));
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["severity"], "warning");
  EXPECT_EQ(finding["args"]["address"], "https://other.example/fb");
}

TEST_F(Check, warns_of_a_page_that_nobody_sees) {
  configure();
  api.answer("GET " + std::string(kPage),
             answers({{"id", kPage}, {"name", "Bakery"}, {"is_published", false}}));
  EXPECT_EQ(finding_of(check())["text_id"], "messenger.page_not_public");
}

TEST_F(Check, points_at_a_page_that_is_gone) {
  configure();
  api.answer("GET " + std::string(kPage), graph_error(100, 33));
  EXPECT_EQ(finding_of(check())["path"], "/page_id");
}

// FB-5
TEST_F(Check, asks_to_sign_in_when_the_token_is_dead) {
  configure();
  for (int i = 0; i < 2; ++i) api.answer("GET " + std::string(kPage), graph_error(190, 460));
  api.answer("GET oauth/access_token", graph_error(190, 460));
  EXPECT_EQ(check().code, PB_UNAUTHENTICATED);
}

TEST_F(Check, fails_while_facebook_is_away) {
  configure();
  api.answer("GET " + std::string(kPage), graph_error(1, 0, 503));
  EXPECT_EQ(check().code, PB_UNAVAILABLE);
}

Json plugin_file(const std::string& name) {
  return load_json(std::filesystem::path(PLUGIN_FOLDER) / name);
}

std::multiset<std::string> places(const std::string& words) {
  const std::regex place("\\{\\w+\\}");
  return {std::sregex_token_iterator(words.begin(), words.end(), place), std::sregex_token_iterator()};
}

TEST(Texts, of_the_forms_are_in_the_english_catalogue) {
  const Json catalogue = plugin_file("locales/en.json");
  for (const char* form : {"setup", "profile"}) {
    const Json schema = plugin_file(std::string("schema/") + form + ".json");
    for (const auto& [name, property] : schema["properties"].items()) {
      const std::string id = std::string(form) + "." + name;
      EXPECT_EQ(catalogue.value(id + ".title", ""), property["title"]);
      EXPECT_EQ(catalogue.value(id + ".description", ""), property["description"]);
    }
  }
}

TEST(Texts, have_a_russian_form_with_the_same_places) {
  const Json english_words = plugin_file("locales/en.json");
  const Json russian_words = plugin_file("locales/ru.json");
  EXPECT_EQ(english_words.size(), russian_words.size());
  for (const auto& [id, words] : english_words.items()) {
    EXPECT_EQ(places(words), places(russian_words.value(id, ""))) << id;
  }
}

TEST(Manifest, orders_what_arrives_by_who_sent_it) {
  const Json order = plugin_file("plugin.json")["routes"][0]["order"];
  for (const char* name : {"text", "standby_text", "read"}) {
    const Json given = plugin_file(std::string("tests/cases/") + name + ".json");
    const auto found = std::find_if(order.begin(), order.end(), [&](const Json& pointer) {
      return given["body"].contains(Json::json_pointer(pointer.get<std::string>()));
    });
    ASSERT_NE(found, order.end()) << name;
    EXPECT_EQ(given["body"].at(Json::json_pointer(found->get<std::string>())),
              given["events"][0]["order_key"]);
  }
}

// A retry is batched anew: a body whose first message is known may hold others.
TEST(Manifest, never_takes_one_body_for_another) {
  EXPECT_FALSE(plugin_file("plugin.json")["routes"][0].contains("dedupe"));
}

}  // namespace
}  // namespace messenger
