#include "web/impl/receive_file.hpp"

#include "base/error.hpp"
#include "web/multipart.hpp"
#include "web/problem.hpp"

namespace patchbay::web {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kMegabyte = 1 << 20;
constexpr std::size_t kHead = 12;

void require_size(const store::Blob& blob, std::int64_t size, std::int64_t megabytes) {
  if (size <= megabytes * kMegabyte) return;
  throw StatusError(413,
                    Text("web.file_over_limit", {{"name", blob.name}, {"max", std::to_string(megabytes)}}));
}

}  // namespace

asio::awaitable<store::Blob> receive_file(Request& request, Receiving receiving) {
  MultipartReader form(request);
  const auto megabytes = receiving.settings.number("MaxFileSize");
  for (auto part = co_await form.next(); part; part = co_await form.next()) {
    if (!part->file_name) continue;
    store::Blob blob;
    blob.id = receiving.ids.next();
    blob.name = part->file_name->empty() ? "file" : *part->file_name;
    blob.type = part->type.empty() ? "application/octet-stream" : part->type;
    blob.uploader = receiving.uploader;
    blob.created_at = receiving.clock.now().time_since_epoch().count();
    auto piece = co_await form.data();
    while (piece.size() < kHead) {
      const auto more = co_await form.data();
      if (more.empty()) break;
      piece += more;
    }
    if (receiving.look) receiving.look(blob, piece);
    store::BlobWriter writer(receiving.store, blob);
    for (; !piece.empty(); piece = co_await form.data()) {
      require_size(blob, writer.size() + static_cast<std::int64_t>(piece.size()), megabytes);
      co_await writer.write(std::move(piece));
    }
    co_return co_await writer.close();
  }
  throw Error(Code::invalid, Text("web.no_file_part"));
}

}  // namespace patchbay::web
