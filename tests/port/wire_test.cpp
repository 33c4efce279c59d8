#include "port/wire.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "port/elf.hpp"
#include "port/limits.hpp"

namespace patchbay::port {
namespace {

using wire::Frame;
using wire::Kind;

std::string file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string golden(const std::string& name) {
  return file(std::filesystem::path(PB_TEST_WIRE_DIR) / (name + ".bin"));
}

std::string bytes_of(const Frame& frame) {
  std::string out;
  wire::append(out, frame);
  return out;
}

std::string reason_for(const std::string& bytes) {
  try {
    wire::read(bytes);
  } catch (const wire::Broken& broken) {
    return broken.what();
  }
  return "read";
}

// A header with chosen fields, to break.
std::string header(std::uint32_t length, std::uint16_t kind, std::uint32_t json, std::uint32_t blobs,
                   std::uint16_t flags = 0) {
  std::string bytes("PBW1");
  const auto put = [&](auto value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(length);
  put(kind);
  put(flags);
  put(json);
  put(std::uint64_t{1});
  put(blobs);
  put(std::uint32_t{1});
  return bytes;
}

// Frames of released versions never change: what is read from each file is written back byte for byte.
TEST(GoldenFrames, AreReadAndWrittenByteForByte) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PB_TEST_WIRE_DIR)) {
    const auto bytes = file(entry.path());
    const auto step = wire::read(bytes);
    EXPECT_EQ(step.used, bytes.size()) << entry.path();
    EXPECT_EQ(static_cast<int>(step.frame.kind), std::stoi(entry.path().filename().string().substr(0, 2)));
    EXPECT_EQ(bytes_of(step.frame), bytes) << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 16);
}

TEST(GoldenFrames, CallSaysWhatItIs) {
  auto step = wire::read(golden("07_call"));
  EXPECT_EQ(step.frame.id, 258u);
  EXPECT_EQ(step.frame.instance, 1u);
  const auto call = wire::read_call(std::move(step.frame));
  EXPECT_EQ(call.method, "pb.webhook/1:process");
  EXPECT_EQ(call.trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(call.timeout, Duration{10'000});
  EXPECT_EQ(call.message.json, R"({"route":"update"})");
  EXPECT_EQ(call.message.blobs, (std::vector<std::string>{std::string("\0\xff raw body\r\n", 13), ""}));
}

TEST(GoldenFrames, AnswerHelloLogMetricAndByeSayWhatTheyAre) {
  const auto result = wire::read_result(wire::read(golden("08_answer")).frame);
  EXPECT_EQ(result.code, Code::rate_limited);
  EXPECT_EQ(result.retry_after, Duration{1500});
  EXPECT_EQ(result.text, "slow down");
  EXPECT_EQ(wire::read_hello(wire::read(golden("01_hello")).frame).descriptor,
            R"({"id":"echo","version":"0.1.0","sdk":"0.0"})");
  EXPECT_EQ(wire::read_welcome(wire::read(golden("02_welcome")).frame).host, "0.1.0");
  EXPECT_EQ(wire::read_plugin(wire::read(golden("03_open")).frame), "echo");
  EXPECT_EQ(wire::read_log(wire::read(golden("12_log")).frame).text, "connected");
  EXPECT_EQ(wire::read_metric(wire::read(golden("13_metric")).frame).value, 2.5);
  EXPECT_NE(std::string(wire::read_error(wire::read(golden("16_bye")).frame).what()).find("frobnicate"),
            std::string::npos);
}

TEST(Frames, WhatIsWrittenIsReadAgain) {
  const Result result(Code::conflict, "somebody \"else\"\n", Duration{5},
                      Message("{\"a\":\n1}", {"x", std::string(70'000, 'y')}));
  auto step = wire::read(bytes_of(Frame(Kind::answer, 3, 9, wire::result_head(result), result.message)));
  const auto read = wire::read_result(std::move(step.frame));
  EXPECT_EQ(read.code, result.code);
  EXPECT_EQ(read.text, result.text);
  EXPECT_EQ(read.message.json, result.message.json);
  EXPECT_EQ(read.message.blobs, result.message.blobs);
}

TEST(Frames, BeginningOfAFrameWantsTheRest) {
  const auto bytes = golden("07_call");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto step = wire::read(std::string_view(bytes).substr(0, size));
    ASSERT_EQ(step.used, 0u) << size;
    ASSERT_EQ(step.wanted, size < wire::kHeaderSize ? wire::kHeaderSize : bytes.size());
  }
}

TEST(Frames, GarbageIsRefusedWithAReason) {
  EXPECT_NE(reason_for("HTTP/1.1 200 OK").find("do not begin a frame"), std::string::npos);
  EXPECT_NE(reason_for(header(16u << 20 | 1u, 7, 2, 0)).find("16 MiB"), std::string::npos);
  EXPECT_NE(reason_for(header(2, 0, 2, 0)).find("kind"), std::string::npos);
  EXPECT_NE(reason_for(header(2, 17, 2, 0)).find("kind"), std::string::npos);
  EXPECT_NE(reason_for(header(2, 7, 2, 0, 1)).find("flags"), std::string::npos);
  EXPECT_NE(reason_for(header(2, 11, 2, 0, 2)).find("flags"), std::string::npos);
  EXPECT_NE(reason_for(header(5u << 20, 7, 5u << 20, 0)).find("JSON part"), std::string::npos);
  EXPECT_NE(reason_for(header(20'000, 7, 2, 1025)).find("1024"), std::string::npos);
  EXPECT_NE(reason_for(header(2, 7, 3, 0)).find("longer than the frame"), std::string::npos);
  EXPECT_NE(reason_for(header(9, 7, 2, 1)).find("longer than the frame"), std::string::npos);
  EXPECT_NE(reason_for(header(10, 7, 2, 1) + "{}" + std::string(8, '\xff')).find("attachments"),
            std::string::npos);
  EXPECT_NE(reason_for(header(3, 7, 2, 0) + "{}x").find("longer than its parts"), std::string::npos);
}

TEST(Frames, BrokenHeadsAreRefused) {
  EXPECT_THROW(wire::read_call(Frame(Kind::call, 1, 1, "[]")), wire::Broken);
  EXPECT_THROW(wire::read_call(Frame(Kind::call, 1, 1, "{}")), wire::Broken);
  EXPECT_THROW(wire::read_call(Frame(Kind::call, 1, 1, R"({"method":5})")), wire::Broken);
  EXPECT_THROW(wire::read_call(Frame(Kind::call, 1, 1, R"({"method":"a","timeout_ms":"soon"})")),
               wire::Broken);
  EXPECT_THROW(wire::read_hello(Frame(Kind::hello, 0, 0, R"({"wire":[1,2]})")), wire::Broken);
  EXPECT_THROW(wire::read_metric(Frame(Kind::metric, 1, 0, R"({"handle":1})")), wire::Broken);
  EXPECT_EQ(wire::read_result(Frame(Kind::answer, 1, 1, R"({"code":18446744073709551615})")).code,
            Code::internal);
}

TEST(Elf, SurvivesEveryCutAndManyFlippedBytes) {
  const auto library = file(PB_TEST_BUILD_DIR "/test_plugins/odd/wrong_abi.so");
  ASSERT_TRUE(inspect_elf(library).is_library);
  EXPECT_EQ(inspect_elf(library).exported, std::vector<std::string>{"patchbay_plugin_v0"});
  for (std::size_t size = 0; size < library.size(); size += 97)
    inspect_elf(std::string_view(library).substr(0, size));
  std::minstd_rand random(7);
  for (int i = 0; i < 2000; ++i) {
    auto bytes = library;
    for (int k = 0; k < 8; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes[random() % 64] = static_cast<char>(random());
    inspect_elf(bytes);
  }
}

TEST(Limits, MessageFitsOrNot) {
  EXPECT_TRUE(fits(Message("{}", {std::string(15u << 20, 'x')})));
  EXPECT_FALSE(fits(Message("{}", {std::string(8u << 20, 'x'), std::string(8u << 20, 'y')})));
  EXPECT_FALSE(fits(Message(std::string((4u << 20) + 1, ' '))));
  EXPECT_FALSE(fits(Message("{}", std::vector<std::string>(1025))));
}

}  // namespace
}  // namespace patchbay::port
