#pragma once

#include <memory>

#include "log/log.hpp"
#include "plugin/services.hpp"
#include "port/port.hpp"

namespace patchbay::supervisor {

// An instance whose calls and answers are compared with the schemas of the contract: a call that does not
// fit never reaches the plugin, an answer that does not fit never reaches its caller; both become `internal`.
class CheckedInstance final : public port::Instance {
 public:
  // The clock and the checker outlive it.
  CheckedInstance(Clock& clock, std::shared_ptr<port::Instance> instance, const plugin::VerbChecker& checker,
                  log::Logger logger)
      : port::Instance(clock),
        instance_(std::move(instance)),
        checker_(checker),
        logger_(std::move(logger)) {}

  std::uint64_t begin(port::Call call, Done done) override;
  void cancel(std::uint64_t number) override { instance_->cancel(number); }
  boost::asio::awaitable<void> close() override { return instance_->close(); }

 private:
  const std::shared_ptr<port::Instance> instance_;
  const plugin::VerbChecker& checker_;
  const log::Logger logger_;
};

}  // namespace patchbay::supervisor
