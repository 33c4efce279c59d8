#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "port/fd.hpp"

namespace patchbay::port {

// A JSON document and raw attachments: what crosses the seam, in either mode. Classes with constructors,
// never aggregates: g++ 12 destroys aggregate operands of co_await twice (anchors, trap 7).
class Message {
 public:
  Message() = default;
  explicit Message(std::string json_, std::vector<std::string> blobs_ = {})
      : json(std::move(json_)), blobs(std::move(blobs_)) {}

  std::string json;  // empty means "nothing to say"
  std::vector<std::string> blobs;
};

class Call {
 public:
  Call(std::string method_, Message message_, std::string trace_ = {}, Duration timeout_ = Duration{0})
      : method(std::move(method_)),
        message(std::move(message_)),
        trace(std::move(trace_)),
        timeout(timeout_) {}

  std::string method;  // "pb.channel/1:send"
  Message message;
  std::string trace;  // W3C traceparent or empty
  Duration timeout;   // zero: none
  // Of what a plugin asks: true from the moment that nobody wants it any more. Null: not known.
  std::shared_ptr<const std::atomic<bool>> given_up;
};

class Result {
 public:
  Result() = default;
  explicit Result(Message message_) : message(std::move(message_)) {}
  Result(Code code_, std::string text_, Duration retry_after_ = Duration{0}, Message message_ = {})
      : code(code_), retry_after(retry_after_), text(std::move(text_)), message(std::move(message_)) {}

  bool ok() const { return code == Code::ok; }
  // The text as it is kept for whoever reads it later, in every language that it is known in (Text::kept).
  const std::string& reason() const { return kept.empty() ? text : kept; }

  Code code = Code::ok;
  Duration retry_after{0};
  std::string text;        // one line of English
  std::string kept;        // the host's own: never crosses the seam; empty while only the English is known
  bool lost = false;       // not said by the plugin: its process ended before it answered
  bool untouched = false;  // and it had not reached the plugin
  bool poison = false;     // the call ended its process again and again: not to be made once more
  Message message;         // on failure it may hold {"text_id", "args", "scope", "diagnostics"}
  std::shared_ptr<Fd> fd;  // of the host's answer: a connected socket, which whoever takes it out owns
};

// The host as one plugin instance sees it: what it asks, logs and counts arrives here. Implemented by
// plugin::Services; called by Local and Remote from any thread. Outlives the instance.
class HostSide {
 public:
  using Reply = std::function<void(Result)>;

  virtual ~HostSide() = default;
  // `id` names the request for cancel(). `reply` is called exactly once, later, on any thread.
  virtual void ask(std::uint64_t id, Call call, Reply reply) = 0;
  virtual void cancel(std::uint64_t id) = 0;
  // The instance is no more, by itself or with its worker, and its requests are cancelled: what it had open
  // at the host is let go. Another one may be made with this side.
  virtual void instance_ended() {}
  // `level` as PB_TRACE..PB_ERROR; `fields` is a JSON object or empty. Never blocks.
  virtual void log(int level, std::string text, std::string fields) = 0;
  // A metric was defined (kind as PB_COUNTER..PB_HISTOGRAM), or a value recorded under its handle.
  virtual void define_metric(std::uint64_t handle, int kind, std::string name, std::string help,
                             std::string labels) = 0;
  virtual void record_metric(std::uint64_t handle, double value, std::string label_values) = 0;
  // Whether the call with this trace, which began at `since` on the monotonic clock, may have acted outside:
  // an unsafe request with that trace, or one without a trace, was started by this instance since then.
  // Decides between outcome_unknown and unavailable when a worker dies; what was asked is cancelled before,
  // and starts nothing afterwards. Who cannot know says yes.
  virtual bool acted(const std::string& trace, std::chrono::nanoseconds since) {
    static_cast<void>(trace);
    static_cast<void>(since);
    return true;
  }
};

}  // namespace patchbay::port
