#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "live/topics.hpp"
#include "metrics/registry.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// Topics as server-sent events (HTML standard, 9.2). Any thread.
class EventStreams {
 public:
  // Open at once. Each stream is a connection, of which HttpServer has 10,000: webhooks and API keep their
  // share.
  struct Limits {
    Limits() = default;
    std::size_t all = 5'000;
    std::size_t of_owner = 1'000;  // an integration
    std::size_t of_topic = 20;
    Duration heartbeat{
        15'000};  // between comments on a quiet stream, so that what stands in between keeps it
  };
  struct Wish {
    Wish(live::Topic topic_, std::int64_t after_, TimePoint until_, std::function<bool()> goes_on_)
        : topic(std::move(topic_)), after(after_), until(until_), goes_on(std::move(goes_on_)) {}

    live::Topic topic;
    std::int64_t after;                     // the last id that the reader has; 0: it begins
    TimePoint until;                        // it ends then
    std::function<bool()> goes_on;          // asked at each heartbeat at least, from any thread
    std::shared_ptr<live::Reader> reader;   // of the events; null: all of the topic
    std::optional<live::Topic> counted_as;  // by the limits; none: as `topic`
  };

  // All outlive the streams.
  EventStreams(live::Topics& topics, Clock& clock, metrics::Registry& metrics, Limits limits);
  EventStreams(live::Topics& topics, Clock& clock, metrics::Registry& metrics);
  ~EventStreams();

  // 200 and the events after `after`, those to come as well, each with its id; before them an event "reset"
  // where some are lost (live::Reading). 429 with Retry-After when the topic has too many readers, 503 when
  // the owner or the host has. Nothing waits in memory but one portion a reader: one that takes nothing for
  // HttpServer::Options::transfer_timeout is cut, and comes back with the last id that it has.
  Response open(Wish wish);

  std::size_t open_now() const;

 private:
  class Places;
  const std::shared_ptr<Places> places_;
  live::Topics& topics_;
  Clock& clock_;
  const Limits limits_;
};

// The last id that a reader says it has, as it is sent: decimal. 0 when there is none, -1 for what is no id,
// which no topic has.
std::int64_t last_event_id(const Request& request);

}  // namespace patchbay::web
