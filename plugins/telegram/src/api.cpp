#include "api.hpp"

#include <algorithm>

#include "using.hpp"

namespace telegram {
namespace {

using patchbay::HttpReply;
using patchbay::Task;

constexpr std::int64_t kLargestFile = std::int64_t{2000} << 20;  // what a server of one's own may hold
constexpr std::int64_t kDownloadTimeoutMs = 300'000;
constexpr std::int64_t kLargestAnswer = 32 << 20;
constexpr std::int64_t kSlowestUpload = 100;  // bytes a millisecond; slower ones are given up

// Values of a form: text as it is, everything else as JSON.
std::string form_value(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         c == '.' || c == '~' || c == '/';
}

std::string percent_encoded(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// Not the Bot API's form of an answer: another kind of server, or one for tests that lacks the method.
bool is_stranger(const HttpReply& reply, const Json& body) {
  return reply.ok() || reply.status == 404 || (reply.status == 500 && body.is_object());
}

Json result_of(const std::string& method, Effect effect, const HttpReply& reply) {
  Json body = Json::parse(reply.body, nullptr, false);
  if (body.is_discarded()) body = nullptr;
  if (flag_of(body, "ok")) return member(body, "result");
  int status = reply.status;
  if (has(body, "ok")) {
    if (reply.ok()) status = static_cast<int>(number_of(body, "error_code").value_or(500));
  } else if (effect == Effect::reads && is_stranger(reply, body)) {
    throw failure(PB_UNSUPPORTED, "telegram.method_unknown", {{"method", method}, {"status", status}});
  }
  ApiAnswer answer(method, status, std::move(body));
  answer.retry_after = reply.header("retry-after");
  throw error_of(answer, effect);
}

std::int64_t time_for(const ApiCall& call) {
  std::int64_t bytes = 0;
  for (const ApiFile& file : call.files) bytes += std::max<std::int64_t>(file.size, 0);
  return call.timeout_ms + bytes / kSlowestUpload;
}

}  // namespace

Json http_request(const std::string& base, const ApiCall& call, std::vector<std::string>& blobs) {
  Json request = {{"method", "POST"},
                  {"url", base + "/bot{{secret:token}}/" + call.method},
                  {"timeout_ms", time_for(call)},
                  {"retry", call.effect == Effect::reads ? "safe" : "never"},
                  {"pool", call.long_poll ? "long" : "short"},
                  {"response", {{"max", kLargestAnswer}}}};
  if (call.files.empty() && call.placeholders) {
    request["json"] = call.arguments;
    return request;
  }
  if (call.files.empty()) {
    request["headers"] = {{"Content-Type", "application/json"}};
    request["body"] = {{"blob_index", 0}};
    blobs.push_back(call.arguments.dump(-1, ' ', false, Json::error_handler_t::replace));
    return request;
  }
  Json parts = Json::array();
  for (const auto& [name, value] : call.arguments.items()) {
    parts.push_back({{"name", name}, {"value", form_value(value)}, {"literal", true}});
  }
  for (const ApiFile& file : call.files) {
    parts.push_back(
        {{"name", file.part}, {"blob", file.blob}, {"file_name", file.name}, {"type", file.type}});
  }
  request["parts"] = std::move(parts);
  return request;
}

Task<Json> Api::call(ApiCall call) const {
  std::vector<std::string> blobs;
  Json request = http_request(base_, call, blobs);
  const HttpReply reply = co_await host_.http(std::move(request), std::move(blobs));
  co_return result_of(call.method, call.effect, reply);
}

Task<patchbay::FileReply> Api::download(std::string file_path, Json about) const {
  Json request = {{"method", "GET"},
                  {"url", base_ + "/file/bot{{secret:token}}/" + percent_encoded(file_path)},
                  {"timeout_ms", kDownloadTimeoutMs}};
  request["response"] = about;
  request["response"]["blob"] = true;
  request["response"]["max"] = kLargestFile;
  const HttpReply reply = co_await host_.http(std::move(request));
  if (!reply.ok()) {
    ApiAnswer answer("file", reply.status, nullptr);
    answer.retry_after = reply.header("retry-after");
    const bool gone = reply.status == 404 || reply.status == 410 || reply.status == 400;
    if (gone) throw failure(PB_NOT_FOUND, "telegram.file_gone");
    throw error_of(answer, Effect::reads);
  }
  patchbay::FileReply file(reply.blob);
  file.name = text_of(about, "name");
  file.type = text_of(about, "type");
  file.size = reply.size;
  co_return file;
}

}  // namespace telegram
