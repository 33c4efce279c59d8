#include "page_test.hpp"

namespace messenger {
namespace {

constexpr const char* kOld = "https://scontent.xx.fbcdn.net/v/photo%20one.jpg?oh=1";
constexpr const char* kNew = "https://scontent.xx.fbcdn.net/v/fresh.jpg?oh=2";

class Fetch : public PageTest {
 protected:
  Fetch() { configure(); }
  Result fetch() {
    return host.call("pb.channel/1:fetch", {{"file", {{"url", kOld}, {"mid", "m_1"}, {"place", 1}}}});
  }
  void gives_file(const std::string& url) {
    api.answer(
        "GET " + url,
        Result(Json{
            {"status", 200}, {"headers", {{"content-type", "image/jpeg"}}}, {"blob", "b9"}, {"size", 88}}));
  }
};

TEST_F(Fetch, brings_a_file_without_a_token) {
  gives_file(kOld);
  EXPECT_EQ(fetch().json,
            Json({{"blob", "b9"}, {"name", "photo one.jpg"}, {"type", "image/jpeg"}, {"size", 88}}));
  const Json request = api.calls.at(0).request;
  EXPECT_FALSE(request.contains("auth"));
  EXPECT_FALSE(request.contains("query"));
}

TEST_F(Fetch, asks_for_a_fresh_address_when_the_old_one_has_expired) {
  api.answer("GET " + std::string(kOld), http_answer(403, "URL signature expired"));
  const Json other = {{"image_data", {{"url", "https://wrong.example"}}}};
  api.answer("GET m_1", answers({{"attachments", {{"data", {other, {{"image_data", {{"url", kNew}}}}}}}}}));
  gives_file(kNew);
  EXPECT_TRUE(fetch().ok());
}

TEST_F(Fetch, gives_up_when_the_file_is_gone) {
  api.answer("GET " + std::string(kOld), http_answer(404, ""));
  api.answer("GET m_1", answers({{"id", "m_1"}}));
  EXPECT_EQ(fetch().code, PB_NOT_FOUND);
}

TEST_F(Fetch, tries_later_when_the_server_is_away) {
  api.answer("GET " + std::string(kOld), http_answer(503, ""));
  EXPECT_EQ(fetch().code, PB_UNAVAILABLE);
}

}  // namespace
}  // namespace messenger
