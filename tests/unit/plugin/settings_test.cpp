#include "plugin/settings.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

Manifest manifest() {
  Manifest out;
  out.title = "Acme";
  out.setup_schema =
      R"({"type": "object", "additionalProperties": false, "required": ["token"], "properties": {
    "token": {"type": "string", "x-secret": true, "minLength": 3},
    "mode": {"type": "string", "default": "webhook"}}})";
  out.locales["ru"]["wrong"] = "Неверный токен {token}";
  return out;
}

TEST(Settings, SecretsGoApartAndDefaultsCome) {  // ACC-4
  const auto split = split_settings(setup_form(manifest()), R"({"token": "abc"})", {});
  EXPECT_EQ(split.settings, R"({"mode":"webhook"})");
  EXPECT_EQ(split.secrets, (std::map<std::string, std::string>{{"token", "abc"}}));
}

TEST(Settings, AKeptSecretNeedNotBeGivenAgain) {
  EXPECT_EQ(split_settings(setup_form(manifest()), R"({"mode": "polling"})", {{"token", "old"}})
                .secrets.at("token"),
            "old");
  EXPECT_THROW(split_settings(setup_form(manifest()), R"({"mode": "polling"})", {}), Error);
}

TEST(Settings, AreRefusedBeforeThePluginSeesThem) {  // SETUP-2
  try {
    split_settings(setup_form(manifest()), R"({"tokn": "abc"})", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    EXPECT_EQ(error.diagnostics().at(0).path, "/tokn");
  }
}

TEST(Settings, PluginTextsSpeakTheReadersLanguage) {
  const auto message = R"({"text_id": "wrong", "args": {"token": "1"}})";
  EXPECT_EQ(words_of(manifest(), "ru", message, "Wrong token 1"), "Неверный токен 1");
  EXPECT_EQ(words_of(manifest(), "en", message, "Wrong token 1"), "Wrong token 1");
}

}  // namespace
}  // namespace patchbay::plugin
