#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "patchbay/message.hpp"
#include "patchbay/types.hpp"

// What Host answers; see http.hpp for answers of providers.
namespace patchbay {

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
