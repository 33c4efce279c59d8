#include "api.hpp"

#include <algorithm>

#include "api_error.hpp"

namespace twilio {
namespace {

using patchbay::HttpReply;
using patchbay::Task;

constexpr std::int64_t kTimeoutMs = 30'000;
constexpr std::int64_t kDownloadTimeoutMs = 300'000;
constexpr std::int64_t kSmallTimeoutMs = 5'000;
constexpr std::int64_t kSmallFile = 64 << 10;
constexpr std::int64_t kLargestFile = 100 << 20;
constexpr std::int64_t kLargestAnswer = 8 << 20;

Json answer_of(const HttpReply& reply, Effect effect) {
  Json body = Json::parse(reply.body, nullptr, false);
  if (reply.ok() && body.is_object()) return body;
  ApiAnswer answer(reply.ok() ? 502 : reply.status);  // not the API's answer
  if (!body.is_discarded()) answer.body = std::move(body);
  answer.retry_after = reply.header("retry-after");
  throw error_of(answer, effect);
}

// The value of a parameter of a header, quoted or not.
std::string parameter(const std::string& header, const std::string& name) {
  std::size_t at = header.find(name + "=");
  if (at == std::string::npos) return "";
  at += name.size() + 1;
  const bool quoted = at < header.size() && header[at] == '"';
  const std::size_t from = quoted ? at + 1 : at;
  const std::size_t to = header.find(quoted ? '"' : ';', from);
  return header.substr(from, to == std::string::npos ? to : to - from);
}

}  // namespace

Account::Account(const Json& settings)
    : sid(patchbay::string_at(settings, "account_sid")),
      number(patchbay::string_at(settings, "phone_number")),
      base(patchbay::string_at(settings, "api_base")) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  const bool is_address = base.empty() || base.rfind("https://", 0) == 0 || base.rfind("http://", 0) == 0;
  if (is_address && base.find_first_of("?#{} \t\r\n") == std::string::npos) return;
  patchbay::Error error = failure(PB_INVALID, "twilio.api_base", {{"address", base}});
  error.with(finding("/api_base", "twilio.api_base", {{"address", base}}));
  throw std::move(error);
}

std::string Account::identity() const {
  return is_sandbox() ? "sandbox:" + sid : address();
}

Json Api::request(const char* method, const std::string& url) const {
  return {{"method", method},
          {"url", url},
          {"auth", "basic:" + account_.sid + ":{{secret:auth_token}}"},
          {"timeout_ms", kTimeoutMs},
          {"response", {{"max", kLargestAnswer}}}};
}

Task<Json> Api::get(std::string url) const {
  Json wanted = request("GET", url);
  const HttpReply reply = co_await host_.http(std::move(wanted));
  co_return answer_of(reply, Effect::reads);
}

// People's words go as raw bytes: a form of the host would fill in placeholders.
Task<Json> Api::post(std::string url, Form form) const {
  Json wanted = request("POST", url);
  wanted["headers"] = {{"Content-Type", "application/x-www-form-urlencoded"}};
  wanted["body"] = {{"blob_index", 0}};
  wanted["retry"] = "never";
  std::vector<std::string> blobs;
  blobs.push_back(form.encoded());
  const HttpReply reply = co_await host_.http(std::move(wanted), std::move(blobs));
  co_return answer_of(reply, Effect::acts);
}

Task<Json> Api::put(std::string url, Json body) const {
  Json wanted = request("POST", url);
  wanted["headers"] = {{"Content-Type", "application/json"}};
  wanted["body"] = {{"blob_index", 0}};
  wanted["retry"] = "safe";
  std::vector<std::string> blobs;
  blobs.push_back(patchbay::to_text(body));
  const HttpReply reply = co_await host_.http(std::move(wanted), std::move(blobs));
  co_return answer_of(reply, Effect::reads);
}

// Only Twilio itself is told who we are, and no place that it sends us to.
Json Api::file_request(const std::string& url) const {
  Json wanted = request("GET", url);
  if (url.rfind(core() + "/", 0) != 0) wanted.erase("auth");
  wanted["redirect"] = {{"max", 5}, {"auth", "same-host"}};
  return wanted;
}

Task<std::string> Api::small_file(std::string url) const {
  Json wanted = file_request(url);
  wanted["timeout_ms"] = kSmallTimeoutMs;
  wanted["response"] = {{"max", kSmallFile}};
  std::string text;
  try {
    const HttpReply reply = co_await host_.http(std::move(wanted));
    if (reply.ok()) text = reply.body;
  } catch (const patchbay::Error& error) {
    if (error.code == PB_CANCELLED) throw;
  }
  co_return text;
}

Task<patchbay::FileReply> Api::download(std::string url, Json about) const {
  Json wanted = file_request(url);
  wanted["timeout_ms"] = kDownloadTimeoutMs;
  wanted["response"] = about;
  wanted["response"]["blob"] = true;
  wanted["response"]["max"] = kLargestFile;
  const HttpReply reply = co_await host_.http(std::move(wanted));
  if (reply.status == 404 || reply.status == 410) throw failure(PB_NOT_FOUND, "twilio.media_gone");
  if (!reply.ok()) {
    ApiAnswer answer(reply.status);
    answer.retry_after = reply.header("retry-after");
    throw error_of(answer, Effect::reads);
  }
  patchbay::FileReply file(reply.blob);
  file.name = file_name_in(reply.header("content-disposition"));
  if (file.name.empty()) file.name = patchbay::string_at(about, "name");
  file.type = patchbay::string_at(about, "type");
  file.size = reply.size;
  co_return file;
}

std::string file_name_in(const std::string& content_disposition) {
  std::string name = parameter(content_disposition, "filename*");
  if (const std::size_t quote = name.rfind('\''); quote != std::string::npos) {
    name = Form::parse("n=" + name.substr(quote + 1)).text("n");
  } else {
    name = parameter(content_disposition, "filename");
  }
  name = name.substr(name.find_last_of("/\\") + 1);
  name.erase(std::remove_if(name.begin(), name.end(), [](unsigned char c) { return c < 0x20; }), name.end());
  return name.size() > 200 ? std::string() : name;
}

}  // namespace twilio
