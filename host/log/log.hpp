#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "log/redactor.hpp"

namespace patchbay::log {

enum class Level { trace, debug, info, warn, error };
enum class Format { text, json };

std::optional<Level> parse_level(std::string_view name);
std::optional<Format> parse_format(std::string_view name);

using Field = std::pair<std::string_view, std::string>;
using Fields = std::initializer_list<Field>;

// A logger is passed down, never looked up. Copies are cheap and write to the same place. Any thread.
// Text and field values pass the redactor before they are written. A line is in the file within a second.
class Logger {
 public:
  // Writes nowhere: for tests.
  static Logger none();
  // Lines to standard error (text or JSON, one line each); `redactor` outlives every copy. With a `file`,
  // also there: 10 MB at most, then renamed, 5 kept. Throws std::exception when the file cannot be written.
  static Logger to_stderr(Format format, Level level, const Redactor& redactor, const std::string& file = {});
  // The same, appended to a string under a lock: for tests. `out` outlives every copy.
  static Logger to_string(Format format, Level level, const Redactor& redactor, std::string& out);

  // The same logger with fields that every line then carries ("integration", "trace", ...).
  Logger with(Fields fields) const;

  void write(Level level, std::string_view text, Fields fields = {}) const;
  void debug(std::string_view text, Fields fields = {}) const { write(Level::debug, text, fields); }
  void info(std::string_view text, Fields fields = {}) const { write(Level::info, text, fields); }
  void warn(std::string_view text, Fields fields = {}) const { write(Level::warn, text, fields); }
  void error(std::string_view text, Fields fields = {}) const { write(Level::error, text, fields); }
  bool enabled(Level level) const;
  // For every copy, from now on.
  void set_level(Level level) const;
  // Returns when all that was written is with the system. For whoever ends the process at once.
  void flush() const;

 private:
  struct Sink;
  explicit Logger(std::shared_ptr<const Sink> sink) : sink_(std::move(sink)) {}
  std::shared_ptr<const Sink> sink_;
  std::shared_ptr<const std::string> context_;  // already written out in the sink's format
};

}  // namespace patchbay::log
