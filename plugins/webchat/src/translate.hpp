#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "using.hpp"

namespace webchat {

// Where a request comes from, as the host has proven it.
class Arrival {
 public:
  Arrival(std::string session_, std::string received_at_, const std::string& inbox_id);

  std::string session;      // the conversation
  std::string received_at;  // RFC 3339
  Json sequence;            // orders what came in the same millisecond; null when it is not known
};

// What a request comes to. Never silence: what is not taken is told to the page.
class Translation {
 public:
  std::vector<Json> events;  // {"type", "dedupe_key", "order_key", "data"}
  Json notice;               // for the visitor's page; null: nothing to say
};

// A frame that the widget posts to the route "in" (README, "Frames"). Pure; takes whatever strangers send.
Translation translate(const Json& frame, const Arrival& from);

// A file that the widget posts to the route "file": what stands around its bytes.
class Upload {
 public:
  Upload(std::string_view query, std::string_view content_type, std::size_t size);

  std::string id;  // the page's own; empty: the request is none of the widget's
  std::string name;
  std::string type;
  std::string author;
  std::string language;
  std::size_t size;
};

// What an administrator allows.
class UploadRules {
 public:
  // From the settings, an object that the host has completed from the set-up schema.
  explicit UploadRules(const Json& settings);

  bool allowed;
  std::size_t max_bytes;
  std::vector<std::string> types;
};

// Why a file is not taken: "files_off", "file_empty", "file_size", "file_type", "file_content" (its bytes are
// not what its type says); empty: it is. Pure.
std::string refusal(const Upload& upload, std::string_view bytes, const UploadRules& rules);
// For the page, under the id that it gave.
Json refused(const std::string& id, const std::string& reason);

// The message of a file that lies in `blob`.
Json file_event(const Upload& upload, const std::string& blob, const Arrival& from);

}  // namespace webchat
