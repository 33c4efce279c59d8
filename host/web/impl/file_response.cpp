#include "web/impl/file_response.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "web/problem.hpp"

namespace patchbay::web {

namespace asio = boost::asio;

namespace {

// What a browser may show by itself; everything else is offered for saving, so that nothing runs in our
// origin.
constexpr std::array<std::string_view, 12> kShown = {
    "image/jpeg", "image/png",  "image/gif", "image/webp", "audio/mpeg", "audio/ogg",
    "audio/wav",  "audio/flac", "audio/mp4", "audio/webm", "video/mp4",  "application/pdf"};

// The range of a Range header (RFC 9110, 14.2) with one part; nothing for none, or for one that is to be
// ignored.
struct Range {
  std::int64_t from;
  std::int64_t to;  // included
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<Range> parse_range(std::string_view header, std::int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.substr(0, kUnit.size()) != kUnit) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == header.npos || header.find(',') != header.npos) return std::nullopt;
  const auto first = header.substr(0, dash);
  const auto last = header.substr(dash + 1);
  const auto from = number(first);
  const auto to = number(last);
  if ((!first.empty() && !from) || (!last.empty() && !to) || (!from && !to)) return std::nullopt;
  if (!from) return Range{std::max<std::int64_t>(0, size - *to), size - 1};
  if (to && *to < *from) return std::nullopt;
  return Range{*from, to ? std::min(*to, size - 1) : size - 1};
}

// RFC 6266 and 8187: a plain fallback and the real name.
std::string disposition(const store::Blob& blob) {
  const bool shown = std::find(kShown.begin(), kShown.end(), blob.type) != kShown.end();
  std::string plain;
  std::string encoded;
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : blob.name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe = std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '_';
    plain += safe ? c : '_';
    if (safe)
      encoded += c;
    else
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return std::string(shown ? "inline" : "attachment") + "; filename=\"" + plain + "\"; filename*=UTF-8''" +
         encoded;
}

class BlobSource final : public BodySource {
 public:
  BlobSource(store::Store& store, Id blob, Range range)
      : store_(store), blob_(blob), at_(range.from), end_(range.to + 1) {}

  std::optional<std::uint64_t> size() const override { return static_cast<std::uint64_t>(end_ - at_); }
  asio::awaitable<std::string> next() override {
    if (at_ >= end_) co_return std::string();
    const auto length = std::min(end_ - at_, store::kBlobPiece);
    auto work = [this, length](store::Session& session) {
      return store::read_blob(session, blob_, at_, length);
    };
    auto piece = co_await store_.read(std::move(work));
    at_ += static_cast<std::int64_t>(piece.size());
    co_return piece;
  }

 private:
  store::Store& store_;
  const Id blob_;
  std::int64_t at_;
  const std::int64_t end_;
};

}  // namespace

Response file_response(store::Store& store, const store::Blob& blob, const Request& request) {
  Range range{0, blob.size - 1};
  Response response(200);
  if (const auto wanted = parse_range(request.headers.get("range"), blob.size)) {
    if (wanted->from > wanted->to) {
      StatusError error(416, Text("web.bad_range", {{"size", std::to_string(blob.size)}}));
      error.headers.add("Content-Range", "bytes */" + std::to_string(blob.size));
      throw error;
    }
    range = *wanted;
    response.status = 206;
    response.headers.add("Content-Range", "bytes " + std::to_string(range.from) + "-" +
                                              std::to_string(range.to) + "/" + std::to_string(blob.size));
  }
  response.type = blob.type;
  response.headers.add("Accept-Ranges", "bytes");
  response.headers.add("Content-Disposition", disposition(blob));
  response.source = std::make_shared<BlobSource>(store, blob.id, range);
  return response;
}

}  // namespace patchbay::web
