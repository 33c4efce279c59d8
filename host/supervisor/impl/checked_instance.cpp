#include "supervisor/impl/checked_instance.hpp"

#include "port/limits.hpp"

namespace patchbay::supervisor {

std::uint64_t CheckedInstance::begin(port::Call call, Done done) {
  if (const auto fault = checker_.check_request(call.method, call.message)) {
    logger_.error("a call of the host does not fit the contract",
                  {{"method", call.method}, {"fault", *fault}, {"trace", call.trace}});
    const Text text("supervisor.bad_request", {{"method", call.method}, {"fault", *fault}});
    done(port::failure(Code::internal, text));
    return 0;
  }
  auto method = call.method;
  auto checked = [checker = &checker_, logger = logger_, method = std::move(method),
                  done = std::move(done)](port::Result result) {
    const auto fault = checker->check_reply(method, result);
    if (!fault) return done(std::move(result));
    logger.warn("an answer of the plugin does not fit the contract", {{"method", method}, {"fault", *fault}});
    done(
        port::failure(Code::internal, Text("supervisor.bad_reply", {{"method", method}, {"fault", *fault}})));
  };
  return instance_->begin(std::move(call), std::move(checked));
}

}  // namespace patchbay::supervisor
