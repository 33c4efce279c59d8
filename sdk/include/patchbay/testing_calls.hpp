#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/message.hpp"
#include "patchbay/types.hpp"

namespace patchbay::testing {

// An answer, in either direction.
class Result {
 public:
  Result() = default;
  explicit Result(Json json_, std::vector<std::string> blobs_ = {})
      : json(std::move(json_)), blobs(std::move(blobs_)) {}
  Result(pb_code code_, std::string text_, Json json_ = Json())
      : code(code_), text(std::move(text_)), json(std::move(json_)) {}

  bool ok() const { return code == PB_OK; }

  pb_code code = PB_OK;
  std::uint32_t retry_after_ms = 0;
  std::string text;
  Json json;
  std::vector<std::string> blobs;
};

class LogLine {
 public:
  std::int32_t level = 0;
  std::string text;
  std::string fields;
};

// A request of the plugin to the host.
class Request {
 public:
  std::uint64_t id = 0;
  std::string method;
  std::string trace;
  std::int64_t timeout_ms = 0;
  Json json;
  std::vector<std::string> blobs;
  bool cancelled = false;
};

}  // namespace patchbay::testing
