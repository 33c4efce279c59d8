#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "port/limits.hpp"
#include "port/wire.hpp"

namespace patchbay::port::wire {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = 8u << 10;  // of a field: keeps every head far below its limit

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string cut(const std::string& text) {
  return text.size() <= kMaxText ? text : text.substr(0, kMaxText);
}

json parse(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) throw Broken("the head of a frame is not a JSON object");
  return value;
}

std::string text_of(const json& head, const char* name) {
  const auto found = head.find(name);
  if (found == head.end() || found->is_null()) return {};
  if (!found->is_string()) throw Broken(std::string("field '") + name + "' of a head is not a string");
  return found->get<std::string>();
}

std::int64_t number_of(const json& head, const char* name, std::int64_t low, std::int64_t high) {
  const auto found = head.find(name);
  if (found == head.end() || found->is_null()) return 0;
  if (!found->is_number_integer())
    throw Broken(std::string("field '") + name + "' of a head is not a whole number");
  const auto big = found->is_number_unsigned() &&
                   found->get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max());
  return big ? high : std::clamp(found->get<std::int64_t>(), low, high);
}

constexpr std::int64_t kMaxMilliseconds = 1000ll * 3600 * 24 * 365;

}  // namespace

std::string call_head(const Call& call) {
  json head = {{"method", cut(call.method)}};
  if (!call.trace.empty()) head["trace"] = cut(call.trace);
  if (call.timeout > Duration{0}) head["timeout_ms"] = call.timeout.count();
  return dump(head);
}

Call read_call(Frame frame) {
  const auto head = parse(frame.head);
  auto method = text_of(head, "method");
  if (method.empty()) throw Broken("a call without a method");
  const Duration timeout(number_of(head, "timeout_ms", 0, kMaxMilliseconds));
  return Call(std::move(method), std::move(frame.message), text_of(head, "trace"), timeout);
}

std::string result_head(const Result& result) {
  json head = {{"code", static_cast<int>(result.code)}};
  if (result.retry_after > Duration{0}) head["retry_after_ms"] = result.retry_after.count();
  if (!result.text.empty()) head["text"] = cut(result.text);
  return dump(head);
}

Result read_result(Frame frame) {
  const auto head = parse(frame.head);
  const auto code = code_from(static_cast<std::int32_t>(number_of(head, "code", -1, 1000)));
  const Duration retry_after(number_of(head, "retry_after_ms", 0, kMaxMilliseconds));
  Result result(code, text_of(head, "text"), retry_after, std::move(frame.message));
  result.fd = std::move(frame.fd);
  return result;
}

Frame hello_frame(const Hello& hello) {
  const json head = {{"wire", json::array({kVersion})},
                     {"abi", {{"major", hello.abi_major}, {"minor", hello.abi_minor}}},
                     {"built_with", cut(hello.built_with)}};
  return Frame(Kind::hello, 0, 0, dump(head), Message(hello.descriptor));
}

Hello read_hello(const Frame& frame) {
  const auto head = parse(frame.head);
  Hello hello;
  const auto versions = head.find("wire");
  if (versions == head.end() || !versions->is_array()) throw Broken("hello names no wire versions");
  const bool common =
      std::any_of(versions->begin(), versions->end(), [](const json& v) { return v == kVersion; });
  if (!common) {
    throw Broken("the worker speaks wire versions " + cut(dump(*versions)) +
                 ", the host speaks [0]: use the worker of this host");
  }
  const auto abi = head.find("abi");
  if (abi != head.end() && abi->is_object()) {
    hello.abi_major = static_cast<std::uint32_t>(number_of(*abi, "major", 0, 1'000'000));
    hello.abi_minor = static_cast<std::uint32_t>(number_of(*abi, "minor", 0, 1'000'000));
  }
  hello.built_with = text_of(head, "built_with");
  hello.descriptor = frame.message.json;
  return hello;
}

std::string welcome_head(const Welcome& welcome) {
  const json limits = {{"frame", kMaxFrame}, {"json", kMaxJson}, {"attachments", kMaxBlobs}};
  const json head = {{"wire", welcome.wire}, {"host", welcome.host}, {"limits", limits}};
  return dump(head);
}

Welcome read_welcome(const Frame& frame) {
  const auto head = parse(frame.head);
  Welcome welcome;
  welcome.wire = static_cast<int>(number_of(head, "wire", -1, 1000));
  if (welcome.wire != kVersion) throw Broken("the host chose a wire version that this worker does not speak");
  welcome.host = text_of(head, "host");
  return welcome;
}

std::string error_head(const Error& error) {
  json args = json::array();
  for (const auto& [name, value] : error.text().args())
    args.push_back({{"name", name}, {"value", cut(value)}});
  return dump({{"code", static_cast<int>(error.code())}, {"text_id", error.text().id()}, {"args", args}});
}

Error read_error(const Frame& frame) {
  const auto head = parse(frame.head);
  Text::Args args;
  const auto list = head.find("args");
  if (list != head.end() && list->is_array()) {
    for (const auto& item : *list) {
      if (item.is_object()) args.emplace_back(text_of(item, "name"), text_of(item, "value"));
    }
  }
  auto code = code_from(static_cast<std::int32_t>(number_of(head, "code", -1, 1000)));
  if (code == Code::ok) code = Code::internal;
  return Error(code, Text(text_of(head, "text_id"), std::move(args)));
}

Frame log_frame(std::uint32_t instance, LogLine line) {
  const json head = {{"level", line.level}, {"text", cut(line.text)}};
  if (line.fields.size() > kMaxHead) line.fields.clear();
  return Frame(Kind::log, instance, 0, dump(head), Message(std::move(line.fields)));
}

LogLine read_log(Frame frame) {
  const auto head = parse(frame.head);
  LogLine line;
  line.level = static_cast<int>(number_of(head, "level", 0, 4));
  line.text = text_of(head, "text");
  line.fields = std::move(frame.message.json);
  return line;
}

Frame metric_frame(std::uint32_t instance, const Metric& metric) {
  json head = {{"handle", metric.handle}, {"labels", cut(metric.labels)}};
  if (metric.define) {
    head["define"] = {{"kind", metric.kind}, {"name", cut(metric.name)}, {"help", cut(metric.help)}};
  } else {
    head["value"] = metric.value;
  }
  return Frame(Kind::metric, instance, 0, dump(head));
}

Metric read_metric(const Frame& frame) {
  const auto head = parse(frame.head);
  Metric metric;
  metric.handle =
      static_cast<std::uint64_t>(number_of(head, "handle", 0, std::numeric_limits<std::int64_t>::max()));
  metric.labels = text_of(head, "labels");
  const auto define = head.find("define");
  if (define != head.end() && define->is_object()) {
    metric.define = true;
    metric.kind = static_cast<int>(number_of(*define, "kind", 0, 100));
    metric.name = text_of(*define, "name");
    metric.help = text_of(*define, "help");
    return metric;
  }
  const auto value = head.find("value");
  if (value == head.end() || !value->is_number()) throw Broken("a metric without a value");
  metric.value = value->get<double>();
  return metric;
}

std::string plugin_head(const std::string& plugin_id) {
  return dump({{"plugin_id", plugin_id}});
}

std::string read_plugin(const Frame& frame) {
  return text_of(parse(frame.head), "plugin_id");
}

}  // namespace patchbay::port::wire
