#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/message.hpp"
#include "patchbay/types.hpp"

// What Host answers.
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

// How many events or raw requests were new, and how many the host had already.
class Stored {
 public:
  explicit Stored(const Json& reply) : stored(reply.value("stored", 0)), known(reply.value("known", 0)) {}
  int stored;
  int known;
};

// An event in a stream.
class Published {
 public:
  explicit Published(const Json& reply)
      : event(string_at(reply, "event")), known(reply.value("known", false)) {}
  std::string event;  // its id there
  bool known;         // it was published before
};

class StoredState {
 public:
  explicit StoredState(const Json& reply)
      : value(reply.value("value", Json())), version(reply.value("version", std::int64_t{0})) {}
  Json value;  // null when there is none
  std::int64_t version;
};

class BlobPart {
 public:
  explicit BlobPart(Message reply)
      : size(reply.json.value("size", std::int64_t{0})),
        type(string_at(reply.json, "type")),
        name(string_at(reply.json, "name")) {
    if (!reply.blobs.empty()) bytes = std::move(reply.blobs.front());
  }
  std::string bytes;
  std::int64_t size;  // of the whole blob
  std::string type;
  std::string name;
};

}  // namespace patchbay
