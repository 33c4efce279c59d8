#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace patchbay::hooks {

// What a provider sent, as the listener read it. Bytes are as they came, decoded in no way.
class Request {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  Request() = default;
  Request(std::string method_, std::string path_, std::string query_ = {})
      : method(std::move(method_)), path(std::move(path_)), query(std::move(query_)) {}

  // The value of a header that is there exactly once; nothing when it is missing or repeated, since a
  // repeated one could mean one thing to us and another to the plugin. `name` in lower case.
  const std::string* header(std::string_view name) const;

  std::string method;
  std::string path;   // "/hooks/<plugin>/<integration>/<route>", below the path of site_url; a profile's have
                      // "-/<profile>" in the place of the integration
  std::string query;  // without '?'
  Headers headers;    // names in lower case, in order of arrival
  std::string body;
  std::string peer;   // address of the sender, for logs
  std::string trace;  // W3C traceparent of this request; empty: its header, or a new one
};

// Events to send instead of a body, as they happen.
class LiveStream {
 public:
  LiveStream(Id integration_, std::string topic_, TimePoint until_)
      : integration(integration_), topic(std::move(topic_)), until(until_) {}
  Id integration;
  std::string topic;
  TimePoint until;  // what the caller has shown is good until then
};

// What to tell the provider.
class Answer {
 public:
  Answer() = default;
  explicit Answer(int status_, std::string type_ = {}, std::string body_ = {})
      : status(status_), type(std::move(type_)), body(std::move(body_)) {}

  int status = 200;
  std::string type;  // Content-Type; empty with an empty body
  std::string body;
  int retry_after = 0;                                       // seconds; zero: no such header
  std::vector<std::pair<std::string, std::string>> headers;  // further ones ("Allow")
  std::optional<LiveStream> live;                            // whoever listens for requests opens it
};

}  // namespace patchbay::hooks
