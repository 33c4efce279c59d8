#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "port/connection.hpp"
#include "port/message.hpp"

namespace patchbay::worker {

// The host as an instance in this process sees it: everything becomes a frame. Any thread.
class Upstream final : public port::HostSide {
 public:
  Upstream(std::shared_ptr<port::Connection> wire, std::uint32_t instance)
      : wire_(std::move(wire)), instance_(instance) {}

  void ask(std::uint64_t id, port::Call call, Reply reply) override;
  void cancel(std::uint64_t id) override;
  void log(int level, std::string text, std::string fields) override;
  void define_metric(std::uint64_t handle, int kind, std::string name, std::string help,
                     std::string labels) override;
  void record_metric(std::uint64_t handle, double value, std::string label_values) override;

  // The host's answer; one that nobody waits for is dropped.
  void take_reply(port::wire::Frame frame);

 private:
  std::shared_ptr<port::Connection> wire_;
  const std::uint32_t instance_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Reply> waiting_;
};

}  // namespace patchbay::worker
