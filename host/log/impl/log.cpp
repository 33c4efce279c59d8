#include "log/log.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include <spdlog/common.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace patchbay::log {
namespace {

constexpr std::size_t kFileBytes = 10u << 20;
constexpr std::size_t kFiles = 5;
constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
constexpr std::array<spdlog::level::level_enum, 5> kSpdlogLevels = {
    spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

class StringSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StringSink(std::string& out) : out_(out) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    out_.append(line.data(), line.size());
  }
  void flush_() override {}

  std::string& out_;
};

std::string in_quotes(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Redacted before it is quoted: quoting would spell a secret differently.
void append_field(std::string& line, Format format, const Redactor& redactor, const Field& field) {
  const auto& key = field.first;
  const auto value = redactor.redact(field.second);
  if (format == Format::json) {
    line += ",\"" + std::string(key) + "\":" + in_quotes(value);
    return;
  }
  const bool plain = !value.empty() && value.find_first_of(" \"=\n\r\t") == value.npos;
  line += " " + std::string(key) + "=" + (plain ? std::string(value) : in_quotes(value));
}

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::optional<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  return std::nullopt;
}

struct Logger::Sink {
  Sink(Format f, Level l, const Redactor& r, std::vector<spdlog::sink_ptr> out)
      : format(f), level(l), redactor(r), logger("", out.begin(), out.end()) {
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::warn);
    logger.set_pattern(f == Format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l"%v})"
                                         : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
                       spdlog::pattern_time_type::utc);
  }
  Format format;
  mutable std::atomic<Level> level;
  const Redactor& redactor;
  mutable spdlog::logger logger;
  spdlog::details::periodic_worker flusher{[this] { logger.flush(); }, std::chrono::seconds(1)};
};

Logger Logger::none() {
  return Logger(nullptr);
}

Logger Logger::to_stderr(Format format, Level level, const Redactor& redactor, const std::string& file) {
  std::vector<spdlog::sink_ptr> sinks = {std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  if (!file.empty())
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file, kFileBytes, kFiles));
  return Logger(std::make_shared<Sink>(format, level, redactor, std::move(sinks)));
}

Logger Logger::to_string(Format format, Level level, const Redactor& redactor, std::string& out) {
  return Logger(std::make_shared<Sink>(format, level, redactor,
                                       std::vector<spdlog::sink_ptr>{std::make_shared<StringSink>(out)}));
}

Logger Logger::with(Fields fields) const {
  Logger copy = *this;
  if (!sink_) return copy;
  std::string context = context_ ? *context_ : std::string();
  for (const auto& field : fields) append_field(context, sink_->format, sink_->redactor, field);
  copy.context_ = std::make_shared<const std::string>(std::move(context));
  return copy;
}

void Logger::write(Level level, std::string_view text, Fields fields) const {
  if (!enabled(level)) return;
  std::string line;
  const auto clean = sink_->redactor.redact(text);
  if (sink_->format == Format::json)
    line += ",\"text\":" + in_quotes(clean);
  else
    line += is_valid_utf8(clean) ? clean : repair_utf8(clean);
  // Secrets may have come up since the context was written out.
  if (context_) line += sink_->redactor.redact(*context_);
  for (const auto& field : fields) append_field(line, sink_->format, sink_->redactor, field);
  sink_->logger.log(kSpdlogLevels[static_cast<std::size_t>(level)],
                    spdlog::string_view_t(line.data(), line.size()));
}

void Logger::flush() const {
  if (sink_) sink_->logger.flush();
}

bool Logger::enabled(Level level) const {
  return sink_ && level >= sink_->level;
}

void Logger::set_level(Level level) const {
  if (sink_) sink_->level = level;
}

}  // namespace patchbay::log
