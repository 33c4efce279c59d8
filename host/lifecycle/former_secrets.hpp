#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/task_scope.hpp"
#include "log/log.hpp"
#include "log/redactor.hpp"

namespace patchbay::lifecycle {

// Former values of secrets that mounted routes accept for a while (plugin-needs N4): kept out of logs, and no
// longer accepted when their time is over. Any thread.
class FormerSecrets {
 public:
  // `end` mounts the owner's routes with the secrets as they are then; asked again while it throws
  // Error{unavailable}. All outlive this.
  FormerSecrets(boost::asio::any_io_executor executor, Clock& clock, log::Redactor& redactor,
                log::Logger logger, std::function<boost::asio::awaitable<void>(Id owner)> end);

  // The owner's routes accept these besides, the first of them until then (Unix milliseconds); in place of
  // what was told of it before.
  void watch(Id owner, std::vector<std::string> values, std::optional<std::int64_t> until);
  boost::asio::awaitable<void> stop();

 private:
  struct Watched {
    std::vector<std::string> values;
    std::optional<std::int64_t> until;
  };
  boost::asio::awaitable<void> end_at(Id owner, std::int64_t until);
  bool is_due(Id owner, std::int64_t until);

  Clock& clock_;
  log::Redactor& redactor_;
  const log::Logger logger_;
  const std::function<boost::asio::awaitable<void>(Id owner)> end_;
  std::mutex mutex_;  // of what follows
  std::map<Id, Watched> watched_;
  TaskScope tasks_;
};

}  // namespace patchbay::lifecycle
