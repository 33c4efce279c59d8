#include "upstream.hpp"

namespace patchbay::worker {

using port::wire::Frame;
using port::wire::Kind;

void Upstream::ask(std::uint64_t id, port::Call call, Reply reply) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(id, std::move(reply));
  }
  auto head = port::wire::call_head(call);
  wire_->send(Frame(Kind::ask, instance_, id, std::move(head), std::move(call.message)));
}

void Upstream::cancel(std::uint64_t id) {
  wire_->send(Frame(Kind::cancel, instance_, id));
}

void Upstream::take_reply(Frame frame) {
  Reply reply;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(frame.id);
    if (found == waiting_.end()) return;
    reply = std::move(found->second);
    waiting_.erase(found);
  }
  reply(port::wire::read_result(std::move(frame)));
}

void Upstream::log(int level, std::string text, std::string fields) {
  port::wire::LogLine line;
  line.level = level;
  line.text = std::move(text);
  line.fields = std::move(fields);
  if (!wire_->send_if_room(port::wire::log_frame(instance_, std::move(line)))) {
    ++dropped_;
    return;
  }
  const auto dropped = dropped_.exchange(0);
  if (dropped == 0) return;
  port::wire::LogLine note;
  note.level = 3;
  note.text = std::to_string(dropped) + " log lines and metrics were dropped: the host could not keep up";
  wire_->send(port::wire::log_frame(instance_, std::move(note)));
}

void Upstream::define_metric(std::uint64_t handle, int kind, std::string name, std::string help,
                             std::string labels) {
  port::wire::Metric metric;
  metric.define = true;
  metric.handle = handle;
  metric.kind = kind;
  metric.name = std::move(name);
  metric.help = std::move(help);
  metric.labels = std::move(labels);
  wire_->send(port::wire::metric_frame(instance_, metric));
}

void Upstream::record_metric(std::uint64_t handle, double value, std::string label_values) {
  port::wire::Metric metric;
  metric.handle = handle;
  metric.value = value;
  metric.labels = std::move(label_values);
  if (!wire_->send_if_room(port::wire::metric_frame(instance_, metric))) ++dropped_;
}

}  // namespace patchbay::worker
