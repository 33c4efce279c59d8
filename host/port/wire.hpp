#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "port/message.hpp"
#include "port/port.hpp"

// Frames between host and worker, as pure functions; schemas/wire/0.md is the reference.
namespace patchbay::port::wire {

inline constexpr int kVersion = 0;
inline constexpr std::size_t kHeaderSize = 32;

enum class Kind : std::uint16_t {
  hello = 1,
  welcome = 2,
  open = 3,
  opened = 4,
  close = 5,
  closed = 6,
  call = 7,
  answer = 8,
  cancel = 9,
  ask = 10,
  reply = 11,
  log = 12,
  metric = 13,
  ping = 14,
  pong = 15,
  bye = 16,
};

// What the other side sent is not a frame of this protocol. what() says why, in English; the connection ends.
class Broken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Frame {
 public:
  Frame() = default;
  Frame(Kind kind_, std::uint32_t instance_, std::uint64_t id_, std::string head_ = "{}",
        Message message_ = {})
      : kind(kind_), instance(instance_), id(id_), head(std::move(head_)), message(std::move(message_)) {}

  Kind kind = Kind::bye;
  std::uint32_t instance = 0;
  std::uint64_t id = 0;
  std::string head = "{}";  // one line of JSON
  Message message;
  bool has_fd = false;     // a descriptor goes with it: of a reply only
  std::shared_ptr<Fd> fd;  // that one; the connection passes it
};

// Appends the frame's bytes. The message fits (limits.hpp).
void append(std::string& out, const Frame& frame);

// One step of reading: `used` is 0 when `bytes` holds only the beginning of a frame; `wanted` is then the
// size of the whole frame as far as it is known. Throws Broken.
class Step {
 public:
  std::size_t used = 0;
  std::size_t wanted = 0;
  Frame frame;
};
Step read(std::string_view bytes);

// Heads: JSON objects on one line. The readers throw Broken; unknown fields are ignored.
std::string call_head(const Call& call);
Call read_call(Frame frame);
std::string result_head(const Result& result);
Result read_result(Frame frame);
Frame hello_frame(const Hello& hello);
Hello read_hello(const Frame& frame);

class Welcome {
 public:
  int wire = kVersion;
  std::string host;  // version
};
std::string welcome_head(const Welcome& welcome);
Welcome read_welcome(const Frame& frame);

// A result whose words are known by id on the other side: what failed while opening.
std::string error_head(const Error& error);
Error read_error(const Frame& frame);

class LogLine {
 public:
  int level = 0;
  std::string text;
  std::string fields;
};
Frame log_frame(std::uint32_t instance, LogLine line);
LogLine read_log(Frame frame);

class Metric {
 public:
  bool define = false;
  std::uint64_t handle = 0;
  int kind = 0;
  std::string name;
  std::string help;
  std::string labels;  // names, or values when recorded
  double value = 0;
};
Frame metric_frame(std::uint32_t instance, const Metric& metric);
Metric read_metric(const Frame& frame);

std::string plugin_head(const std::string& plugin_id);
std::string read_plugin(const Frame& frame);

}  // namespace patchbay::port::wire
