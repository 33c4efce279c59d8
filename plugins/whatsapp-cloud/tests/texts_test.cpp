// What stands in files beside the code.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "dialect.hpp"
#include "line_test.hpp"

namespace whatsapp {
namespace {

Json plugin_file(const std::string& name) {
  return meta::load_json(std::filesystem::path(PLUGIN_FOLDER) / name);
}

std::multiset<std::string> places(const std::string& words) {
  const std::regex place("\\{\\w+\\}");
  return {std::sregex_token_iterator(words.begin(), words.end(), place), std::sregex_token_iterator()};
}

TEST(Texts, of_the_form_are_in_the_english_catalogue) {
  const Json catalogue = plugin_file("locales/en.json");
  const Json schema = plugin_file("schema/setup.json");
  for (const auto& [name, property] : schema["properties"].items()) {
    EXPECT_EQ(catalogue.value("setup." + name + ".title", ""), property["title"]);
    EXPECT_EQ(catalogue.value("setup." + name + ".description", ""), property["description"]);
  }
  for (const Json& name : schema["required"]) {
    const std::string field = name;
    EXPECT_EQ(catalogue.value("step.account." + field + ".title", ""), schema["properties"][field]["title"]);
  }
}

TEST(Texts, have_a_russian_form_with_the_same_places) {
  const Json english_words = plugin_file("locales/en.json");
  const Json russian_words = plugin_file("locales/ru.json");
  EXPECT_EQ(english_words.size(), russian_words.size());
  for (const auto& [id, words] : english_words.items())
    EXPECT_EQ(places(words), places(russian_words.value(id, ""))) << id;
}

TEST(Texts, of_every_code_are_there) {
  std::set<std::string> ids = {"token_dead",  "rate_limited",    "permission", "refused",
                               "unavailable", "outcome_unknown", "file_gone"};
  for (const meta::Known& known : dialect().known) ids.insert(known.id);
  for (const std::string& id : ids) EXPECT_TRUE(is_text("whatsapp." + id)) << id;
}

// What Messenger's webhooks are proven by, which tests/unit/hooks changes in 100,000 ways.
TEST(Manifest, verifies_as_messenger_does) {
  Json ours = plugin_file("plugin.json")["routes"][0];
  Json theirs = plugin_file("../messenger/plugin.json")["routes"][0];
  EXPECT_EQ(ours["verify"]["key"], Json::array({"secret:app_secret"}));
  EXPECT_EQ(ours["challenge"]["when"]["query"]["hub.verify_token"], "secret:verify_token");
  for (Json* route : {&ours, &theirs}) {
    (*route)["verify"].erase("key");
    (*route)["challenge"]["when"]["query"].erase("hub.verify_token");
  }
  EXPECT_EQ(ours["verify"], theirs["verify"]);
  EXPECT_EQ(ours["challenge"], theirs["challenge"]);
}

TEST(Manifest, orders_what_arrives_by_who_it_is_about) {
  const Json order = plugin_file("plugin.json")["routes"][0]["order"];
  for (const char* name : {"text", "user_id_only", "status_sent", "status_user_id", "echo"}) {
    const Json given = plugin_file(std::string("tests/cases/") + name + ".json");
    const auto found = std::find_if(order.begin(), order.end(), [&](const Json& pointer) {
      return given["body"].contains(Json::json_pointer(pointer.get<std::string>()));
    });
    ASSERT_NE(found, order.end()) << name;
    const std::string who = given["body"].at(Json::json_pointer(found->get<std::string>()));
    const std::string key = given["events"][0]["order_key"];
    EXPECT_TRUE(key == who || key == "+" + who) << name;
  }
}

// A retry is batched anew: a body whose first message is known may hold others.
TEST(Manifest, never_takes_one_body_for_another) {
  EXPECT_FALSE(plugin_file("plugin.json")["routes"][0].contains("dedupe"));
}

// The token may go to Meta only, and where the settings say.
TEST(Manifest, ties_the_secrets_to_meta) {
  const Json secrets = plugin_file("plugin.json")["secrets"];
  EXPECT_EQ(secrets["app_secret"]["hosts"], Json::array({"graph.facebook.com", "setting:/graph_base"}));
  EXPECT_EQ(secrets["access_token"]["hosts"],
            Json::array({"graph.facebook.com", "lookaside.fbsbx.com", "setting:/graph_base"}));
}

}  // namespace
}  // namespace whatsapp
