#include "web/api/files.hpp"

#include <nlohmann/json.hpp>

#include "web/api/session.hpp"
#include "web/impl/file_response.hpp"
#include "web/multipart.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kFile =
    R"({"type": "object", "required": ["id", "name", "type", "size"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"}, "size": {"type": "integer"},
    "sha256": {"type": "string"}}})";

constexpr Duration kFetching{2'000};  // until a file may have come from the provider

}  // namespace

void FilesApi::add_to(Router& router) {
  router.component("File", kFile);
  const auto uploads = [&](Operation operation, const std::string& path) {
    router.add(
        operation, Verb::post, path, bound(this, &FilesApi::upload),
        Doc("Upload a file")
            .about("multipart/form-data with one part that has a file name. A file that no message uses goes "
                   "after a day.")
            .stream("multipart/form-data", kLargest)
            .answers(201, "The file", R"({"$ref": "#/components/schemas/File"})"));
  };
  const Doc bytes = Doc("Download a file")
                        .header("Range", "One range of bytes")
                        .answers(200, "The bytes", {}, "*/*")
                        .answers(206, "The range of them that was asked for", {}, "*/*")
                        .errors({404, 416, 503});
  uploads(Operation::write_files, "/api/v1/files");
  uploads(Operation::own_session, "/api/v1/desk/files");
  router.add(Operation::read_files, Verb::get, "/api/v1/files/{id}", bound(this, &FilesApi::download), bytes);
  router.add(Operation::own_session, Verb::get, "/api/v1/desk/chats/{id}/files/{file}",
             bound(this, &FilesApi::download_of_chat), bytes);
}

asio::awaitable<Response> FilesApi::upload(Call call) {
  MultipartReader form(call.request);
  for (auto part = co_await form.next(); part; part = co_await form.next()) {
    if (!part->file_name) continue;
    store::Blob blob;
    blob.id = parts_.ids.next();
    blob.name = part->file_name->empty() ? "file" : *part->file_name;
    blob.type = part->type.empty() ? "application/octet-stream" : part->type;
    if (call.who.session) blob.uploader = call.who.session->user.id;
    blob.created_at = parts_.clock.now().time_since_epoch().count();
    store::BlobWriter writer(parts_.store, blob);
    for (auto piece = co_await form.data(); !piece.empty(); piece = co_await form.data())
      co_await writer.write(std::move(piece));
    const auto done = co_await writer.close();
    const json body = {{"id", to_string_id(done.id)},
                       {"name", done.name},
                       {"type", done.type},
                       {"size", done.size},
                       {"sha256", done.sha256}};
    co_return answer(201, body);
  }
  throw Error(Code::invalid, Text("web.no_file_part"));
}

asio::awaitable<store::Blob> FilesApi::find(Id id) {
  auto content = id;
  const auto file = co_await parts_.chats.file(id);
  if (file) {
    if (file->state == "failed")
      throw Error(Code::not_found, Text("web.file_failed", {{"reason", file->reason.value_or("")}}));
    if (!file->blob) throw Error(Code::unavailable, Text("web.file_pending")).retry_after(kFetching);
    content = *file->blob;
  }
  auto work = [content](store::Session& session) { return store::find_blob(session, content); };
  auto blob = co_await parts_.store.read(std::move(work));
  if (!blob || !blob->ready) throw Error(Code::not_found, Text("web.no_file", {{"id", to_string_id(id)}}));
  co_return std::move(*blob);
}

asio::awaitable<Response> FilesApi::download(Call call) {
  const auto blob = co_await find(call.id());
  co_return file_response(parts_.store, blob, call.request);
}

asio::awaitable<Response> FilesApi::download_of_chat(Call call) {
  const auto id = call.id("file");
  const auto missing = Error(Code::not_found, Text("web.no_file", {{"id", to_string_id(id)}}));
  const auto file = co_await parts_.chats.file(id);
  if (!file || file->chat != call.id()) throw missing;
  auto asked = parts_.routing.may_read(file->chat, session_of(call).user.id);
  const bool may = co_await std::move(asked);
  if (!may) throw missing;
  const auto blob = co_await find(id);
  co_return file_response(parts_.store, blob, call.request);
}

}  // namespace patchbay::web
