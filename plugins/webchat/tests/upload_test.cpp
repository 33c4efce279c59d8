// Files of visitors (CHAT-21): what stands around them, and which are taken.
#include <gtest/gtest.h>

#include "translate.hpp"
#include "words.hpp"

namespace webchat {
namespace {

const std::string kPng = "\x89PNG\r\n\x1a\n....";

UploadRules rules(std::vector<std::string> types = {"image/png", "text/*"}) {
  return UploadRules(Json{{"files", true}, {"max_file_mb", 1}, {"file_types", std::move(types)}});
}
std::string judged(const std::string& type, const std::string& bytes, const UploadRules& by = rules()) {
  return refusal(Upload("id=f1&file=a", type, bytes.size()), bytes, by);
}

TEST(Upload, reads_what_stands_around_the_bytes) {
  const Upload upload("id=f1&file=%D0%A1%D1%87%D1%91%D1%82+1.pdf&name=Ann%20Lee&language=ru",
                      "Application/PDF; q=1", 5);
  EXPECT_EQ(upload.id, "f1");
  EXPECT_EQ(upload.name, "Счёт 1.pdf");
  EXPECT_EQ(upload.type, "application/pdf");
  EXPECT_EQ(upload.author, "Ann Lee");
  EXPECT_EQ(upload.language, "ru");
}

TEST(Upload, believes_no_path_and_no_odd_type) {
  const Upload upload("id=f1&file=..%2F..%5Cetc%00passwd", "text/html<script>", 5);
  EXPECT_EQ(upload.name, ".._.._etc passwd");
  EXPECT_EQ(upload.type, "application/octet-stream");
  EXPECT_EQ(Upload("file=a", "", 1).id, "");
  EXPECT_EQ(Upload("id=a%2Fb", "", 1).id, "");
  EXPECT_EQ(Upload("id=f1", "", 1).name, "file");
}

TEST(Upload, is_taken_by_type_and_size) {
  EXPECT_EQ(judged("image/png", kPng), "");
  EXPECT_EQ(judged("text/csv", "a,b"), "");
  EXPECT_EQ(judged("image/gif", "GIF89a"), "file_type");
  EXPECT_EQ(judged("", "a"), "file_type");
  EXPECT_EQ(judged("text/csv", ""), "file_empty");
  EXPECT_EQ(judged("text/csv", std::string(1u << 20, 'x')), "");
  EXPECT_EQ(judged("text/csv", std::string((1u << 20) + 1, 'x')), "file_size");
}

TEST(Upload, that_is_not_what_it_says_is_refused) {
  for (const auto* type : {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})
    EXPECT_EQ(judged(type, "<script>alert(1)</script>", rules({"*/*"})), "file_content") << type;
  EXPECT_EQ(judged("text/plain", "MZ\x90"), "file_content");
  EXPECT_EQ(judged("text/plain", "\x7f\x45LF"), "file_content");
  EXPECT_EQ(judged("text/plain", "#!/bin/sh"), "file_content");
  EXPECT_EQ(judged("application/x-msdownload", "MZ\x90", rules({"*/*"})), "")
      << "an administrator wants them";
}

TEST(Upload, is_refused_where_files_are_off) {
  EXPECT_EQ(judged("image/png", kPng, UploadRules(Json{{"files", false}, {"file_types", {"*/*"}}})),
            "files_off");
  EXPECT_EQ(judged("image/png", kPng, UploadRules(Json::object())), "files_off");
}

TEST(Words, are_cut_between_characters) {
  EXPECT_EQ(one_line("  a\n\t b ", 10), "a b");
  EXPECT_EQ(one_line("жж", 3), "ж");
  EXPECT_EQ(one_line("ж", 1), "");
}

TEST(Words, are_shown_in_the_order_in_which_they_stand) {
  EXPECT_EQ(one_line("photo\u202Egnp.exe", 100), "photognp.exe");
  EXPECT_EQ(one_line("a\u2066b\u2069c – д…", 100), "abc – д…");
}

TEST(Links, lead_to_the_web_and_to_people_only) {
  for (const auto* good : {"https://a.example/x?y#z", "HTTP://a.example", "mailto:a@b.example", "tel:+4712"})
    EXPECT_TRUE(is_safe_link(good)) << good;
  for (const auto* bad : {"javascript:alert(1)", "https://", " https://a", "https://a b", "data:text/html,x",
                          "//a.example", "", "java\nscript:x", "vbscript:x"})
    EXPECT_FALSE(is_safe_link(bad)) << bad;
}

}  // namespace
}  // namespace webchat
