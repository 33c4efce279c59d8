#pragma once

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/task_scope.hpp"
#include "hooks/dispatcher.hpp"
#include "hooks/impl/lanes.hpp"
#include "hooks/inbox.hpp"
#include "port/message.hpp"

namespace patchbay::hooks {

// Where an open row stands in the order of the sweep.
using Place = std::pair<Id, Id>;  // integration, id

// Everything here happens on one strand.
struct Dispatcher::State : std::enable_shared_from_this<Dispatcher::State> {
  using LanePtr = std::shared_ptr<Lanes::Lane>;

  State(Parts p, boost::asio::any_io_executor io, log::Logger l, Options o);

  // One integration's share of calls.
  struct Slots {
    std::deque<LanePtr> ready;
    std::size_t calls = 0;
    int waits = 0;  // in a row; above zero one call probes before the others follow
    bool paused = false;
    std::unique_ptr<Clock::Timer> timer;
  };
  // What to do with the first row of a lane.
  enum class Verdict { next, wait_lane, wait_integration };

  void add(std::vector<InboxRow> rows);
  void activate(const LanePtr& lane);
  void hold(const LanePtr& lane);
  void pump(Id integration);
  void pause(Id integration, Duration at_least);
  void resume(Id integration);
  void unsure();
  void release_slot(const LanePtr& lane);
  void give_back(const LanePtr& lane, Verdict verdict);
  Duration wait_for(int waits);
  bool owns(Id integration) const { return parts.owned == nullptr || parts.owned->has(integration); }

  boost::asio::awaitable<void> step(LanePtr lane);
  boost::asio::awaitable<Verdict> work(LanePtr lane);
  boost::asio::awaitable<void> refill(LanePtr lane);
  boost::asio::awaitable<Verdict> settle(LanePtr lane, InboxRow row, port::Result result);
  boost::asio::awaitable<Verdict> apply(InboxRow row, std::vector<Event> events, LanePtr lane);
  boost::asio::awaitable<Verdict> try_again(LanePtr lane, InboxRow row, std::string reason,
                                            std::int64_t most);
  boost::asio::awaitable<Verdict> set_aside(LanePtr lane, InboxRow row, std::string reason);
  boost::asio::awaitable<void> bury(InboxRow row, std::string reason);
  void tell_done(const InboxRow& row, const Applied& applied) const;
  void tell_unknown(const InboxRow& row, const Applied& applied) const;
  void look();
  boost::asio::awaitable<void> sweep_for_ever();
  boost::asio::awaitable<void> sweep();
  boost::asio::awaitable<bool> sweep_page();
  boost::asio::awaitable<void> tidy_for_ever();
  boost::asio::awaitable<void> tidy();

  const Parts parts;
  const Options options;
  const log::Logger logger;
  const boost::asio::any_io_executor strand;
  Lanes lanes;
  std::map<Id, Slots> slots;
  Place cursor{0, 0};             // behind what the sweep has seen
  bool skip_integration = false;  // the cursor stands behind all of its integration
  Inbox inbox;
  bool sweeping = false;
  bool sweep_again = false;
  std::chrono::nanoseconds next_look{0};  // not sooner
  std::unique_ptr<Clock::Timer> look_timer;
  bool look_planned = false;
  std::minstd_rand random{std::random_device{}()};
  TaskScope scope;
};

}  // namespace patchbay::hooks
