#include "plugin/settings.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "plugin/texts.hpp"
#include "port/limits.hpp"

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
  const auto text = text_of(manifest(), R"({"text_id": "wrong", "args": {"token": "1"}})", "Wrong token 1");
  EXPECT_EQ(text.in("ru"), "Неверный токен 1");
  EXPECT_EQ(text.in("en"), "Wrong token 1");
  EXPECT_EQ(text_of(manifest(), R"({"text_id": "no.such"})", "So").in("ru"), "So");
  EXPECT_EQ(text_of(manifest(), "no JSON", "So").in("ru"), "So");
}

TEST(Settings, WhatAPluginPassesOnFromTheHostIsTranslatedToo) {
  auto passed_on = port::failure(Code::not_found, Text("base.not_found", {{"what", "x"}}));
  passed_on.kept.clear();  // as it comes over the seam
  translate(manifest(), passed_on);
  EXPECT_EQ(Text::from_kept(passed_on.reason()).in("ru"), "Не найдено: x");
  EXPECT_EQ(Text::from_kept(passed_on.reason()).english(), "x was not found");
}

}  // namespace
}  // namespace patchbay::plugin
