#pragma once

#include <functional>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/seam.hpp"
#include "patchbay/testing.hpp"

namespace patchbay::sdk_test {

using testing::FakeHost;
using testing::Request;
using testing::Result;

inline const char* const kSend = "pb.channel/1:send";

// A plugin whose send() is what the test says. `work` is a plain function, so its coroutine captures nothing.
class Probe : public Plugin {
 public:
  using Work = Task<SendReply> (*)(Probe& probe, Json request);

  using Plugin::Plugin;
  static About describe() { return About("probe", "1.2.3"); }

  Task<SendReply> send(Json request) override { return work(*this, std::move(request)); }
  Task<void> stop() override {
    stopped = true;
    co_return;
  }
  const Host& services() const { return host(); }

  static inline Work work = nullptr;
  static inline bool stopped = false;
};

inline SendReply sent(std::string id) {
  std::vector<std::string> ids;
  ids.push_back(std::move(id));
  return SendReply(std::move(ids));
}

// A probe whose send() does `work`.
inline const pb_entry* probe(Probe::Work work) {
  Probe::work = work;
  Probe::stopped = false;
  return entry<Probe>();
}

}  // namespace patchbay::sdk_test
