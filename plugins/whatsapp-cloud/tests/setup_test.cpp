#include "line_test.hpp"

namespace whatsapp {
namespace {

class Setup : public LineTest {
 protected:
  Setup() { configure(); }
  Result step(const std::string& id, const Json& given, const Json& state = nullptr) {
    return host.call(
        "pb.setup/1:step",
        {{"step", id}, {"input", given}, {"settings", {{"version", "v26.0"}}}, {"state", state}});
  }
  const Json input = {{"phone_number_id", kPhone}, {"account_id", kAccount}};
};

TEST_F(Setup, asks_for_what_it_must_know) {
  const Json next = step("", Json::object()).json["next"];
  EXPECT_EQ(next["id"], "account");
  EXPECT_EQ(next["schema"]["required"],
            Json::array({"phone_number_id", "account_id", "access_token", "app_secret"}));
  EXPECT_TRUE(next["schema"]["properties"]["access_token"]["x-secret"]);
}

TEST_F(Setup, names_the_integration_as_meta_does) {
  const Result done = step("account", input);
  ASSERT_TRUE(done.ok()) << done.text;
  const Json made = done.json["done"][0];
  EXPECT_EQ(made["name"], "Acme");
  EXPECT_EQ(made["identity"], "number:" + kPhone);
  EXPECT_EQ(made["settings"],
            Json({{"phone_number_id", kPhone}, {"account_id", kAccount}, {"version", "v26.0"}}));
}

TEST_F(Setup, asks_again_with_what_is_wrong) {
  api.answer("GET app", graph_error(190, 0, 401));
  const Result refused = step("account", input);
  EXPECT_EQ(refused.code, PB_INVALID);
  EXPECT_EQ(refused.json["diagnostics"][0]["path"], "/access_token");
}

TEST_F(Setup, shows_the_address_only_where_somebody_has_to_act) {
  api.answer("GET " + kApp + "/subscriptions", answers(app_subscription(kElsewhere, Json::array())));
  const Json shown = step("account", input).json;
  EXPECT_EQ(shown["next"]["id"], "webhook");
  EXPECT_EQ(shown["next"]["schema"]["properties"]["address"]["default"], kOurs);
  const Json made = step("webhook", Json::object(), shown["state"]).json["done"][0];
  EXPECT_EQ(made["name"], "Acme");
  EXPECT_EQ(made["settings"]["phone_number_id"], kPhone);
}

}  // namespace
}  // namespace whatsapp
