#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/strand.hpp>

#include "base/clock.hpp"
#include "base/task_scope.hpp"
#include "log/log.hpp"

namespace patchbay::domain::calls {

// Looks for rows that are due: when it is woken and every second; one look at a time, on a strand. Held by a
// shared_ptr; `scope` must have been stopped before it ends, if it was ever woken.
struct Lookout : std::enable_shared_from_this<Lookout> {
  // `name`: in log lines.
  Lookout(std::string name, boost::asio::any_io_executor executor, Clock& clock, log::Logger logger);
  virtual ~Lookout();

  // There may be something to do. Any thread.
  void wake();
  // The same on the strand.
  void look_soon();
  // One look. True: there may be more.
  virtual boost::asio::awaitable<bool> look() = 0;

  const std::string name;
  Clock& clock;
  const log::Logger logger;
  boost::asio::strand<boost::asio::any_io_executor> strand;
  TaskScope scope;

 private:
  boost::asio::awaitable<void> look_while_wanted();

  std::unique_ptr<Clock::Timer> timer_;
  bool looking_ = false;
  bool wanted_ = false;
};

}  // namespace patchbay::domain::calls
