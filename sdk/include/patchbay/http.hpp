#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/types.hpp"
#include "patchbay/waiting.hpp"

// Answers of pb.http/1: whole, and while they come.
namespace patchbay {

// What a provider answered, whatever the status.
class HttpReply {
 public:
  HttpReply(Message reply, pb_code unreadable) : unreadable_(unreadable) {
    status = reply.json.value("status", 0);
    headers = reply.json.value("headers", headers);
    blob = string_at(reply.json, "blob");
    size = reply.json.value("size", size);
    if (!reply.blobs.empty()) body = std::move(reply.blobs.front());
  }

  // What an answer to this request that cannot be understood means.
  static pb_code unreadable_answer_to(const Json& request) {
    const std::string verb = string_at(request, "method", "GET");
    const bool safe = verb == "GET" || verb == "HEAD" || string_at(request, "retry") == "safe";
    return safe ? PB_UNAVAILABLE : PB_OUTCOME_UNKNOWN;
  }

  bool ok() const { return status >= 200 && status < 300; }
  // By its name in lower case; empty when it is not there.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
  // The body as JSON. If it is none: Error(PB_OUTCOME_UNKNOWN) after a request that may have acted, else
  // PB_UNAVAILABLE.
  Json json() const {
    return parse_json(body, "The answer (status " + std::to_string(status) + ")", unreadable_);
  }

  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;  // empty when it went to a blob
  std::string blob;  // id, when `response.blob` was asked for
  std::int64_t size = 0;

 private:
  pb_code unreadable_;
};

// What came of an answer that is read while it comes.
class HttpPiece {
 public:
  explicit HttpPiece(Message reply) : end(reply.json.value("end", false)) {
    if (!reply.blobs.empty()) bytes = std::move(reply.blobs.front());
  }
  std::string bytes;  // empty: none came in time
  bool end;           // nothing follows
};

// An answer that is read while it comes; what is not read waits at the provider. Closes itself. One read may
// wait at a time. On the strand.
class HttpStream {
 public:
  HttpStream(const HostTable& host, Message opened, pb_code unreadable)
      : host_(&host), id_(string_at(opened.json, "stream")), reply_(std::move(opened), unreadable) {}
  HttpStream(HttpStream&& other) noexcept
      : host_(other.host_), id_(std::exchange(other.id_, {})), reply_(std::move(other.reply_)) {}
  HttpStream& operator=(HttpStream&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(id_, other.id_);
    std::swap(reply_, other.reply_);
    return *this;
  }
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;
  ~HttpStream() { close(); }

  // Status and headers; with the body unless the status is 2xx.
  const HttpReply& reply() const { return reply_; }
  // Whether something may follow.
  bool is_open() const { return !id_.empty(); }

  // What has come, else the first that comes within `wait_ms` (600,000 at most). Error: PB_UNAVAILABLE when
  // the answer broke off, PB_NOT_FOUND when it is over or nobody read it for five minutes. A read that is
  // cancelled takes nothing that had not come by then.
  Task<HttpPiece> read(std::int64_t wait_ms = 30'000) const { return read_from(*host_, id_, wait_ms); }

  void close() noexcept {
    const std::string id = std::exchange(id_, {});
    if (!id.empty()) give_up(*host_, id);
  }

 private:
  static Task<HttpPiece> read_from(const HostTable& host, std::string id, std::int64_t wait_ms) {
    Json body = {{"stream", std::move(id)}, {"wait_ms", wait_ms}};
    HostRequest waiting(host, "pb.http/1:read", std::move(body), {});
    co_await waiting;
    co_return HttpPiece(waiting.take());
  }

  // Nobody waits for the reply. Out of memory ends the process, as it would anywhere in a destructor.
  static void give_up(const HostTable& host, const std::string& id) noexcept {
    const Packed packed(Json{{"stream", id}}, {});
    pb_call call = {};
    call.struct_size = sizeof call;
    call.method = view("pb.http/1:close");
    call.msg = packed.message();
    std::uint64_t request = 0;
    host.core.call(
        host.core.ctx, &call, [](void*, const pb_result*) {}, nullptr, &request);
  }

  const HostTable* host_;
  std::string id_;  // empty: closed
  HttpReply reply_;
};

}  // namespace patchbay
