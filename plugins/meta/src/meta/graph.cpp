#include "meta/graph.hpp"

#include <algorithm>

#include <patchbay/texts.hpp>

namespace meta {
namespace {

using patchbay::failure;
using patchbay::has;
using patchbay::HttpReply;
using patchbay::id_of;
using patchbay::member;
using patchbay::Task;
using patchbay::text_of;

constexpr std::int64_t kLargestFile = 100 << 20;
constexpr std::int64_t kDownloadTimeoutMs = 300'000;
constexpr std::int64_t kLargestAnswer = 4 << 20;
constexpr std::int64_t kSlowestUpload = 100;  // bytes a millisecond; slower ones are given up

std::string placeholder(const std::string& name) {
  return "{{" + name + "}}";
}

std::string auth_of(const std::string& token) {
  constexpr std::string_view kGrant = "{{oauth:";
  if (token.rfind(kGrant, 0) == 0) return token.substr(2, token.size() - 4);
  return "bearer:" + token;
}

// The token, and the proof that whoever has it is the app itself. An app's own token is proof enough.
void identify(Json& request, const GraphPlace& place, const As& as) {
  if (as == As::nobody()) return;
  const std::string token = as.in(place);
  request["auth"] = auth_of(token);
  if (as == As::app()) return;
  request["query"]["appsecret_proof"] = "{{hmac-sha256-hex:" + place.secret + ":" + token + "}}";
}

// Values of a form: text as it is, everything else as JSON.
std::string form_value(const Json& value) {
  return value.is_string() ? value.get<std::string>() : patchbay::to_text(value);
}

Json parts_of(const GraphCall& call) {
  Json parts = Json::array();
  for (const auto& [name, value] : call.body.items())
    parts.push_back({{"name", name}, {"value", form_value(value)}, {"literal", true}});
  for (const GraphFile& file : call.files)
    parts.push_back(
        {{"name", file.part}, {"blob", file.blob}, {"file_name", file.name}, {"type", file.type}});
  return parts;
}

std::int64_t time_for(const GraphCall& call) {
  std::int64_t bytes = 0;
  for (const GraphFile& file : call.files) bytes += std::max<std::int64_t>(file.size, 0);
  return call.timeout_ms + bytes / kSlowestUpload;
}

}  // namespace

GraphPlace::GraphPlace(const Json& settings, std::string token_, std::string secret_)
    : app_id(id_of(settings, "app_id")), token(std::move(token_)), secret(std::move(secret_)) {
  std::string given = text_of(settings, "graph_base");
  while (!given.empty() && given.back() == '/') given.pop_back();
  if (!given.empty()) base = std::move(given);
  if (std::string wanted = text_of(settings, "version"); !wanted.empty()) version = std::move(wanted);
}

std::string As::in(const GraphPlace& place) const {
  switch (kind_) {
    case Kind::own:
      return placeholder(place.token);
    case Kind::app:
      return place.app_id + "|" + placeholder(place.secret);
    case Kind::token:
      return token_;
    case Kind::nobody:
      break;
  }
  return "";
}

Json http_request(const GraphPlace& place, const GraphCall& call, std::vector<std::string>& blobs) {
  Json request = {{"method", call.method},
                  {"url", place.base + "/" + place.version + "/" + call.path},
                  {"query", call.query},
                  {"timeout_ms", time_for(call)},
                  {"retry", call.effect == Effect::reads ? "safe" : "never"},
                  {"response", {{"max", kLargestAnswer}}}};
  identify(request, place, call.as);
  if (!call.files.empty()) {
    request["parts"] = parts_of(call);
  } else if (!call.form.is_null()) {
    request["form"] = call.form;
  } else if (!call.json.is_null()) {
    request["json"] = call.json;
  } else if (!call.body.is_null()) {
    request["headers"] = {{"Content-Type", "application/json"}};
    request["body"] = {{"blob_index", 0}};
    blobs.push_back(patchbay::to_text(call.body));
  }
  return request;
}

Task<Json> Graph::call(GraphCall call) const {
  std::vector<std::string> blobs;
  Json request = http_request(place_, call, blobs);
  const HttpReply reply = co_await host_.http(std::move(request), std::move(blobs));
  Json body = Json::parse(reply.body, nullptr, false);
  if (reply.ok() && body.is_object() && !has(body, "error")) co_return body;
  if (body.is_discarded()) body = nullptr;
  const Json& error = member(body, "error");
  host_.log(PB_WARN, "The Graph API refuses a call",
            {{"path", call.path},
             {"status", std::to_string(reply.status)},
             {"code", id_of(error, "code")},
             {"subcode", id_of(error, "error_subcode")},
             {"fbtrace_id", harmless(text_of(error, "fbtrace_id"))}});
  GraphAnswer answer(reply.status, std::move(body));
  answer.headers = reply.headers;
  throw error_of(answer, call.effect, dialect_);
}

Task<patchbay::FileReply> Graph::download(std::string url, std::string name, std::string type, As as) const {
  Json request = {{"method", "GET"}, {"url", std::move(url)}, {"timeout_ms", kDownloadTimeoutMs}};
  if (as != As::nobody()) request["auth"] = auth_of(as.in(place_));
  request["redirect"] = {{"max", 3}, {"auth", "same-host"}};
  request["response"] = {{"blob", true}, {"max", kLargestFile}, {"name", name}};
  patchbay::put(request["response"], "type", type);
  const HttpReply reply = co_await host_.http(std::move(request));
  if (!reply.ok()) {
    const bool gone = reply.status >= 400 && reply.status < 500 && reply.status != 429;
    if (gone) throw failure(PB_NOT_FOUND, dialect_.prefix + ".file_gone");
    throw failure(PB_UNAVAILABLE, dialect_.prefix + ".unavailable", {{"status", reply.status}});
  }
  patchbay::FileReply file(reply.blob);
  file.name = std::move(name);
  file.type = type.empty() ? reply.header("content-type") : std::move(type);
  file.size = reply.size;
  co_return file;
}

}  // namespace meta
