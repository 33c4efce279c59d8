#include "base/text.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(Text, SpeaksTheReadersLanguage) {
  const Text text("base.not_found", {{"what", "x"}});
  EXPECT_EQ(text.in("en"), "x was not found");
  EXPECT_EQ(text.in("ru-RU"), "Не найдено: x");
}

TEST(Text, ReadsAsEnglishInALanguageThatNobodyWrote) {
  EXPECT_EQ(Text("base.not_found", {{"what", "x"}}).in("fr"), "x was not found");
}

TEST(Text, UnknownIdStillTellsItsArguments) {
  EXPECT_EQ(Text("no.such.id", {{"a", "1"}}).in("en"), "no.such.id a=1");
}

TEST(Text, KeepsVerbatimWordsAsTheyAre) {
  EXPECT_EQ(Text::verbatim("{as} is").in("ru"), "{as} is");
}

TEST(Text, ChoosesTheFirstLanguageThatTheHostSpeaks) {
  EXPECT_EQ(language_of("fr-FR, ru;q=0.8, en;q=0.5"), "ru");
  EXPECT_EQ(language_of("ru_RU.UTF-8"), "ru");
  EXPECT_EQ(language_of(""), "en");
}

}  // namespace
}  // namespace patchbay
