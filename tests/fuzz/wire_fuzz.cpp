// Frames from a worker: bytes of a process that is not trusted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "port/wire.hpp"

namespace {

namespace wire = patchbay::port::wire;

void read_head(wire::Frame frame) {
  switch (frame.kind) {
    case wire::Kind::hello:
      wire::read_hello(frame);
      return;
    case wire::Kind::welcome:
      wire::read_welcome(frame);
      return;
    case wire::Kind::open:
      wire::read_plugin(frame);
      return;
    case wire::Kind::opened:
    case wire::Kind::bye:
      wire::read_error(frame);
      return;
    case wire::Kind::call:
    case wire::Kind::ask:
      wire::read_call(std::move(frame));
      return;
    case wire::Kind::answer:
    case wire::Kind::reply:
      wire::read_result(std::move(frame));
      return;
    case wire::Kind::log:
      wire::read_log(std::move(frame));
      return;
    case wire::Kind::metric:
      wire::read_metric(frame);
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    while (!bytes.empty()) {
      auto step = wire::read(bytes);
      if (step.used == 0) return 0;
      std::string again;
      wire::append(again, step.frame);
      if (wire::read(again).used != again.size()) std::abort();  // what is read can be written and read again
      bytes.remove_prefix(step.used);
      read_head(std::move(step.frame));
    }
  } catch (const wire::Broken&) {
    return 0;
  }
  return 0;
}
