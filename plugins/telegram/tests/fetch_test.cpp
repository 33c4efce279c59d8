#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "bot_test.hpp"
#include "using.hpp"

namespace telegram {
namespace {

class Fetch : public BotTest {
 protected:
  Fetch() { configure(); }
  Result fetch() {
    return host.call("pb.channel/1:fetch",
                     {{"file", {{"file_id", "BQAC"}, {"name", "a.pdf"}, {"type", "application/pdf"}}}});
  }
  void has_path(const std::string& path) {
    api.answer("getFile", api_result({{"file_id", "BQAC"}, {"file_path", path}}));
  }
  void gives_file() {
    api.answer("file",
               Result(Json{{"status", 200}, {"headers", Json::object()}, {"blob", "b9"}, {"size", 88123}}));
  }
};

TEST_F(Fetch, brings_a_file_into_a_blob_with_its_own_name_and_type) {
  has_path("documents/file 0.pdf");
  gives_file();
  const Result result = fetch();
  EXPECT_EQ(result.json,
            Json({{"blob", "b9"}, {"name", "a.pdf"}, {"type", "application/pdf"}, {"size", 88123}}));
  const Json request = api.of("file").at(0).request;
  EXPECT_EQ(request["url"], "https://api.telegram.org/file/bot{{secret:token}}/documents/file%200.pdf");
  EXPECT_EQ(request["response"]["blob"], true);
  EXPECT_EQ(request["response"]["name"], "a.pdf");
}

TEST_F(Fetch, asks_again_for_a_link_that_has_expired) {
  has_path("documents/old.pdf");
  api.answer("file", http_answer(404, ""));
  has_path("documents/new.pdf");
  gives_file();
  EXPECT_TRUE(fetch().ok());
  EXPECT_EQ(api.of("getFile").size(), 2u);
}

TEST_F(Fetch, gives_up_when_the_file_is_gone) {
  for (int i = 0; i < 3; ++i) {
    has_path("documents/gone.pdf");
    api.answer("file", http_answer(404, ""));
  }
  EXPECT_EQ(fetch().code, PB_NOT_FOUND);
  EXPECT_EQ(api.of("file").size(), 2u);
}

TEST_F(Fetch, explains_the_limit) {
  api.answer("getFile", api_error(400, "Bad Request: file is too big"));
  const Result result = fetch();
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_EQ(result.json["text_id"], "telegram.file_too_big");
}

TEST_F(Fetch, explains_a_server_in_local_mode) {
  has_path("/var/lib/telegram-bot-api/documents/file_0.pdf");
  EXPECT_EQ(fetch().json["text_id"], "telegram.local_files");
}

TEST_F(Fetch, may_be_repeated_when_the_server_is_away) {
  has_path("documents/file.pdf");
  api.answer("file", http_answer(502, ""));
  EXPECT_EQ(fetch().code, PB_UNAVAILABLE);
  has_path("documents/file.pdf");
  api.answer("file", http_answer(401, ""));
  EXPECT_EQ(fetch().code, PB_UNAUTHENTICATED);
}

class Acknowledge : public BotTest {
 protected:
  Acknowledge() { configure(); }
  Result acknowledge() { return host.call("pb.channel/1:acknowledge", {{"press_id", "4382"}}); }
};

TEST_F(Acknowledge, answers_the_press) {
  EXPECT_TRUE(acknowledge().ok());
  EXPECT_EQ(api.of("answerCallbackQuery").at(0).arguments, Json({{"callback_query_id", "4382"}}));
}

TEST_F(Acknowledge, does_not_mind_an_old_press) {
  api.answer("answerCallbackQuery",
             api_error(400, "Bad Request: query is too old and response timeout expired"));
  EXPECT_TRUE(acknowledge().ok());
  api.answer("answerCallbackQuery", api_error(401, "Unauthorized"));
  EXPECT_EQ(acknowledge().code, PB_UNAUTHENTICATED);
}

Json plugin_file(const std::string& path) {
  return load_json(std::string(PLUGIN_FOLDER) + "/" + path);
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
}

TEST(Texts, have_a_russian_form_with_the_same_places) {
  const Json english_words = plugin_file("locales/en.json");
  const Json russian_words = plugin_file("locales/ru.json");
  EXPECT_EQ(english_words.size(), russian_words.size());
  for (const auto& [id, words] : english_words.items()) {
    EXPECT_EQ(places(words), places(russian_words.value(id, ""))) << id;
  }
}

TEST(Manifest, orders_updates_by_the_chat_of_every_kind_that_is_asked_for) {
  const Json manifest = plugin_file("plugin.json");
  const Json order = manifest["routes"][0]["order"];
  for (const std::string& name : case_names(CASES_FOLDER)) {
    const Json update = plugin_file("tests/cases/" + name + ".json");
    if (update["events"].empty() ||
        update["events"][0]["dedupe_key"].get<std::string>().rfind("moved:", 0) == 0)
      continue;
    const auto found = std::find_if(order.begin(), order.end(), [&](const Json& pointer) {
      return update["update"].contains(Json::json_pointer(pointer.get<std::string>()));
    });
    ASSERT_NE(found, order.end()) << name;
    const Json lane = update["update"].at(Json::json_pointer(found->get<std::string>()));
    const std::string id = lane.is_string() ? lane.get<std::string>() : lane.dump();
    EXPECT_EQ(id, update["events"][0]["order_key"]) << name;
  }
}

}  // namespace
}  // namespace telegram
