#include "web/api/files.hpp"

#include <nlohmann/json.hpp>

#include "web/api/session.hpp"
#include "web/impl/file_response.hpp"
#include "web/impl/receive_file.hpp"

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
            .about("multipart/form-data with one part that has a file name; the setting MaxFileSize says how "
                   "large it may be. A file that no message uses goes after a day.")
            .stream("multipart/form-data", kLargestUpload)
            .answers(201, "The file", R"({"$ref": "#/components/schemas/File"})")
            .errors({413, 422}));
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
  Receiving receiving(parts_.store, parts_.clock, parts_.ids, parts_.settings);
  if (call.who.session) receiving.uploader = call.who.session->user.id;
  auto received = receive_file(call.request, std::move(receiving));
  const auto file = co_await std::move(received);
  const json body = {{"id", to_string_id(file.id)},
                     {"name", file.name},
                     {"type", file.type},
                     {"size", file.size},
                     {"sha256", file.sha256}};
  co_return answer(201, body);
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
