#include "web/multipart.hpp"

#include <gtest/gtest.h>

#include "web/problem.hpp"

namespace patchbay::web {
namespace {

using Kind = MultipartParser::Event::Kind;

struct Seen {
  std::vector<FormPart> parts;
  std::vector<std::string> data;
  std::size_t ends = 0;
};

// Feeds `text` in pieces of `size` bytes.
Seen parse(std::string_view text, std::size_t size = 1'000'000) {
  MultipartParser parser("xYz");
  Seen seen;
  while (!text.empty()) {
    parser.feed(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
    while (auto event = parser.next()) {
      if (event->kind == Kind::begin) {
        seen.parts.push_back(event->part);
        seen.data.emplace_back();
      }
      if (event->kind == Kind::data) seen.data.back() += event->data;
      if (event->kind == Kind::end) ++seen.ends;
    }
  }
  parser.finish();
  return seen;
}

const std::string kForm =
    "preamble\r\n--xYz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
    "--xYz \r\ncontent-disposition: form-data; name=file; filename=\"C:\\dir\\a \\\"b\\\".png\"\r\n"
    "Content-Type: image/png\r\n\r\n\r\n--xY not yet\r\n--xYz--\r\nepilogue";

TEST(Multipart, ReadsPartsWhateverThePiecesAre) {
  for (std::size_t size = 1; size < kForm.size() + 1; ++size) {
    const auto seen = parse(kForm, size);
    ASSERT_EQ(seen.parts.size(), 2u) << size;
    EXPECT_EQ(seen.parts[0].name, "note");
    EXPECT_FALSE(seen.parts[0].file_name);
    EXPECT_EQ(seen.data[0], "hello");
    EXPECT_EQ(seen.parts[1].name, "file");
    EXPECT_EQ(seen.parts[1].file_name, "a \"b\".png");
    EXPECT_EQ(seen.parts[1].type, "image/png");
    EXPECT_EQ(seen.data[1], "\r\n--xY not yet");
    EXPECT_EQ(seen.ends, 2u);
  }
}

TEST(Multipart, FileNamesLoseTheirFolderAndAreDecoded) {
  const auto named = [](const std::string& parameter) {
    return parse("--xYz\r\nContent-Disposition: form-data; name=f; " + parameter + "\r\n\r\n\r\n--xYz--")
        .parts.at(0)
        .file_name;
  };
  EXPECT_EQ(named("filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(named("filename*=UTF-8''na%C3%AFve.txt"), "na\xC3\xAFve.txt");
  EXPECT_EQ(named("filename=\"bad\xFFname\""), "bad\xEF\xBF\xBDname");
  EXPECT_EQ(named("filename=\"\""), "");
}

TEST(Multipart, EmptyPartIsEmpty) {
  const auto seen = parse("--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--xYz--");
  EXPECT_EQ(seen.data.at(0), "");
}

TEST(Multipart, BrokenFormsAreRefused) {
  for (const std::string text :
       {"", "no boundary at all", "--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\nunfinished",
        "--xYzmore\r\n\r\n", "--xYz\r\nContent-Disposition: form-data\r\n\r\n\r\n--xYz--",
        "--xYz\r\n\r\n\r\n--xYz--", "--xYz\r\nnonsense\r\n\r\n\r\n--xYz--",
        "--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--xYz--"}) {
    EXPECT_THROW(parse(text), StatusError) << text;
  }
}

TEST(Multipart, LimitsHold) {
  EXPECT_THROW(parse("--xYz\r\nx: " + std::string(9000, 'y')), StatusError);
  EXPECT_THROW(parse("--xYz" + std::string(300, ' ')), StatusError);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  EXPECT_THROW(parse(many + "--xYz--"), StatusError);
}

TEST(Multipart, BoundaryComesFromTheType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=x; BOUNDARY=\"a b\""), "a b");
  EXPECT_FALSE(multipart_boundary("multipart/form-data"));
  EXPECT_FALSE(multipart_boundary("multipart/mixed; boundary=abc"));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')));
}

}  // namespace
}  // namespace patchbay::web
