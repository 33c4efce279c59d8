#pragma once

#include <optional>
#include <string>

#include "outbox/channels.hpp"
#include "plugin/caller.hpp"

namespace patchbay::support {

// One that carries any text, unless it is away.
class AnyChannel final : public outbox::Channels {
 public:
  boost::asio::awaitable<std::optional<outbox::Channel>> find(Id) override {
    if (away) co_return std::nullopt;
    co_return outbox::Channel(true, manifest);
  }
  bool away = false;
  std::string manifest = R"({"idempotency": "none", "limits": {}})";
};

class NoCaller final : public plugin::Caller {
 public:
  boost::asio::awaitable<port::Result> call(Id, port::Call) override {
    co_return port::Result(port::Message("{}"));
  }
};

}  // namespace patchbay::support
