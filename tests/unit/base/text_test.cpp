#include "base/text.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/failure.hpp"

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

TEST(Text, IsKeptInEveryLanguage) {
  const auto kept = Text("base.not_found", {{"what", "x"}}).kept();
  EXPECT_EQ(kept, R"({"en":"x was not found","ru":"Не найдено: x"})");
  EXPECT_EQ(Text::from_kept(kept).in("ru"), "Не найдено: x");
  EXPECT_EQ(Text::from_kept(kept).english(), "x was not found");
  EXPECT_EQ(Text::from_kept(kept).kept(), kept);
}

TEST(Text, KeepsAsWordsWhatIsTheSameInEveryLanguage) {
  EXPECT_EQ(Text::verbatim("Bad token").kept(), "Bad token");
  for (const auto* other :
       {"", "Bad token", R"({"error": "x"})", R"({"en":"x)", R"({"en":1})", R"({"en":"x","ru":2})"})
    EXPECT_EQ(Text::from_kept(other).in("ru"), other);
}

TEST(Text, AKeptTextAsAnArgumentReadsInTheSameLanguage) {
  const Text inner("base.not_found", {{"what", "x"}});
  const Text outer("base.not_found", {{"what", inner.kept()}});
  EXPECT_EQ(outer.english(), "x was not found was not found");
  EXPECT_EQ(outer.in("ru"), "Не найдено: Не найдено: x");
}

TEST(Text, AnErrorIsKeptWithItsFindings) {
  Error error(Code::invalid, Text("base.not_found", {{"what", "x"}}));
  error.add(Diagnostic("/a", Text("base.not_found", {{"what", "y"}})));
  EXPECT_EQ(Text::from_kept(error.kept()).english(), error.what());
  EXPECT_EQ(Text::from_kept(kept_of(error)).in("ru"), "Не найдено: x; /a: Не найдено: y");
  EXPECT_EQ(kept_of(std::runtime_error("so")), "so");
}

TEST(Text, ChoosesTheFirstLanguageThatTheHostSpeaks) {
  EXPECT_EQ(language_of("fr-FR, ru;q=0.8, en;q=0.5"), "ru");
  EXPECT_EQ(language_of("ru_RU.UTF-8"), "ru");
  EXPECT_EQ(language_of(""), "en");
}

}  // namespace
}  // namespace patchbay
