#include "plugin/impl/services/side.hpp"

#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/error.hpp"
#include "port/limits.hpp"

namespace patchbay::plugin {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMostCalls = 256;
constexpr std::size_t kMostMetrics = 100;
constexpr char kSeparator = '\x1f';

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

Asked::Asked(asio::any_io_executor strand_, std::shared_ptr<InstanceContext> context_, port::Call call_,
             port::HostSide::Reply reply)
    : strand(std::move(strand_)),
      context(std::move(context_)),
      call(std::move(call_)),
      given_up(std::make_shared<std::atomic<bool>>(false)),
      reply_(std::move(reply)) {
  call.given_up = given_up;
}

Asked::~Asked() {
  if (!reply_) return;
  // Never from inside ask().
  asio::post(strand, [reply = std::move(reply_)] {
    reply(port::failure(Code::cancelled, Text("plugin.call_cancelled")));
  });
}

void Asked::answer(port::Result result) {
  if (const auto reply = std::exchange(reply_, nullptr)) reply(std::move(result));
}

void cancel(const std::shared_ptr<Asked>& asked) {
  *asked->given_up = true;
  asio::post(asked->strand, [asked] {
    asked->is_cancelled = true;
    asked->signal.emit(asio::cancellation_type::terminal);
  });
}

bool OpenCalls::add(std::uint64_t id, const std::shared_ptr<Asked>& asked) {
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= kMostCalls) return false;
  calls_.emplace(id, asked);
  return true;
}

void OpenCalls::remove(std::uint64_t id, const Asked* asked) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = calls_.equal_range(id);
  for (auto entry = begin; entry != end; ++entry) {
    const auto held = entry->second.lock();
    if (held && held.get() != asked) continue;
    calls_.erase(entry);
    return;
  }
}

void OpenCalls::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = calls_.equal_range(id);
  for (auto entry = begin; entry != end; ++entry) {
    if (const auto asked = entry->second.lock()) plugin::cancel(asked);
  }
}

void OpenCalls::cancel_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, call] : calls_) {
    if (const auto asked = call.lock()) plugin::cancel(asked);
  }
}

void InstanceMetrics::define(std::uint64_t handle, const metrics::Definition& wanted) {
  auto definition = wanted;
  definition.name = "patchbay_plugin_" + wanted.name;
  definition.labels = {"plugin"};
  if (!wanted.labels.empty()) {
    for (auto& label : split(wanted.labels.front(), ',')) definition.labels.push_back(std::move(label));
  }
  const std::lock_guard lock(mutex_);
  if (metrics_.size() >= kMostMetrics) return;
  try {
    metrics_.insert_or_assign(handle, registry_.define(definition));
  } catch (const Error& error) {
    context_->logger.warn(error.what());
  }
}

void InstanceMetrics::record(std::uint64_t handle, double value, const std::string& label_values) {
  metrics::Metric metric;
  {
    const std::lock_guard lock(mutex_);
    const auto entry = metrics_.find(handle);
    if (entry == metrics_.end()) return;
    metric = entry->second;
  }
  std::vector<std::string> values{context_->manifest->id};
  for (auto& part : split(label_values, kSeparator)) values.push_back(std::move(part));
  metric.record(value, values);
}

}  // namespace patchbay::plugin
