#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "lifecycle/runner.hpp"
#include "log/log.hpp"
#include "plugin/caller.hpp"
#include "plugin/services.hpp"
#include "port/remote.hpp"

namespace patchbay::app {

class Instances final : public lifecycle::Runner, public plugin::Caller {
 public:
  Instances(boost::asio::any_io_executor executor, Clock& clock, plugin::Services& services, log::Logger logger)
      : executor_(std::move(executor)), clock_(clock), services_(services), logger_(std::move(logger)) {}

  boost::asio::awaitable<void> run(lifecycle::RunSpec spec) override;
  boost::asio::awaitable<void> halt(Id integration) override;
  boost::asio::awaitable<port::Result> call(Id integration, port::Call call) override;
  boost::asio::awaitable<void> stop();

 private:
  boost::asio::any_io_executor executor_;
  Clock& clock_;
  plugin::Services& services_;
  log::Logger logger_;
  port::Spawner spawner_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<port::Port>> ports_;
  std::map<Id, std::shared_ptr<port::Instance>> instances_;
};

}  // namespace patchbay::app
