#include "port/impl/line_reader.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace patchbay::port {
namespace {

using namespace std::chrono_literals;

class LineReaderTest : public testing::Test {
 protected:
  ManualClock clock{TimePoint{std::chrono::milliseconds(1'700'000'000'000)}};
  std::vector<std::string> journal;
  LineReader reader{clock, [this](int, const std::string& text) { journal.push_back(text); }};
};

TEST_F(LineReaderTest, JoinsWhatComesInPieces) {
  reader.take("one\ntw");
  reader.take("o\nthree");
  reader.finish();
  EXPECT_EQ(journal, (std::vector<std::string>{"stderr: one", "stderr: two", "stderr: three"}));
  EXPECT_EQ(reader.last(), "three");
}

TEST_F(LineReaderTest, TakesFiftyLinesASecondAndSaysHowManyWereDropped) {
  for (int i = 0; i < 60; ++i) reader.take("line " + std::to_string(i) + "\n");
  EXPECT_EQ(journal.size(), 50u);
  EXPECT_EQ(reader.last(), "line 59");
  clock.advance(1s);
  reader.take("later\n");
  ASSERT_EQ(journal.size(), 52u);
  EXPECT_EQ(journal[50], "stderr: 10 lines were dropped");
  EXPECT_EQ(journal[51], "stderr: later");
}

}  // namespace
}  // namespace patchbay::port
