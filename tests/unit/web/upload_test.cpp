#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/web/api_server.hpp"
#include "web/multipart.hpp"

namespace patchbay::web {
namespace {

boost::asio::awaitable<Response> measure(Call call) {
  MultipartReader reader(call.request);
  nlohmann::json body = nlohmann::json::array();
  while (true) {
    const auto part = co_await reader.next();
    if (!part) break;
    std::size_t size = 0;
    while (true) {
      const std::string piece = co_await reader.data();
      if (piece.empty()) break;
      size += piece.size();
    }
    body.push_back(part->file_name.value_or(part->name) + " " + std::to_string(size));
  }
  co_return answer(201, body);
}

class Countdown final : public BodySource {
 public:
  explicit Countdown(bool known) : known_(known) {}
  std::optional<std::uint64_t> size() const override {
    if (known_) return 3 * 100'000;
    return std::nullopt;
  }
  boost::asio::awaitable<std::string> next() override {
    co_return std::string(left_-- > 0 ? 100'000 : 0, 'd');
  }

 private:
  bool known_;
  int left_ = 3;
};

boost::asio::awaitable<Response> download(Call call) {
  Response response(200, "application/octet-stream", {});
  response.source = std::make_shared<Countdown>(call.query("known").has_value());
  co_return response;
}

class UploadTest : public testing::Test {
 protected:
  UploadTest() {
    router.add(Operation::write_files, Verb::post, "/files", measure,
               Doc("Store a file").stream("multipart/form-data", 50u << 20));
    router.add(Operation::read_files, Verb::get, "/files", download,
               Doc("Fetch it").query("known", "Length first"));
  }
  ScopeAuthenticator authenticator;
  Router router{authenticator};
  Served served{router};
};

TEST_F(UploadTest, FormsAreReadPartByPartWhateverTheirSize) {
  const std::string form =
      "--B\r\nContent-Disposition: form-data; name=note\r\n\r\nhi\r\n--B\r\nContent-Disposition: "
      "form-data; name=file; filename=a.bin\r\n\r\n" +
      std::string(5'000'000, '\r') + "\r\n--B--\r\n";
  const auto answer =
      ask(served.port(), "POST /files", "Content-Type: multipart/form-data; boundary=B\r\n", form);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"(["note 2","a.bin 5000000"])");
}

TEST_F(UploadTest, WhatIsNoFormIsRefused) {
  EXPECT_EQ(ask(served.port(), "POST /files", "Content-Type: text/plain\r\n", "x").status, 415);
  EXPECT_EQ(
      ask(served.port(), "POST /files", "Content-Type: multipart/form-data; boundary=B\r\n", "x").status,
      400);
}

TEST_F(UploadTest, DownloadsAreStreamedWithAndWithoutALength) {
  const auto known = ask(served.port(), "GET /files?known=1");
  EXPECT_EQ(known.headers.at("content-length"), "300000");
  EXPECT_EQ(known.body.size(), 300'000u);
  const auto chunked = ask(served.port(), "GET /files");
  EXPECT_EQ(chunked.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(chunked.body, std::string(300'000, 'd'));
}

}  // namespace
}  // namespace patchbay::web
